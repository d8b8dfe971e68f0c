"""What a session description says, as frozen values; only what a media relay needs."""

import msgspec


class Codec(msgspec.Struct, frozen=True):
    """A payload type of a section: `name` in lower case, `clock` in Hz, `feedback` as "nack pli"."""

    pt: int
    name: str
    clock: int
    channels: int = 1
    fmtp: str = ""
    feedback: tuple[str, ...] = ()


class Extension(msgspec.Struct, frozen=True):
    """A header extension (RFC 8285); `direction` is "" where the line gives none."""

    id: int
    uri: str
    direction: str = ""


class Fingerprint(msgspec.Struct, frozen=True):
    """A certificate's digest: algorithm in lower case, value as upper case hex bytes joined by colons (RFC 8122)."""

    algorithm: str
    value: str


class Credentials(msgspec.Struct, frozen=True):
    """One side's ICE user name fragment and password (RFC 8839)."""

    ufrag: str
    pwd: str


class Rid(msgspec.Struct, frozen=True):
    """A restriction identifier (RFC 8851); its restrictions are not kept."""

    id: str
    direction: str


class SsrcGroup(msgspec.Struct, frozen=True):
    """RFC 5576; of interest is FID: media first, its retransmissions second."""

    semantics: str
    ssrcs: tuple[int, ...]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One m-section, with what the session level says for all sections already applied."""

    kind: str
    port: int
    proto: str
    formats: tuple[str, ...]
    mid: str = ""
    direction: str = "sendrecv"
    bundle_only: bool = False
    ice: Credentials | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    setup: str = ""
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    rtcp_xr_rtt: bool = False
    """Whoever only receives may ask for its round trip (RFC 3611, 5.1: rcvr-rtt=all)."""
    extmap_allow_mixed: bool = False
    """Said in this section; the whole description may say it as well."""
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[Extension, ...] = ()
    rids: tuple[Rid, ...] = ()
    simulcast_send: tuple[str, ...] = ()
    simulcast_recv: tuple[str, ...] = ()
    msid: str = ""
    ssrcs: tuple[int, ...] = ()
    cname: str = ""
    ssrc_groups: tuple[SsrcGroup, ...] = ()
    candidates: tuple[str, ...] = ()
    """Only written, never read: the value of each a=candidate line."""

    @property
    def rejected(self) -> bool:
        """Port 0 says no, but with bundle-only it only says "in the bundle or not at all" (RFC 9143, 6)."""
        return self.port == 0 and not self.bundle_only


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A whole offer or answer; `bundle` are the mids of the BUNDLE group, in its order."""

    session_id: int
    version: int
    bundle: tuple[str, ...] = ()
    extmap_allow_mixed: bool = False
    ice_lite: bool = False
    sections: tuple[Section, ...] = ()
