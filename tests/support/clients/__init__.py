"""Participants that are other people's WebRTC stacks, each in a process of its own; `scripted` has the Python side."""
