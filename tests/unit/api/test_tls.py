"""The self-signed certificate: made once, kept while it fits, and good for a real handshake."""

import asyncio
import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from room_server.addresses import own_addresses
from room_server.api import tls
from room_server.config import Http

NOW = datetime.datetime.now(datetime.UTC)


def test_made_once_and_kept(tmp_path: Path) -> None:
    made = tls.certificate(Http(), tmp_path / "var", NOW)
    assert made.fresh
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    again = tls.certificate(Http(), tmp_path / "var", NOW)
    assert (again.fingerprint, again.fresh) == (made.fingerprint, False)
    assert len(made.fingerprint.split(":")) == 32


def test_it_names_this_machine(tmp_path: Path) -> None:
    made = tls.certificate(Http(), tmp_path, NOW)
    loaded = x509.load_pem_x509_certificate(made.chain.read_bytes())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "::1"} | {str(address) for address in own_addresses()} <= addresses
    assert "localhost" in names.get_values_for_type(x509.DNSName)


def test_renewed_before_it_ends(tmp_path: Path) -> None:
    made = tls.certificate(Http(), tmp_path, NOW)
    later = tls.certificate(Http(), tmp_path, NOW + datetime.timedelta(days=370))
    assert later.fresh
    assert later.fingerprint != made.fingerprint


@pytest.mark.parametrize("name", ["certificate.pem", "certificate.key"])
@pytest.mark.parametrize("damage", ["", "-----BEGIN NONSENSE-----"])
def test_a_damaged_one_is_replaced(tmp_path: Path, name: str, damage: str) -> None:
    tls.certificate(Http(), tmp_path, NOW)
    (tmp_path / name).write_text(damage)
    made = tls.certificate(Http(), tmp_path, NOW)
    assert made.fresh
    made.context()


def test_a_configured_one_is_used_as_it_is(tmp_path: Path) -> None:
    own = tls.certificate(Http(), tmp_path / "own", NOW)
    used = tls.certificate(Http(certificate=str(own.chain), key=str(own.key)), tmp_path / "var", NOW)
    assert (used.fingerprint, used.fresh) == (own.fingerprint, False)
    assert not (tmp_path / "var").exists()
    with pytest.raises(OSError, match="none"):
        tls.certificate(Http(certificate=str(tmp_path / "none"), key="none"), tmp_path, NOW)


async def test_browsers_can_shake_hands_with_it(tmp_path: Path) -> None:
    made = tls.certificate(Http(), tmp_path, NOW)

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=made.context())
    trusting = ssl.create_default_context(cafile=str(made.chain))
    port = server.sockets[0].getsockname()[1]
    for name in ("localhost", "127.0.0.1"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()
    server.close()
    await server.wait_closed()
