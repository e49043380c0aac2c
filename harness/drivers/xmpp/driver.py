# SPDX-License-Identifier: AGPL-3.0-only
"""Driver for an XMPP client, on stdin and stdout. Its argument says which: `xmpp-omemo` or `xmpp-plain`."""

import asyncio
import logging
import os
import sys


def main(arguments: list[str]) -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    if not os.environ.get("HALLMARK_XMPP_LOG"):
        logging.disable(logging.CRITICAL)
    else:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    try:
        from device import Device
        from protocol import serve

        if arguments == ["xmpp-omemo"]:
            from omemo_layer import Omemo as Layer
        elif arguments == ["xmpp-plain"]:
            from plain import Plain as Layer
        else:
            print("usage: driver.py xmpp-omemo | xmpp-plain", file=sys.stderr)
            return 2
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install requirements.txt"
        print(f"failed to load the XMPP packages ({remedy}): {error}", file=sys.stderr)
        return 1

    async def run() -> None:
        await serve(Device(Layer), sys.stdin.buffer, answers)

    asyncio.run(run())
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # Taking so many modules apart takes longer than a driver has for its end; nothing is left to do.
    os._exit(status)
