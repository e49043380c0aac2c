# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Bounds on what the relay holds for all connections together."""

from contextlib import contextmanager
from typing import Any, Iterator

# Bytes that are buffered at a time, of all connections; and of one request or answer.
BUFFERED = 64 * 1024 * 1024
LARGEST = 32 * 1024 * 1024
CHUNK = 64 * 1024


class TooMuch(Exception):
    """More than the relay holds."""


class Buffers:
    """What is read whole; all else passes in chunks."""

    def __init__(self) -> None:
        self.held = 0

    @contextmanager
    def lease(self) -> Iterator["Lease"]:
        """Room for what one exchange reads, until it is over."""
        lease = Lease(self)
        try:
            yield lease
        finally:
            self.held -= lease.size


class Lease:
    """One exchange's part of the buffers."""

    def __init__(self, buffers: Buffers) -> None:
        self.buffers = buffers
        self.size = 0

    async def read(self, stream: Any) -> bytes:
        body = bytearray()
        async for chunk in stream.iter_chunked(CHUNK):
            body += chunk
            self.size += len(chunk)
            self.buffers.held += len(chunk)
            if len(body) > LARGEST or self.buffers.held > BUFFERED:
                raise TooMuch(f"the relay holds no more than {BUFFERED} bytes")
        return bytes(body)
