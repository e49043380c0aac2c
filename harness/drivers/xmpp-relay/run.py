# SPDX-License-Identifier: AGPL-3.0-only
"""The interceptor: serves the driver protocol until its input ends, and leaves nothing behind."""

import asyncio
import logging
import os
from pathlib import Path
import sys

# The end of the protocol, and the client as which a stranger claims keys.
sys.path.append(str(Path(__file__).resolve().parent.parent / "xmpp"))


def main() -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    logging.disable(logging.CRITICAL)
    try:
        from ghost import Ghost
        from operations import Operations
        from serve import serve
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install harness/drivers/xmpp/requirements.txt"
        print(f"failed to load the XMPP packages ({remedy}): {error}", file=sys.stderr)
        return 1

    async def serving() -> None:
        operations = Operations(Ghost)
        try:
            await serve(operations, sys.stdin.buffer, answers)
        finally:
            await operations.close()

    asyncio.run(serving())
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Taking so many modules apart takes long, and nothing is left to do.
    os._exit(status)
