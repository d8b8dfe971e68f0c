"""GStreamer's webrtcbin as a participant, run by Debian's own python3 (the bindings belong to it).

Speaks the lines that `tests.support.clients.scripted` describes; nothing here knows the project.
"""

import array
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi

for name in ("Gst", "GstApp", "GstSdp", "GstWebRTC"):
    gi.require_version(name, "1.0")

from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402 - versions are chosen before the import

# What GStreamer leaves out by itself: constrained baseline, level 3.1, in fragments.
H264_FORMAT = ",packetization-mode=(string)1,profile-level-id=(string)42c01f"
# By codec name as the lines have it: payload type, encoder with what makes it fast enough, payloader, decoding chain.
VIDEO = {
    "vp8": (
        96,
        "vp8enc deadline=1 cpu-used=8 target-bitrate=800000 keyframe-max-dist=300",
        "rtpvp8pay picture-id-mode=15-bit",
        "rtpvp8depay ! vp8dec",
    ),
    "vp9": (
        98,
        "vp9enc deadline=1 cpu-used=8 target-bitrate=800000 keyframe-max-dist=300",
        "rtpvp9pay picture-id-mode=15-bit",
        "rtpvp9depay ! vp9dec",
    ),
    "h264": (
        102,
        "openh264enc bitrate=800000 gop-size=300 complexity=low ! video/x-h264,profile=constrained-baseline",
        "rtph264pay config-interval=-1 aggregate-mode=zero-latency",
        "rtph264depay ! h264parse ! openh264dec",
    ),
}
OPUS = 111
# Small pictures are enough to tell the quadrants' colours.
JUDGED = 64
PATIENCE = 10  # seconds
LOCK = threading.Lock()


class Slot:
    """What one receive section has brought."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.packets = self.frames = self.width = self.height = 0
        self.energy = 0.0
        self.newest = b""

    def told(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "packets": self.packets,
            "frames": self.frames,
            "width": self.width,
            "height": self.height,
            "quadrants": quadrants(self.newest) if self.newest else [],
            "energy": self.energy,
        }


class Participant:
    """One pipeline: a webrtcbin, what it sends, and a decoder per slot that receives."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.codec = wanted["codec"]
        self.pipeline = Gst.Pipeline.new(None)
        self.webrtc = Gst.ElementFactory.make("webrtcbin")
        self.webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        # libnice leaves loopback out unless it is told. The agent is floating: Python's reference is the only one.
        self.ice = self.webrtc.get_property("ice-agent")
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        self.pipeline.add(self.webrtc)
        self.slots: dict[str, Slot] = {}
        self.sent = dict.fromkeys(wanted["publish"], 0)
        for use, source in wanted["publish"].items():
            self._send(use, source)
        for kind, number in (("audio", wanted["audio_slots"]), ("video", wanted["video_slots"])):
            for _ in range(number):
                self._receive(kind)
        self.webrtc.connect("pad-added", self._on_pad)
        # Not before every source has told its format, and with it the SSRC that the offer has to name.
        self.ready = threading.Event()
        self.webrtc.connect("on-negotiation-needed", lambda _: self.ready.set())
        self.pipeline.set_state(Gst.State.PLAYING)

    def offer(self) -> dict[str, Any]:
        if not self.ready.wait(PATIENCE):
            raise RuntimeError("no source has started")
        # The description lives in the reply, which therefore has to be kept.
        reply = promised(self.webrtc, "create-offer", None)
        description = reply.get_value("offer")
        promised(self.webrtc, "set-local-description", description)
        offer = description.sdp.as_text()
        # Sections come in the order in which they were asked for.
        mids = [line.removeprefix("a=mid:") for line in offer.splitlines() if line.startswith("a=mid:")]
        return {"offer": offer, "publish": dict(zip(self.sent, mids, strict=False))}

    def accept(self, answer: str) -> bool:
        """Whether the answer has led to a connection."""
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        promised(self.webrtc, "set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, sdp))
        deadline = time.monotonic() + PATIENCE
        wanted = GstWebRTC.WebRTCPeerConnectionState.CONNECTED
        while self.webrtc.get_property("connection-state") != wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def statistics(self) -> dict[str, Any]:
        with LOCK:
            return {"sent": dict(self.sent), "slots": {mid: slot.told() for mid, slot in self.slots.items()}}

    def close(self) -> None:
        self.pipeline.set_state(Gst.State.NULL)

    def _send(self, use: str, source: dict[str, Any]) -> None:
        if use == "microphone":
            chain = (
                f"audiotestsrc is-live=true freq={source['tone']} volume=0.25 ! audio/x-raw,rate=48000,channels=2 "
                f"! opusenc ! identity name=encoder ! rtpopuspay pt={OPUS} "
                f"! capsfilter caps=application/x-rtp,media=audio,encoding-name=OPUS,payload={OPUS}"
            )
        else:
            pt, encoder, payloader, _ = VIDEO[self.codec]
            chain = (
                f"appsrc name=source is-live=true do-timestamp=true format=time ! {encoder} ! identity name=encoder "
                f"! {payloader} pt={pt} "
                f"! capsfilter caps=application/x-rtp,media=video,encoding-name={self.codec.upper()},payload={pt}"
                f"{H264_FORMAT if self.codec == 'h264' else ''}"
            )
        bin_ = Gst.parse_bin_from_description(chain, True)
        self.pipeline.add(bin_)
        pad = self.webrtc.request_pad_simple("sink_%u")
        bin_.get_static_pad("src").link(pad)
        transceiver = pad.get_property("transceiver")
        transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        encoder = bin_.get_by_name("encoder")
        encoder.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self._count_sent, use)
        if use != "microphone":
            transceiver.set_property("do-nack", True)
            threading.Thread(target=play, args=(bin_.get_by_name("source"), source["clip"]), daemon=True).start()

    def _receive(self, kind: str) -> None:
        pt, name, clock = (
            (OPUS, "OPUS", 48_000) if kind == "audio" else (VIDEO[self.codec][0], self.codec.upper(), 90_000)
        )
        caps = f"application/x-rtp,media={kind},encoding-name={name},clock-rate={clock},payload={pt}"
        if kind == "audio":
            caps += ",encoding-params=(string)2"
        elif self.codec == "h264":
            caps += H264_FORMAT
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        transceiver = self.webrtc.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        if kind == "video":
            transceiver.set_property("do-nack", True)

    def _count_sent(self, pad: Any, info: Any, use: str) -> Any:
        with LOCK:
            self.sent[use] += 1
        return Gst.PadProbeReturn.OK

    def _on_pad(self, webrtc: Any, pad: Any) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        transceiver = pad.get_property("transceiver")
        caps = pad.get_current_caps().get_structure(0)
        slot = Slot(caps.get_string("media"))
        if slot.kind == "audio":
            tail = "rtpopusdepay ! opusdec name=decoder ! audioconvert ! audio/x-raw,format=S16LE,channels=1"
        else:
            decoding = VIDEO[self.codec][3]
            tail = (
                f"{decoding} name=decoder ! videoconvert ! videoscale "
                f"! video/x-raw,format=RGB,width={JUDGED},height={JUDGED}"
            )
        bin_ = Gst.parse_bin_from_description(
            f"queue name=first ! {tail} ! appsink name=sink sync=false emit-signals=true", True
        )
        self.pipeline.add(bin_)
        bin_.get_by_name("sink").connect("new-sample", self._on_sample, slot)
        bin_.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self._on_packet, slot)
        bin_.get_by_name("decoder").get_static_pad("src").add_probe(
            Gst.PadProbeType.BUFFER | Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_decoded, slot
        )
        with LOCK:
            self.slots[transceiver.get_property("mid")] = slot
        bin_.sync_state_with_parent()
        pad.link(bin_.get_static_pad("sink"))

    def _on_packet(self, pad: Any, info: Any, slot: Slot) -> Any:
        with LOCK:
            slot.packets += 1
        return Gst.PadProbeReturn.OK

    def _on_decoded(self, pad: Any, info: Any, slot: Slot) -> Any:
        if info.type & Gst.PadProbeType.BUFFER:
            with LOCK:
                slot.frames += 1
        elif info.get_event().type == Gst.EventType.CAPS and slot.kind == "video":
            structure = info.get_event().parse_caps().get_structure(0)
            with LOCK:
                slot.width, slot.height = structure.get_int("width")[1], structure.get_int("height")[1]
        return Gst.PadProbeReturn.OK

    def _on_sample(self, sink: Any, slot: Slot) -> Any:
        buffer = sink.emit("pull-sample").get_buffer()
        data = buffer.extract_dup(0, buffer.get_size())
        with LOCK:
            if slot.kind == "video":
                slot.newest = data
            else:
                wave = array.array("h", data)
                slot.energy += sum(sample * sample for sample in wave) / 32768**2 / 48_000
        return Gst.FlowReturn.OK


def promised(element: Any, action: str, argument: Any) -> Any:
    """What a webrtcbin action replies."""
    promise = Gst.Promise.new()
    element.emit(action, argument, promise)
    promise.wait()
    reply = promise.get_reply()
    if reply is not None and reply.has_field("error"):
        raise RuntimeError(f"{action}: {reply.get_value('error').message}")
    return reply


def play(source: Any, path: str) -> None:
    """Push the clip's frames at its own rate, over and over."""
    head, *frames = Path(path).read_bytes().split(b"FRAME\n")
    fields = {field[:1]: field[1:] for field in head.decode().split()[1:]}
    rate, _ = fields["F"].split(":")
    source.set_property(
        "caps",
        Gst.Caps.from_string(
            f"video/x-raw,format=I420,width={fields['W']},height={fields['H']},framerate={rate}/1,colorimetry=bt601"
        ),
    )
    start, number = time.monotonic(), 0
    while source.emit("push-buffer", Gst.Buffer.new_wrapped(frames[number % len(frames)])) != Gst.FlowReturn.FLUSHING:
        number += 1
        time.sleep(max(0.0, start + number / int(rate) - time.monotonic()))


def quadrants(rgb: bytes) -> list[list[float]]:
    """Average colours of the quadrants' middles: top left, top right, bottom left, bottom right."""
    quarter = JUDGED // 4
    found = []
    for top in (quarter // 2, JUDGED // 2 + quarter // 2):
        for left in (quarter // 2, JUDGED // 2 + quarter // 2):
            rows = [rgb[3 * (JUDGED * y + left) : 3 * (JUDGED * y + left + quarter)] for y in range(top, top + quarter)]
            found.append([sum(sum(row[c::3]) for row in rows) / quarter**2 for c in range(3)])
    return found


def main() -> None:
    Gst.init(None)
    participant = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "answer" in asked:
            told: dict[str, Any] = {"connected": participant.accept(asked["answer"])}
        elif "statistics" in asked:
            told = participant.statistics()
        else:
            participant = Participant(asked)
            told = participant.offer()
        print(json.dumps(told), flush=True)
    if participant is not None:
        participant.close()


main()
