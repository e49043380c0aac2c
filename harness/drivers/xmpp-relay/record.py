# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the act did and what could be read, since it was switched on."""

from typing import Any, Optional

from protocol import Unsupported

ENTRIES = 1000

# Of each list, as JSON; four of them fit a line to the harness.
LARGEST = 200 * 1024

LONGEST = 1000


class Kept:
    """The first entries, as far as there is room."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.room = LARGEST

    def add(self, entry: str) -> None:
        entry = entry[:LONGEST]
        # A character takes twelve bytes of JSON at most.
        weight = len(entry) + 3 if entry.isascii() and entry.isprintable() else 12 * len(entry) + 3
        if len(self.entries) < ENTRIES and weight <= self.room:
            self.entries.append(entry)
            self.room -= weight


class Record:
    def __init__(self) -> None:
        self.applied = 0
        self.texts, self.devices, self.lines = Kept(), Kept(), Kept()
        # Whose devices the act has keys of, and whether a message was opened with them.
        self.keys_of: Optional[str] = None
        self.opened = False
        # Why what was read says nothing about the app.
        self.beyond: Optional[str] = None
        self.failed: Optional[str] = None

    def change(self, line: str) -> None:
        """The act changed something that an app is handed now."""
        self.applied += 1
        self.note(line)

    def note(self, line: str) -> None:
        self.lines.add(line)

    def read(self, text: str) -> None:
        self.texts.add(text)

    def cannot_open(self, why: str) -> None:
        """A message for devices that the act has keys of, of a kind that these keys are not for."""
        self.beyond = why
        self.note(why)

    def fail(self, why: str) -> None:
        """Something of our own went wrong."""
        self.failed = why
        self.note(why)

    def encrypted_for(self, device: str) -> None:
        if device not in self.devices.entries:
            self.devices.add(device)

    def seen(self) -> dict[str, Any]:
        # That nothing was opened must not look as if the app had been careful.
        if self.failed is not None:
            raise RuntimeError(self.failed)
        if self.beyond is not None and not self.opened:
            raise Unsupported(self.beyond)
        return {
            "applied": self.applied,
            "read": self.texts.entries,
            "recipients": self.devices.entries,
            "log": self.lines.entries,
        }
