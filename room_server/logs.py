"""The log: one line per fact, as key=value for people or JSON for machines, on standard error.

Addresses of people are truncated and secrets absent where the line is written; nothing is filtered here.
"""

import logging
import sys
from typing import Literal

import structlog
from aiohttp.http_exceptions import HttpProcessingError

# Libraries that log per connection or per packet what our own lines say once.
_QUIET = (
    *("aiohttp.internal", "aioice", "aiortc", "aiosqlite", "alembic"),
    *("asyncio", "engineio", "socketio", "sqlalchemy"),
)


class _OwnMistakes(logging.Filter):
    """Of what aiohttp cannot handle: no trace of what clients send wrong, no address of theirs."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.args:
            record.msg, record.args = "a request failed", None
        return not isinstance(error, HttpProcessingError)


def configure(format: Literal["text", "json"], level: str) -> None:
    """Send everything, also what libraries log, through one formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor
    if format == "json":
        renderer = structlog.processors.JSONRenderer()
        shared.append(structlog.processors.dict_tracebacks)
    else:
        renderer = _render_text
        shared.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    requests = logging.getLogger("aiohttp.server")
    requests.filters = [_OwnMistakes()]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _render_text(_logger: object, _method: str, fields: structlog.typing.EventDict) -> str:
    """`TIME LEVEL EVENT key=value ...`, then the trace if there is one."""
    time, level, event = fields.pop("timestamp"), fields.pop("level"), fields.pop("event")
    trace = fields.pop("exception", None)
    line = " ".join([f"{time} {level:<7} {event}", *(f"{key}={_quoted(value)}" for key, value in fields.items())])
    return f"{line}\n{trace}" if trace else line


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text) if not text or any(character.isspace() or character in "\"'=" for character in text) else text
