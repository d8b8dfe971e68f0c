"""A send-only WebRTC connection (aiortc): one offer with a microphone and perhaps a camera, idle until told to send."""

import asyncio
from typing import Final

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack

_CONNECT_TIMEOUT: Final = 20.0  # seconds for ICE and DTLS: the server gives a handshake no more


class Uplink:
    """`await offer()`, send it, `await accept(answer)`; then `send` switches what goes out. No renegotiation."""

    def __init__(self, *, camera: bool) -> None:
        # No STUN server: the relay is reached directly. One bundle: aiortc strands later sections otherwise.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._sections: dict[str, RTCRtpTransceiver] = {
            "microphone": self._connection.addTransceiver("audio", direction="sendonly")
        }
        if camera:
            self._sections["camera"] = self._connection.addTransceiver("video", direction="sendonly")
        self.lost = asyncio.Event()
        """Set once the connection has failed or was closed from the other side."""
        self._up = asyncio.Event()
        self._connection.on("connectionstatechange", self._changed)

    async def offer(self) -> tuple[str, dict[str, str]]:
        """The SDP, and which section carries what, as `join` wants them."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp, {use: str(t.mid) for use, t in self._sections.items()}

    async def accept(self, answer: str) -> None:
        """Connect. `ConnectionError` if that takes too long."""
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        try:
            await asyncio.wait_for(self._up.wait(), _CONNECT_TIMEOUT)
        except TimeoutError:
            raise ConnectionError("no media connection to the relay") from None

    def send(self, use: str, track: MediaStreamTrack | None) -> None:
        """Start or stop what a section carries; a section that the offer lacks is ignored."""
        section = self._sections.get(use)
        if section is not None and section.sender.track is not track:
            section.sender.replaceTrack(track)

    async def close(self) -> None:
        """Free it; the tracks live on."""
        for section in self._sections.values():
            section.sender.replaceTrack(None)
        await self._connection.close()

    def _changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._up.set()
        elif state in {"failed", "closed", "disconnected"}:
            self._up.set()
            self.lost.set()
