"""Conferencing-room control and signalling server with a native media relay."""
