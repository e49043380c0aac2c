# SPDX-License-Identifier: AGPL-3.0-only
"""Driver for an XMPP client with OMEMO."""

from driver import run


def load():
    from omemo_layer import Omemo

    return Omemo


if __name__ == "__main__":
    run(load)
