"""One participant's media: offer in, answer out, DTLS, and the asyncio face of the relay."""
