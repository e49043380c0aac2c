# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The two fields of Olm messages that the package reads and does not hand out.

https://gitlab.matrix.org/matrix-org/olm/-/blob/master/docs/olm.md, "The Olm Message Format": a
version byte, then fields as in Protocol Buffers. Only used on messages that the package has read.
"""

from typing import Iterator, Optional, Union

# Field numbers.
CHAIN_INDEX = 2
IDENTITY_KEY = 3
INNER_MESSAGE = 4

# The tag of authentication that stands behind the fields.
MAC_BYTES = 8


def position(message: bytes, is_prekey: bool) -> int:
    """The place in the sending chain."""
    inner = _field(message[1:], INNER_MESSAGE) if is_prekey else message
    # What is not there has its default, as for the package.
    return _field(inner[1:-MAC_BYTES], CHAIN_INDEX, 0)


def identity_key(prekey_message: bytes) -> bytes:
    """The key that the sender says is its own."""
    return _field(prekey_message[1:], IDENTITY_KEY)


def _field(
    data: bytes, number: int, default: Optional[int] = None
) -> Union[int, bytes]:
    """The last one of this number, as in Protocol Buffers."""
    found = [value for this, value in _fields(data) if this == number]
    if not found and default is None:
        raise ValueError(f"an Olm message without field {number}")
    return found[-1] if found else default


def _fields(data: bytes) -> Iterator[tuple[int, Union[int, bytes]]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        value, at = _varint(data, at)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2:
            yield tag >> 3, data[at : at + value]
            at += value
        else:
            raise ValueError(f"an Olm message with a field of type {tag & 7}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("an Olm message that ends within a number")
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at
