# make run: the server with a demonstration. make test: everything that continuous integration checks.
SHELL := /bin/bash
export PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := build/stamps
RELAY := room_server/relay
STEP := .ci/step
CARGO := cargo --quiet
LINK_INPUTS := $(RELAY)/src/link $(RELAY)/src/bin/link $(RELAY)/Cargo.lock
NATIVE_INPUTS := $(RELAY)/src $(RELAY)/Cargo.toml $(RELAY)/Cargo.lock pyproject.toml

.PHONY: run test help needs venv dev native web lint test-rust test-python test-web matrix comebacks fuzz loss price bench format clean

run: needs venv native web ## the server and a demonstration town hall; prints the links
	@exec $(BIN)/python -m room_server.demo $(ARGS)

test: needs ## formatting, lints, types, contracts and all tests; installs what it needs
	@$(STEP) "Debian packages" -- .ci/debian
	@$(MAKE) --no-print-directory dev native web lint test-rust test-web test-python
	@echo "make test: all passed"

needs:
	@.ci/needs

venv:
	@$(STEP) -q "virtual environment" --unless-newer $(STAMPS)/venv .ci/constraints.txt pyproject.toml -- \
	  bash -c '[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV); $(BIN)/pip install --disable-pip-version-check -q -c .ci/constraints.txt -r <($(BIN)/python .ci/requirements.py run)'

dev: venv
	@$(STEP) -q "test tools" --unless-newer $(STAMPS)/dev .ci/constraints.txt pyproject.toml -- \
	  bash -c '$(BIN)/pip install --disable-pip-version-check -q -c .ci/constraints.txt -r <($(BIN)/python .ci/requirements.py dev)'
	@$(STEP) -q "link emulator" --unless-newer $(STAMPS)/link $(LINK_INPUTS) -- \
	  $(CARGO) build --manifest-path $(RELAY)/Cargo.toml --bin link

native: venv
	@$(STEP) -q "media relay (Rust, release)" --unless-newer $(STAMPS)/native $(NATIVE_INPUTS) -- \
	  env PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin develop --release --quiet

web:
	@$(STEP) -q "browser libraries" --unless-newer $(STAMPS)/web web/package-lock.json web/package.json -- \
	  npm --prefix web ci --no-fund --no-audit --loglevel=error

lint: dev native ## formatting, lints, types, import contracts, file sizes, the native module's stub
	@$(STEP) -q "cargo fmt" -- $(CARGO) fmt --manifest-path $(RELAY)/Cargo.toml --check
	@$(STEP) -q "cargo fmt, fuzz targets" -- $(CARGO) fmt --manifest-path $(RELAY)/fuzz/Cargo.toml --check
	@$(STEP) -q "clippy" -- $(CARGO) clippy --manifest-path $(RELAY)/Cargo.toml --all-targets --features python -- -D warnings
	@$(STEP) -q "ruff format" -- $(BIN)/ruff format --check .
	@$(STEP) -q "ruff" -- $(BIN)/ruff check .
	@$(STEP) -q "mypy" -- $(BIN)/mypy
	@$(STEP) -q "stub of the native module" -- $(BIN)/python -m mypy.stubtest room_server._relay
	@$(STEP) -q "import contracts" -- $(BIN)/lint-imports
	@$(STEP) -q "file sizes" -- $(BIN)/python .ci/sizes.py

test-rust: ## cargo test
	@$(STEP) "cargo test" -- $(CARGO) test --manifest-path $(RELAY)/Cargo.toml

test-web: web ## type check, lint and unit tests of the pages
	@$(STEP) "web: types, lint, unit tests" -- npm --prefix web run --silent check

test-python: dev native web ## pytest: unit, interop, browsers, load
	@$(STEP) "pytest" -- $(BIN)/python -m pytest -q -m "not load and not price and not loss and not comebacks"
	@$(STEP) "pytest, load" -- $(BIN)/python -m pytest -q -m "load or price"

matrix: needs dev native web ## every client with every other in every codec -> build/artefacts/matrix.md
	@.ci/debian
	@$(STEP) "pytest, matrix" -- $(BIN)/python -m pytest -q -m matrix
	@cat build/artefacts/matrix.md

comebacks: dev native web ## networks that are cut, change or have two ways under a call, the long form too
	@$(STEP) "pytest, comebacks" -- $(BIN)/python -m pytest -q tests/network/test_comebacks.py

price: dev native web ## server CPU of a join against its targets, with the figures
	@$(STEP) "pytest, price" -- $(BIN)/python -m pytest -q -s -m price

loss: needs dev native web ## pictures over lossy links against their targets, with the figures
	@.ci/debian
	@$(STEP) "pytest, loss" -- $(BIN)/python -m pytest -q -s tests/network/test_loss.py

bench: venv ## CPU per forwarded packet and memory per subscriber -> build/bench.json
	@mkdir -p build
	@$(CARGO) run --release --manifest-path $(RELAY)/Cargo.toml --bin relay_bench

fuzz: needs ## libFuzzer on every body of the relay, 20 minutes each: make fuzz [SECONDS=60] [JOBS=2] [TARGETS="stun rtp"]
	@$(PYTHON) .ci/fuzz.py --seconds $(or $(SECONDS),1200) --jobs $(or $(JOBS),1) $(TARGETS)

format: dev ## rewrite the sources as the formatters want them
	@$(CARGO) fmt --manifest-path $(RELAY)/Cargo.toml
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

clean: ## remove everything built; keeps var/
	@rm -rf $(VENV) build web/node_modules $(RELAY)/target room_server/_relay*.so

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
