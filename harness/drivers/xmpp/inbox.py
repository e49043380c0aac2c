# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the user sees: conversations, and warnings beside them."""

import asyncio
from typing import Any, Callable

from world import Store

# Messages shown of one conversation; older ones scroll away.
SHOWN = 500

# Of files, in base64, in one conversation; older messages go first.
LARGEST = 24 * 1024 * 1024

# Conversations that are kept.
CONVERSATIONS = 1000

# Warnings that wait for the next answer.
WARNINGS = 100


class Inbox:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.conversations: dict[str, list[dict[str, Any]]] = store.read("history")
        self.warnings: list[dict[str, str]] = []
        self.changed = asyncio.Condition()

    def shown(self, conversation: str) -> list[dict[str, Any]]:
        return list(self.conversations.get(conversation, []))

    async def show(self, conversation: str, message: dict[str, Any]) -> None:
        if conversation not in self.conversations and len(self.conversations) >= CONVERSATIONS:
            raise OverflowError(f"more than {CONVERSATIONS} conversations")
        shown = self.conversations.setdefault(conversation, [])
        shown.append(message)
        del shown[:-SHOWN]
        while len(shown) > 1 and sum(map(weight, shown)) > LARGEST:
            del shown[0]
        self.store.write("history", self.conversations)
        async with self.changed:
            self.changed.notify_all()

    async def wait(self, conversation: str, matches: Callable[[dict], bool], seconds: float) -> None:
        """Until a message that matches is shown, or for so long."""
        there = lambda: any(matches(message) for message in self.shown(conversation))
        try:
            async with asyncio.timeout(seconds), self.changed:
                await self.changed.wait_for(there)
        except TimeoutError:
            pass

    def warn(self, warning_class: str, text: str) -> None:
        self.warnings.append({"class": warning_class, "text": text})
        del self.warnings[:-WARNINGS]

    def take_warnings(self) -> list[dict[str, str]]:
        taken, self.warnings = self.warnings, []
        return taken


def weight(message: dict[str, Any]) -> int:
    return len(message["content"].get("body", ""))


def contains(text: str) -> Callable[[dict[str, Any]], bool]:
    def matches(message: dict[str, Any]) -> bool:
        content = message["content"]
        return text in content["text" if content["kind"] == "text" else "name"]

    return matches
