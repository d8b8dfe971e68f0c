"""Reads the settings: YAML with positions, then the environment. Reports every mistake at once."""

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import yaml
from msgspec import inspect

from room_server.config import Settings

ENVIRONMENT_PREFIX = "ROOM_SERVER__"
"""`ROOM_SERVER__HTTP__HTTPS_PORT=443` overrides `http.https_port`."""


class ConfigError(Exception):
    """The settings cannot be used. `problems`: one line each, with place, key and what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `path` (None: the defaults), overridden by `environment`. `ConfigError` names all mistakes."""
    reader = _Reader()
    if path is not None:
        reader.read_file(path)
    reader.read_environment(environment)
    if not reader.problems:
        reader.check_together()
    if reader.problems:
        raise ConfigError(reader.problems)
    return msgspec.convert(reader.values, Settings)


class _Reader:
    """Collects checked values and the problems met on the way."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        self._places: dict[str, str] = {}

    def read_file(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.problems.append(f"{path}: is not UTF-8 text")
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problems.append(f"{path}:{line}: is not valid YAML: {error.problem}")
        except yaml.YAMLError as error:
            self.problems.append(f"{path}: is not valid YAML: {error}")
        else:
            if root is not None:
                self._mapping(root, Settings, str(path), (), self.values)

    def read_environment(self, environment: Mapping[str, str]) -> None:
        for name in sorted(environment):
            if name.startswith(ENVIRONMENT_PREFIX):
                self._override(name, environment[name])

    def check_together(self) -> None:
        """What no single value shows."""
        settings = msgspec.convert(self.values, Settings)
        http = settings.http
        if bool(http.certificate) != bool(http.key):
            missing = "http.key" if http.certificate else "http.certificate"
            self.problems.append(f"{self._at(missing)}{missing}: certificate and key are given together or not at all")
        if http.https_port == http.http_port != 0:
            self.problems.append(f"{self._at('http.http_port')}http.http_port: must differ from http.https_port")
        for key, networks in (
            ("http.trusted_proxies", http.trusted_proxies),
            ("http.metrics_networks", http.metrics_networks),
        ):
            for text in networks:
                if not _is_network(text):
                    self.problems.append(
                        f"{self._at(key)}{key}: {text!r} is no address or network; allowed: such as 10.0.0.0/8 or ::1"
                    )
        for key, addresses in (("http.bind", http.bind), ("media.bind", settings.media.bind)):
            bad = [text for text in addresses if not _is_address(text)]
            if bad or not addresses:
                self.problems.append(
                    f"{self._at(key)}{key}: {', '.join(bad) or 'an empty list'}; allowed: addresses of this machine, "
                    '"0.0.0.0" and "::" for all of them'
                )

    def _at(self, key: str) -> str:
        place = self._places.get(key) or self._places.get(key.split(".", maxsplit=1)[0])
        return f"{place}: " if place else ""

    def _mapping(
        self, node: yaml.Node, struct: type[msgspec.Struct], file: str, path: tuple[str, ...], into: dict[str, Any]
    ) -> None:
        if not isinstance(node, yaml.MappingNode):
            where = ".".join(path) or "the file"
            self.problems.append(f"{_place(file, node)}: {where}: must hold {_keys(struct)}")
            return
        fields = _fields(struct)
        for key_node, value_node in node.value:
            key, place = str(key_node.value), _place(file, key_node)
            name = ".".join((*path, key))
            if key not in fields:
                self.problems.append(f"{place}: {name}: unknown key{_guess(key, fields)}; allowed: {_keys(struct)}")
            elif key in into:
                self.problems.append(f"{place}: {name}: given twice, first at {self._places[name]}")
            elif _is_section(fields[key]):
                self._places[name] = place
                into[key] = {}
                self._mapping(value_node, fields[key], file, (*path, key), into[key])
            else:
                self._places[name] = place
                self._value(_construct(value_node), fields[key], place, name, into)

    def _override(self, variable: str, text: str) -> None:
        path = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        struct: Any = Settings
        into = self.values
        for section in path[:-1]:
            struct = _fields(struct).get(section) if _is_section(struct) else None
            into = into.setdefault(section, {}) if struct is not None else {}
        field = _fields(struct).get(path[-1]) if _is_section(struct) else None
        if field is None or _is_section(field):
            known = ", ".join(ENVIRONMENT_PREFIX + key.upper().replace(".", "__") for key in setting_names())
            self.problems.append(f"environment: {variable}: unknown setting; allowed: {known}")
            return
        try:
            value = yaml.safe_load(text) if text else ""
        except yaml.YAMLError:
            value = text
        name = ".".join(path)
        self._places[name] = f"environment {variable}"
        self._value(value, field, self._places[name], name, into)

    def _value(self, value: Any, field: Any, place: str, name: str, into: dict[str, Any]) -> None:
        try:
            into[name.rsplit(".", maxsplit=1)[-1]] = msgspec.convert(value, field)
        except msgspec.ValidationError:
            self.problems.append(f"{place}: {name}: {value!r} is not allowed; allowed: {_allowed(field)}")


def setting_names() -> Iterator[str]:
    """Every setting as `section.key`, in the order of the code."""
    for name, field in _fields(Settings).items():
        if _is_section(field):
            yield from (f"{name}.{key}" for key in _fields(field))
        else:
            yield name


def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct, include_extras=True)
    return {name: hints[name] for name in struct.__struct_fields__}


def _is_section(field: Any) -> bool:
    return isinstance(field, type) and issubclass(field, msgspec.Struct)


def _keys(struct: type[msgspec.Struct]) -> str:
    return ", ".join(struct.__struct_fields__)


def _guess(key: str, fields: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, fields, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _place(file: str, node: yaml.Node) -> str:
    return f"{file}:{node.start_mark.line + 1}"


def _construct(node: yaml.Node) -> Any:
    """The node's value; a tag that safe YAML does not know leaves the plain text, which the type then refuses."""
    try:
        return yaml.SafeLoader("").construct_document(node)
    except yaml.YAMLError:
        return getattr(node, "value", None)


def _allowed(field: Any) -> str:
    """The allowed values of a setting, in words."""
    described = inspect.type_info(field)
    if isinstance(described, inspect.Metadata):
        extra = (described.extra_json_schema or {}).get("description")
        return str(extra) if extra else _words(described.type)
    return _words(described)


def _words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.BoolType):
        return "true, false"
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.LiteralType):
        return f"a list of at least one of {_words(kind.item_type)}"
    if isinstance(kind, inspect.VarTupleType):
        return "a list of texts, such as [a, b]"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
        low = f" from {kind.ge}" if kind.ge is not None else f" above {kind.gt}" if kind.gt is not None else ""
        return noun + low + (f" to {kind.le}" if kind.le is not None else "")
    return "a text, not empty" if getattr(kind, "min_length", None) else "a text"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
