"""A participant's media as aiortc does it: publishes tracks, decodes its slots, and counts what it sees and hears.

It knows nothing of signalling: hand its offer to whoever answers, a server or a `MediaPlane`.
"""

import asyncio
from collections.abc import Callable, Mapping

import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from room_server.session.plane import Use


class Received:
    """What has come out of one slot's decoder."""

    def __init__(self) -> None:
        self.frames = 0
        self.luma = 0.0
        """Mean of the newest picture's lower half."""
        self.size = (0, 0)
        self.picture: np.ndarray = np.zeros((0, 0), dtype=np.uint8)
        """The newest picture's luma."""
        self.newest: av.VideoFrame | None = None
        self.energy = 0.0
        """Mean square of the newest 20 ms, full scale 1."""
        self.heard = 0.0
        """Sum of `energy` times seconds: `totalAudioEnergy` of WebRTC's statistics."""
        self.frequency = 0.0
        """Hz, the strongest in the newest 20 ms."""

    def take(self, frame: av.VideoFrame | av.AudioFrame) -> None:
        self.frames += 1
        if isinstance(frame, av.VideoFrame):
            self.newest, self.size = frame, (frame.width, frame.height)
            self.picture = frame.to_ndarray()[: frame.height]
            self.luma = float(self.picture[frame.height // 2 :].mean())
            return
        wave = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0] / 32768
        self.energy = float(np.mean(wave**2))
        self.heard += self.energy * len(wave) / frame.sample_rate
        self.frequency = float(np.argmax(np.abs(np.fft.rfft(wave)[1:])) + 1) * frame.sample_rate / len(wave)


class MediaClient:
    """Use as `async with`; `publish` maps uses to tracks."""

    def __init__(
        self, *, publish: Mapping[Use, MediaStreamTrack] | None = None, audio_slots: int = 0, video_slots: int = 0
    ) -> None:
        # One bundle: aiortc strands all but the first section of each kind otherwise.
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.received: dict[str, Received] = {}
        """By mid of the slot."""
        self.tracks = dict(publish or {})
        self._publish = {use: self.connection.addTransceiver(t, direction="sendonly") for use, t in self.tracks.items()}
        kinds = ["audio"] * audio_slots + ["video"] * video_slots
        self._slots = [self.connection.addTransceiver(kind, direction="recvonly") for kind in kinds]
        self._readers: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()
        self.connection.on("connectionstatechange", self._state_changed)

    async def __aenter__(self) -> "MediaClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def offer(self) -> tuple[str, dict[Use, str]]:
        """The offer, and `publish` as `join` wants it."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp, {use: t.mid or "" for use, t in self._publish.items()}

    async def accept(self, answer: str, *, timeout: float = 10) -> None:
        """Take the answer and wait until connected."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        for transceiver in self._slots:
            received = self.received[transceiver.mid or ""] = Received()
            self._readers.append(asyncio.ensure_future(self._read(transceiver.receiver.track, received)))
        await self.until(lambda: self.connection.connectionState == "connected", timeout=timeout)

    async def until(self, condition: Callable[[], bool], *, timeout: float = 10) -> None:
        """Until `condition` holds; it is looked at after every frame. `TimeoutError` otherwise."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(condition)

    async def close(self) -> None:
        """Free everything; idempotent."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for track in self.tracks.values():
            track.stop()
        await self.connection.close()

    async def _read(self, track: MediaStreamTrack, received: Received) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                received.take(frame)
                async with self._news:
                    self._news.notify_all()
        except MediaStreamError:
            return

    async def _state_changed(self) -> None:
        async with self._news:
            self._news.notify_all()
