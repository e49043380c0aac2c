# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Driver for the Python package vodozemac, on stdin and stdout."""

from pathlib import Path
import sys

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "shared"))


def main() -> int:
    # Whatever a library prints must not get between the answers.
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    try:
        from device import Device
        from protocol import serve
    except ImportError as error:
        remedy = "run `cargo xtask peers`, or install the package at the version of the manifest"
        print(f"failed to load vodozemac ({remedy}): {error}", file=sys.stderr)
        return 1
    serve(Device(), sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
