"""JSON in and out: strict decoding, one form for refusals."""

from typing import Any, TypeVar

import msgspec
import structlog
from aiohttp import ClientPayloadError, web
from aiohttp.typedefs import Handler

from room_server.errors import RoomError

# The largest thing that anyone posts is a form; offers travel by Socket.IO.
LARGEST_BODY = 64 * 1024

T = TypeVar("T", bound=msgspec.Struct)
_log = structlog.get_logger(__name__)
_encoder = msgspec.json.Encoder()


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of what requests carry."""


class HttpsOnly(RoomError):
    """Refused over plain HTTP from another machine; `https` is where it works."""

    def __init__(self, code: str, message: str, https: str) -> None:
        super().__init__(code, message, status=403)
        self.https = https

    def as_ack(self) -> dict[str, str]:
        return {**super().as_ack(), "https": self.https}


def reply(data: Any, status: int = 200) -> web.Response:
    """JSON that no cache keeps."""
    return web.Response(
        body=_encoder.encode(data),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def decode(request: web.Request, form: type[T]) -> T:
    """The request's body as `form`. `RoomError`: malformed, too_large."""
    if request.content_type != "application/json":
        raise RoomError("malformed", "Send JSON with Content-Type: application/json.", status=415)
    try:
        return msgspec.json.decode(await request.read(), type=form)
    except web.HTTPRequestEntityTooLarge:
        raise RoomError("too_large", "The request is too large. Send less.", status=413) from None
    except msgspec.ValidationError as error:
        # The reason may repeat what was sent, whatever its length.
        raise RoomError("malformed", f"Correct the request: {error!s:.200}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RoomError("malformed", "Send valid JSON.") from None


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns errors below /api/ into `{error, message}`; what is no refusal is a bug, logged once and not told."""
    try:
        return await handler(request)
    except RoomError as error:
        response = reply(error.as_ack(), error.status)
        if error.status == 429:
            # The throttles here are refilled within seconds.
            response.headers["Retry-After"] = "10"
        return response
    except (ConnectionError, ClientPayloadError):
        # Gone in the middle of the request: nobody hears this.
        return web.Response(status=400)
    except web.HTTPException as error:
        if error.status < 400 or not request.path.startswith("/api/"):
            raise
        return reply({"error": "not_found", "message": f"{error.reason}: there is no such request."}, error.status)
    except Exception:
        _log.exception("request_failed", method=request.method, route=_route(request))
        return reply({"error": "internal", "message": "The server made a mistake. Try again in a moment."}, 500)


def _route(request: web.Request) -> str:
    """The pattern rather than the path, which may hold what someone typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
