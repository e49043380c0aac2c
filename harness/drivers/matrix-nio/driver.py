# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Driver for matrix-nio, on stdin and stdout. Its argument says which rooms it makes: `encrypted` or `plain`."""

import logging
import os
import sys


def main(arguments: list[str]) -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if arguments not in (["encrypted"], ["plain"]):
        print("usage: driver.py encrypted | plain", file=sys.stderr)
        return 2
    try:
        from device import Device
        from protocol import serve
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install requirements.txt"
        print(f"failed to load matrix-nio ({remedy}): {error}", file=sys.stderr)
        return 1
    device = Device(encrypted=arguments == ["encrypted"])
    try:
        serve(device, sys.stdin.buffer, answers)
    finally:
        device.close()
    return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # Taking so many modules apart takes longer than a driver has for its end; nothing is left to do.
    os._exit(status)
