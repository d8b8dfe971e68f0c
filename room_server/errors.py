"""The one root of errors that people may see. What is not a `RoomError` is a bug in this program."""


class RoomError(Exception):
    """A refusal with a stable `code` and one sentence that says what to do. It has changed no state."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        """HTTP status where it leaves by HTTP."""

    def as_ack(self) -> dict[str, str]:
        """The wire form: `{error, message}`."""
        return {"error": self.code, "message": self.message}
