# SPDX-License-Identifier: AGPL-3.0-only
"""Driver for OMEMO, on stdin and stdout. Its argument says which version: `omemo-2` or `omemo-legacy`."""

import logging
import os
import sys


def main(arguments: list[str]) -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    logging.disable(logging.WARNING)
    try:
        from device import Device
        from protocol import serve

        if arguments == ["omemo-2"]:
            from flavour_two import FLAVOUR
        elif arguments == ["omemo-legacy"]:
            from flavour_legacy import FLAVOUR
        else:
            print("usage: driver.py omemo-2 | omemo-legacy", file=sys.stderr)
            return 2
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install requirements.txt"
        print(f"failed to load the OMEMO packages ({remedy}): {error}", file=sys.stderr)
        return 1
    serve(Device(FLAVOUR), sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # Taking so many modules apart takes longer than a driver has for its end; nothing is left to do.
    os._exit(status)
