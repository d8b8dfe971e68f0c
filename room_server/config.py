"""Every setting: its type, default and bounds. `config_file` reads them from YAML and the environment."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# 0 lets the kernel choose: for tests and for trying out.
Port = Annotated[int, Meta(ge=0, le=65535)]
# The relay's seat numbers 1..16 are stage seats (see `_relay.pyi`).
Seats = Annotated[int, Meta(ge=1, le=16)]
# One process carries a few thousand people; a larger number is a typing mistake.
Capacity = Annotated[int, Meta(ge=1, le=20_000)]
Language = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="a language tag such as en or sn")
]
DatabaseUrl = Annotated[
    str, Meta(pattern=r"^([a-z]+\+[a-z]+://.*)?$", description="empty or an asynchronous SQLAlchemy URL")
]
# The domain's `VideoCodec`, which who only reads settings need not know.
VideoCodec = Literal["vp8", "h264", "vp9", "av1"]
SrtpProfile = Literal["SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_HMAC_SHA1_80"]
PublicUrl = Annotated[str, Meta(pattern=r"^(https://[^/\s]+)?$", description="empty or https://HOST[:PORT]")]


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two web listeners."""

    bind: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - a server is there to be reached
    https_port: Port = 8443
    http_port: Port = 8080
    http_lan: bool = False
    certificate: str = ""
    key: str = ""
    public_url: PublicUrl = ""
    trusted_proxies: tuple[str, ...] = ()
    metrics_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class Media(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The relay's UDP ports."""

    bind: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - as above
    announce: tuple[str, ...] = ()
    port: Port = 50000
    workers: Annotated[int, Meta(ge=0, le=64)] = 0
    srtp_profiles: Annotated[tuple[SrtpProfile, ...], Meta(min_length=1)] = (
        "SRTP_AEAD_AES_256_GCM",
        "SRTP_AEAD_AES_128_GCM",
        "SRTP_AES128_CM_HMAC_SHA1_80",
    )


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What outlives the process."""

    var_dir: Annotated[str, Meta(min_length=1)] = "./var"
    database: DatabaseUrl = ""


class TownHall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new town hall gets where nothing else is said."""

    seats: Seats = 8
    capacity: Capacity = 2000
    language: Language = "en"
    video_codec: VideoCodec = "vp8"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much one network (IPv4 address, IPv6 /64), or everybody together, may ask for."""

    exchange_rate: Annotated[float, Meta(gt=0)] = 30.0
    exchange_burst: Annotated[int, Meta(ge=1)] = 100
    exchange_wait: Annotated[float, Meta(ge=0, le=60)] = 15.0
    join_rate: Annotated[float, Meta(gt=0)] = 150.0
    login_rate: Annotated[float, Meta(gt=0)] = 10.0
    session_hours: Annotated[float, Meta(gt=0, le=720)] = 12.0


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the log is written."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sections of config.yaml."""

    http: Http = Http()
    media: Media = Media()
    storage: Storage = Storage()
    town_hall: TownHall = TownHall()
    limits: Limits = Limits()
    log: Log = Log()
    web_root: str = ""

    @property
    def var_dir(self) -> Path:
        return Path(self.storage.var_dir).expanduser().resolve()

    @property
    def database_url(self) -> str:
        """An SQLAlchemy URL with an asynchronous driver."""
        return self.storage.database or f"sqlite+aiosqlite:///{self.var_dir / 'room-server.sqlite3'}"

    @property
    def web_dir(self) -> Path:
        """Where the pages are: `web_root`, else `web/` beside the package."""
        return Path(self.web_root).expanduser().resolve() if self.web_root else Path(__file__).parents[1] / "web"
