# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Driver for an XMPP client without OMEMO."""

from driver import run


def load():
    from plain import Plain

    return Plain


if __name__ == "__main__":
    run(load)
