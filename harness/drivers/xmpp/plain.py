# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The client without encryption between ends: TLS to the server is all there is."""

from dataclasses import dataclass, field
import importlib.metadata
from typing import Any, Optional

from slixmpp import JID, Message

from inbox import Inbox
from protocol import Unsupported
from world import Store

NOTHING = "a client without OMEMO has no keys of devices"


@dataclass
class Opened:
    """A message as it is shown."""

    text: str
    encrypted: bool
    verified: Optional[bool] = None
    marks: list[str] = field(default_factory=list)


class Plain:
    name = "xmpp-plain"
    family = "xmpp"
    candidate = ("slixmpp", importlib.metadata.version("slixmpp"))
    encrypts = False
    calling = "Without OMEMO: messages and files are in the clear between client, server and client."
    operations: dict[str, tuple[dict[str, str], str]] = {}

    def __init__(self, store: Store, inbox: Inbox) -> None:
        self.store, self.inbox = store, inbox

    def attach(self, client: Any) -> None:
        """Nothing is added to the client."""

    async def ready(self, client: Any) -> None:
        """Nothing is published."""

    async def settled(self) -> None:
        """Nothing is under way."""

    async def seal(self, message: Message, recipients: set[JID]) -> Message:
        return message

    async def open(self, message: Message) -> Optional[Opened]:
        return Opened(message["body"], encrypted=False) if message["body"] else None

    def set_trust_policy(self, policy: str) -> None:
        raise Unsupported(NOTHING)

    def trust_policy(self) -> str:
        raise Unsupported(NOTHING)
