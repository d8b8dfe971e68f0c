"""The protocol as TypeScript, made from the structs that speak it: web/shared/protocol.d.ts.

`python -m room_server.signalling.schema --write` writes the file, `--check` says whether it is up to date.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import inspect

from room_server.quality import Quality
from room_server.signalling.entry import Entry
from room_server.signalling.notices import NOTICES
from room_server.signalling.requests import Join, Restart, Resume, View
from room_server.townhall.commands import COMMANDS
from room_server.townhall.event import EVENTS
from room_server.townhall.values import Kind, Phase, Presence, VideoCodec

TARGET = Path(__file__).parents[2] / "web" / "shared" / "protocol.d.ts"

_HEADER = (
    "// Made by room_server/signalling/schema.py from the structs of the server; PROTOCOL.md says what they mean.\n"
)
# Structs that are values on the wire drop the word that tells them from the domain's own.
_SUFFIX = "View"
_SCALARS: dict[type[inspect.Type], str] = {
    inspect.StrType: "string",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.BoolType: "boolean",
    inspect.NoneType: "null",
}
_ALIASES = {
    frozenset(get_args(Phase)): ("Phase", "Where a town hall stands."),
    frozenset(get_args(Presence)): ("Presence", "Whether somebody's line is up."),
    frozenset(get_args(VideoCodec)): (
        "VideoCodec",
        "What a picture is sent in; VP8 is the one that every browser shows.",
    ),
    frozenset(get_args(Kind)): ("MediaKind", "What one may open and shut on stage."),
}
_WIDTH = 120


class Schema:
    """Collects named types as the unions that use them are written."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}

    def render(self) -> str:
        """The whole file."""
        unions = [
            self._union("Command", [Join, Resume, *COMMANDS], sent=True),
            self._union("MediaRequest", [Restart, View, Quality], sent=True),
            self._union("TownHallEvent", [*EVENTS, *NOTICES], sent=False),
        ]
        self._type(inspect.type_info(Entry), sent=False)
        batch = "/** The payload of `event`. */\nexport interface Batch { revision: number; events: TownHallEvent[] }\n"
        return "\n".join([_HEADER, *self._named.values(), *unions, batch])

    def _union(self, name: str, structs: Sequence[type[msgspec.Struct]], *, sent: bool) -> str:
        rows = [f"  | {self._object(inspect.type_info(struct), sent=sent)}" for struct in structs]
        return f"export type {name} =\n" + "\n".join(rows) + ";\n"

    def _object(self, info: inspect.Type, *, sent: bool) -> str:
        assert isinstance(info, inspect.StructType)
        return "{ " + "; ".join(self._fields(info, sent=sent)) + " }"

    def _fields(self, info: inspect.StructType, *, sent: bool) -> Iterator[str]:
        if info.tag_field:
            yield f'{info.tag_field}: "{info.tag}"'
        for field in info.fields:
            # A page may leave out what has a default; the server does so only where the struct says it omits them.
            optional = not field.required and (sent or info.cls.__struct_config__.omit_defaults)
            name = f"{field.encode_name}?" if optional else field.encode_name
            yield f"{name}: {self._type(_without_null(field.type) if optional else field.type, sent=sent)}"

    def _type(self, info: inspect.Type, *, sent: bool) -> str:
        match info:
            case inspect.StructType():
                text = self._name(info, sent=sent)
            case inspect.EnumType(cls=cls):
                text = self._declare(cls.__name__, _literals([member.value for member in cls]), _first_line(cls))
            case inspect.LiteralType(values=values):
                alias, meaning = _ALIASES.get(frozenset(values), ("", ""))
                text = self._declare(alias, _literals(values), meaning) if alias else _literals(values)
            case inspect.UnionType(types=types) if any(_tag(type_) for type_ in types):
                text = "TownHallEvent"
            case inspect.UnionType(types=types):
                text = " | ".join(self._type(type_, sent=sent) for type_ in types)
            case inspect.CollectionType(item_type=item):
                inner = self._type(item, sent=sent)
                text = f"({inner})[]" if "|" in inner else f"{inner}[]"
            case _:
                text = _SCALARS[type(info)]
        return text

    def _name(self, info: inspect.StructType, *, sent: bool) -> str:
        name = info.cls.__name__
        name = name.removesuffix(_SUFFIX) if name != "SlotView" else name
        if name not in self._named:
            fields = list(self._fields(info, sent=sent))
            body = f"{{ {'; '.join(fields)} }}"
            if len(body) > _WIDTH - len(f"export interface {name} "):
                body = "{\n" + "".join(f"  {field};\n" for field in fields) + "}"
            self._named[name] = f"/** {_first_line(info.cls)} */\nexport interface {name} {body}\n"
        return name

    def _declare(self, name: str, declaration: str, meaning: str) -> str:
        self._named[name] = f"/** {meaning} */\nexport type {name} = {declaration};\n"
        return name


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write web/shared/protocol.d.ts")
    what.add_argument("--check", action="store_true", help="fail unless it is up to date")
    text = Schema().render()
    if parser.parse_args(arguments).write:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{TARGET} is out of date: python -m room_server.signalling.schema --write\n")
    return 1


def _literals(values: Iterable[object]) -> str:
    return " | ".join(f'"{value}"' for value in values)


def _without_null(info: inspect.Type) -> inspect.Type:
    if not isinstance(info, inspect.UnionType):
        return info
    types = tuple(type_ for type_ in info.types if not isinstance(type_, inspect.NoneType))
    return types[0] if len(types) == 1 else inspect.UnionType(types)


def _tag(info: inspect.Type) -> bool:
    return isinstance(info, inspect.StructType) and info.tag is not None


def _first_line(cls: type[Any]) -> str:
    return (cls.__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
