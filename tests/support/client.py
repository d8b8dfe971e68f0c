"""A whole participant for tests: link, credential, socket and media, as a page does them."""

from collections.abc import Mapping
from typing import Any

import aiohttp
from aiortc.mediastreams import MediaStreamTrack

from room_server.session.plane import Use
from tests.support.clients.scripted import ScriptedClient
from tests.support.light import Identity, LightClient
from tests.support.media_client import MediaClient
from tests.support.wire import TownHallSocket, exchange


class TownHallClient:
    """Use as `async with`. `address` is the loopback address that it comes from."""

    def __init__(self, url: str, token: str, *, name: str = "Ann", address: str = "127.0.0.1") -> None:
        self.url, self.token, self.name, self.address = url, token, name, address
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0)))
        self.socket = TownHallSocket()
        self.media: MediaClient | LightClient | ScriptedClient | None = None
        self.exchanged: dict[str, Any] = {}
        """The reply of /api/exchange."""
        self.joined: dict[str, Any] = {}
        """The acknowledgement of `join`."""

    async def __aenter__(self) -> "TownHallClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def id(self) -> str:
        """This participant's id."""
        return str(self.joined["you"]["id"])

    async def join(self) -> dict[str, Any]:
        """Join without media."""
        await self._open()
        return await self._enter()

    async def join_decoding(
        self, *, publish: Mapping[Use, MediaStreamTrack] | None = None, audio_slots: int = 9, video_slots: int = 2
    ) -> MediaClient:
        """Join with aiortc, and wait until connected."""
        media = MediaClient(publish=publish, audio_slots=audio_slots, video_slots=video_slots)
        await self.join_with(media)
        return media

    async def join_with(self, media: MediaClient | ScriptedClient) -> None:
        """Join with this client's media, and wait until connected."""
        self.media = media
        await self._open()
        offer, uses = await media.offer()
        await media.accept((await self._enter(offer=offer, publish=uses))["media"]["answer"])

    def mid_of(self, kind: str, seat: int) -> str:
        """The slot that this seat feeds."""
        slots = self.joined["media"]["slots"]
        return next(str(slot["mid"]) for slot in slots if (slot["kind"], slot["seat"]) == (kind, seat))

    async def join_light(
        self,
        identity: Identity,
        offer: str,
        publish: Mapping[Use, str] | None = None,
        *,
        shakes_hands: bool = True,
    ) -> LightClient:
        """Join with a light client under this browser's offer, and wait for what its `connect` waits for."""
        media = self.media = LightClient(identity, offer, address=self.address)
        media.shakes_hands = shakes_hands
        await self._open()
        answer = await self._enter(offer=media.offer, publish=dict(publish or {}))
        await media.connect(answer["media"]["answer"])
        return media

    async def close(self) -> None:
        """Close everything. Idempotent."""
        if isinstance(self.media, LightClient):
            self.media.close()
        elif self.media is not None:
            await self.media.close()
        await self.socket.close()
        await self.http.close()

    async def exchange(self) -> None:
        """The link for a credential; `join` does it where it has not been done."""
        self.exchanged = await exchange(self.http, self.url, self.token)

    async def _open(self) -> None:
        if not self.exchanged:
            await self.exchange()
        await self.socket.connect(self.http, self.url)

    async def _enter(self, **media: Any) -> dict[str, Any]:
        credential = self.exchanged["credential"]
        self.joined = await self.socket.command("join", credential=credential, name=self.name, **media)
        return self.joined
