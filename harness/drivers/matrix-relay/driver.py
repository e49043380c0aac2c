# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The malicious homeserver, on stdin and stdout: a relay between Matrix apps and their real server."""

import logging
import os
from pathlib import Path
import sys

# The protocol and the way to a server are those of the app's driver.
sys.path.append(str(Path(__file__).parent.parent / "matrix-nio"))


def main(arguments: list[str]) -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if arguments:
        print("usage: driver.py", file=sys.stderr)
        return 2
    try:
        from protocol import serve
        from relay import Relay
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install ../matrix-nio/requirements.txt"
        print(f"failed to load the relay ({remedy}): {error}", file=sys.stderr)
        return 1
    relay = Relay()
    try:
        serve(relay, sys.stdin.buffer, answers)
    finally:
        relay.close()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # Taking so many modules apart takes longer than a driver has for its end; nothing is left to do.
    os._exit(status)
