"""`python -m room_server.demo`: what `make run` starts."""

import sys

from room_server.demo.launcher import main

if __name__ == "__main__":
    sys.exit(main())
