# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What both drivers of an XMPP client are: `run_omemo.py` and `run_plain.py` start it."""

import asyncio
import logging
import os
import sys
from typing import Any, Callable


def run(load: Callable[[], Any]) -> None:
    """Serves with the layer that `load` imports, and ends the process."""
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    if os.environ.get("HALLMARK_XMPP_LOG"):
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    else:
        logging.disable(logging.CRITICAL)
    try:
        from device import Device
        from protocol import serve

        layer = load()
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install requirements.txt"
        print(f"failed to load the XMPP packages ({remedy}): {error}", file=sys.stderr)
        end(1)

    async def serving() -> None:
        await serve(Device(layer), sys.stdin.buffer, answers)

    asyncio.run(serving())
    end(0)


def end(status: int) -> None:
    """Taking so many modules apart takes longer than a driver has for its end; nothing is left to do."""
    sys.stderr.flush()
    os._exit(status)
