"""Prints what to install, from pyproject.toml: `run` for the server, `dev` for the tools of `make test`."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())
wanted = {
    # maturin builds the native module, so running needs it too.
    "run": [*project["project"]["dependencies"], *project["build-system"]["requires"]],
    "dev": project["project"]["optional-dependencies"]["dev"],
}
print("\n".join(wanted[sys.argv[1]]))
