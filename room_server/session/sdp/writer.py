"""Prints our answers."""

from room_server.session.sdp.values import Codec, Description, Section


def write(description: Description) -> str:
    """Print with CRLF, transport attributes in each section as browsers do."""
    d = description
    lines = ["v=0", f"o=- {d.session_id} {d.version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if d.bundle:
        lines.append("a=group:BUNDLE " + " ".join(d.bundle))
    if d.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    if d.ice_lite:
        lines.append("a=ice-lite")
    for section in d.sections:
        _write_section(section, lines)
    lines.append("")
    return "\r\n".join(lines)


def _write_section(section: Section, lines: list[str]) -> None:
    s = section
    lines += [f"m={s.kind} {s.port} {s.proto} {' '.join(s.formats)}", "c=IN IP4 0.0.0.0"]
    if s.port == 0 and not s.bundle_only:
        lines += [f"a=mid:{s.mid}", "a=inactive"] if s.mid else ["a=inactive"]
        return
    lines += [f"a=candidate:{candidate}" for candidate in s.candidates]
    if s.candidates:
        lines.append("a=end-of-candidates")
    if s.ice is not None:
        lines += [f"a=ice-ufrag:{s.ice.ufrag}", f"a=ice-pwd:{s.ice.pwd}"]
    lines += [f"a=fingerprint:{f.algorithm} {f.value}" for f in s.fingerprints]
    if s.setup:
        lines.append(f"a=setup:{s.setup}")
    lines.append(f"a=mid:{s.mid}")
    if s.bundle_only:
        lines.append("a=bundle-only")
    if s.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines += [f"a=extmap:{e.id}{'/' * bool(e.direction)}{e.direction} {e.uri}" for e in s.extensions]
    lines.append(f"a={s.direction}")
    if s.msid:
        lines.append(f"a=msid:{s.msid}")
    if s.rtcp_mux:
        lines.append("a=rtcp-mux")
    if s.rtcp_rsize:
        lines.append("a=rtcp-rsize")
    if s.rtcp_xr_rtt:
        lines.append("a=rtcp-xr:rcvr-rtt=all")
    for codec in s.codecs:
        _write_codec(codec, lines)
    lines += [f"a=rid:{rid.id} {rid.direction}" for rid in s.rids]
    simulcast = [("send", s.simulcast_send), ("recv", s.simulcast_recv)]
    if any(rids for _, rids in simulcast):
        lines.append("a=simulcast:" + " ".join(f"{way} {';'.join(rids)}" for way, rids in simulcast if rids))
    lines += [f"a=ssrc-group:{g.semantics} {' '.join(map(str, g.ssrcs))}" for g in s.ssrc_groups]
    lines += [f"a=ssrc:{ssrc} cname:{s.cname}" for ssrc in s.ssrcs]


def _write_codec(codec: Codec, lines: list[str]) -> None:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines.append(f"a=rtpmap:{codec.pt} {codec.name}/{codec.clock}{channels}")
    lines += [f"a=rtcp-fb:{codec.pt} {feedback}" for feedback in codec.feedback]
    if codec.fmtp:
        lines.append(f"a=fmtp:{codec.pt} {codec.fmtp}")
