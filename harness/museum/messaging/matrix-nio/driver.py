# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Driver for matrix-nio, on stdin and stdout."""

import logging
from pathlib import Path
import sys

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "shared"))


def main() -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    logging.disable(logging.CRITICAL)
    try:
        from device import Device
        from protocol import serve
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or see requirements-VERSION.txt"
        print(f"failed to load matrix-nio with libolm ({remedy}): {error}", file=sys.stderr)
        return 1
    serve(Device(), sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
