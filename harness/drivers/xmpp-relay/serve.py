# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lines of JSON in, lines of JSON out, until the input ends: also in the middle of an operation."""

import asyncio
import json
from typing import Any, BinaryIO

from protocol import answer_line

# Longest line, either way.
MAX_LINE = 1024 * 1024


class Input(asyncio.StreamReaderProtocol):
    """Says at once that the input ended; the reader says so only to who reads."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        super().__init__(lines)
        self.ended = asyncio.get_running_loop().create_future()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def eof_received(self) -> Any:
        self._end()
        return super().eof_received()

    def connection_lost(self, error: Any) -> None:
        self._end()
        super().connection_lost(error)


async def serve(operations: Any, requests: BinaryIO, answers: BinaryIO) -> None:
    lines = asyncio.StreamReader(limit=MAX_LINE)
    source = Input(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: source, requests)
    answering = asyncio.create_task(_answer(operations, lines, answers))
    await asyncio.wait([answering, source.ended], return_when=asyncio.FIRST_COMPLETED)
    if answering.done():
        answering.result()
    answering.cancel()


async def _answer(operations: Any, lines: asyncio.StreamReader, answers: BinaryIO) -> None:
    while line := await lines.readline():
        answer, last = await answer_line(operations, line)
        answers.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        answers.flush()
        if last:
            return
