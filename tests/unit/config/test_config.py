"""The settings: config.yaml mirrors the code, and every mistake is named with place and remedy."""

from pathlib import Path

import msgspec
import pytest
import yaml

from room_server import config
from room_server.config import Settings
from room_server.config_file import ConfigError, load, setting_names
from room_server.townhall import values

CONFIG_YAML = Path(__file__).parents[3] / "config.yaml"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), environment or {})
    return [problem.replace(str(tmp_path) + "/", "") for problem in caught.value.problems]


def test_config_yaml_lists_exactly_the_settings_and_defaults_of_the_code() -> None:
    assert yaml.safe_load(CONFIG_YAML.read_text()) == msgspec.json.decode(msgspec.json.encode(Settings()))
    assert load(CONFIG_YAML, {}) == Settings()


def test_config_yaml_says_one_sentence_about_every_setting() -> None:
    lines = CONFIG_YAML.read_text().splitlines()
    for name in setting_names():
        key = name.rsplit(".", maxsplit=1)[-1]
        indent = "  " if "." in name else ""
        at = [number for number, line in enumerate(lines) if line.startswith(f"{indent}{key}:")]
        assert at, name
        for number in at:
            assert lines[number - 1].startswith(f"{indent}# "), name


def test_the_codecs_are_those_of_the_domain() -> None:
    assert config.VideoCodec == values.VideoCodec


@pytest.mark.parametrize("value", ["[]", "[SRTP_NULL_HMAC_SHA1_80]", "SRTP_AEAD_AES_128_GCM"])
def test_a_list_names_what_it_may_hold(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, f"media:\n  srtp_profiles: {value}\n")
    assert problem.startswith("config.yaml:2: media.srtp_profiles: ")
    assert problem.endswith(
        "allowed: a list of at least one of SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_HMAC_SHA1_80"
    )


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    assert load(None, {}) == Settings()
    assert load(write(tmp_path, ""), {}) == Settings()


def test_values_are_read(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "http:\n  https_port: 443\nlog: {format: json}\n"), {})
    assert settings.http.https_port == 443
    assert settings.log.format == "json"
    assert settings.http.http_port == 8080


def test_an_unknown_key_is_named_with_line_and_the_known_ones(tmp_path: Path) -> None:
    assert problems(tmp_path, "http:\n  https_prot: 443\n") == [
        "config.yaml:2: http.https_prot: unknown key (did you mean https_port?); allowed: bind, https_port, http_port, "
        "http_lan, certificate, key, public_url, trusted_proxies, metrics_networks"
    ]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = "htp: {}\nmedia:\n  port: 70000\n  workers: many\nlog:\n  format: xml\nhttp:\n  http_lan: 3\n"
    assert problems(tmp_path, text) == [
        "config.yaml:1: htp: unknown key (did you mean http?); allowed: http, media, storage, town_hall, limits, log, "
        "web_root",
        "config.yaml:3: media.port: 70000 is not allowed; allowed: a whole number from 0 to 65535",
        "config.yaml:4: media.workers: 'many' is not allowed; allowed: a whole number from 0 to 64",
        "config.yaml:6: log.format: 'xml' is not allowed; allowed: json, text",
        "config.yaml:8: http.http_lan: 3 is not allowed; allowed: true, false",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http:\n  http_port: 1\n  http_port: 2\n", "config.yaml:3: http.http_port: given twice, first at"),
        ("http: 8443\n", "config.yaml:1: http: must hold bind, https_port"),
        ("- a\n", "config.yaml:1: the file: must hold http, media"),
        ("http:\n\t- {\n", "config.yaml:2: is not valid YAML"),
        (
            "http:\n  bind: [everywhere]\n",
            "config.yaml:2: http.bind: everywhere; allowed: addresses of this machine",
        ),
        ("media:\n  bind: []\n", "config.yaml:2: media.bind: an empty list; allowed: addresses of this machine"),
        ("http:\n  certificate: a.pem\n", "config.yaml:1: http.key: certificate and key are given together"),
        ("http:\n  http_port: 8443\n", "config.yaml:2: http.http_port: must differ from http.https_port"),
        (
            "http:\n  trusted_proxies: [proxy]\n",
            "config.yaml:2: http.trusted_proxies: 'proxy' is no address or network",
        ),
        (
            "http:\n  public_url: http://a\n",
            "config.yaml:2: http.public_url: 'http://a' is not allowed; allowed: empty or",
        ),
        (
            "town_hall:\n  seats: 17\n",
            "config.yaml:2: town_hall.seats: 17 is not allowed; allowed: a whole number from 1 to",
        ),
        ("town_hall:\n  seats: !!python/name:os.system x\n", "config.yaml:2: town_hall.seats: 'x' is not allowed"),
        ("limits:\n  login_rate: 0\n", "config.yaml:2: limits.login_rate: 0 is not allowed; allowed: a number above 0"),
    ],
)
def test_each_mistake_has_one_line(tmp_path: Path, text: str, expected: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(expected)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml", {})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "http:\n  https_port: 443\n")
    environment = {
        "ROOM_SERVER__HTTP__HTTPS_PORT": "444",
        "ROOM_SERVER__MEDIA__ANNOUNCE": "[192.0.2.1]",
        "ROOM_SERVER__WEB_ROOT": "/srv/web",
        "PATH": "/bin",
    }
    settings = load(path, environment)
    assert settings.http.https_port == 444
    assert settings.media.announce == ("192.0.2.1",)
    assert settings.web_root == "/srv/web"


def test_mistakes_in_the_environment_are_named(tmp_path: Path) -> None:
    environment = {"ROOM_SERVER__HTTP__NOPE": "1", "ROOM_SERVER__MEDIA__PORT": "x", "ROOM_SERVER__A__B__C": ""}
    found = problems(tmp_path, "", environment)
    assert len(found) == 3
    assert found[0].startswith("environment: ROOM_SERVER__A__B__C: unknown setting; allowed: ROOM_SERVER__HTTP__BIND,")
    assert found[1].startswith("environment: ROOM_SERVER__HTTP__NOPE: unknown setting")
    assert found[2] == (
        "environment ROOM_SERVER__MEDIA__PORT: media.port: 'x' is not allowed; allowed: a whole number from 0 to 65535"
    )


def test_places_that_follow_from_settings(tmp_path: Path) -> None:
    settings = load(write(tmp_path, f"storage:\n  var_dir: {tmp_path}/v\n"), {})
    assert settings.var_dir == tmp_path / "v"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/v/room-server.sqlite3"
    assert settings.web_dir == CONFIG_YAML.parent / "web"
