"""The domain: pure and synchronous, clock passed in."""
