# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the relay did and could read since the last act was chosen."""

import json
from typing import Any

# Entries of a list; and bytes that all of a list may have in the answer to the harness.
ENTRIES = 1000
READ_BYTES, RECIPIENT_BYTES, LOG_BYTES = 512 * 1024, 192 * 1024, 192 * 1024

# Characters of one line of the log.
LOG_LINE = 300


class Kept:
    """The newest of what was put in, as far as there is room."""

    def __init__(self, room: int, once: bool = False) -> None:
        self.room = room
        self.once = once
        self.entries: list[str] = []
        self.size = 0

    def add(self, text: str) -> None:
        if self.once and text in self.entries:
            return
        self.entries.append(text)
        self.size += _size(text)
        while len(self.entries) > ENTRIES or self.size > self.room:
            self.size -= _size(self.entries.pop(0))


def _size(text: str) -> int:
    return len(json.dumps(text)) + 1


class Seen:
    """Since the last `relay.tamper`."""

    def __init__(self) -> None:
        self.applied = 0
        self.read = Kept(READ_BYTES)
        self.recipients = Kept(RECIPIENT_BYTES, once=True)
        self.log = Kept(LOG_BYTES)

    def note(self, line: str) -> None:
        self.log.add(line[:LOG_LINE])

    def answer(self) -> dict[str, Any]:
        return {
            "applied": self.applied,
            "read": self.read.entries,
            "recipients": self.recipients.entries,
            "log": self.log.entries,
        }
