# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the acts and the proxy share: the server, who is who, the act that is on, what was seen."""

import asyncio

from accounts import Accounts
from acts.act import Act
from conversations import Conversations
from seen import Seen
from upstream import Upstream


class Stage:
    """Of one relay."""

    def __init__(self, server: Upstream) -> None:
        self.server = server
        self.accounts = Accounts(server)
        self.conversations = Conversations(server, self.accounts)
        self.act = Act(self, {})
        self.seen = Seen()
        # Set when another act comes on: whoever polls has to look again.
        self.turn = asyncio.Event()
        # Messages on their way to the server, by sender: what they are called there is not known yet.
        self.sending: dict[asyncio.Future, str] = {}

    def play(self, act: Act) -> None:
        self.act, self.seen = act, Seen()
        turned, self.turn = self.turn, asyncio.Event()
        turned.set()

    async def settled(self, user_id: str, seconds: float) -> None:
        """When the server has answered what the user's apps sent so far."""
        waiting = [future for future, sender in self.sending.items() if sender == user_id]
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)
