# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Acts on the messages of one user, as another's app is handed them."""

from copy import deepcopy
import secrets
from typing import Any, Optional
import xml.etree.ElementTree as ET

from devices import LEGACY, TWO
from markup import CLIENT, ORIGIN_ID, STANZA_ID, bare, child, resource
from people import place_of

COPY = "{urn:xmpp:carbons:2}received/{urn:xmpp:forward:0}forwarded"

Stanzas = Optional[list[ET.Element]]


class HandedMessages:
    """An act on what the app of `view` is handed of the messages of `sender`."""

    def __init__(self, relay: Any, view: str, sender: str) -> None:
        self.relay, self.people, self.record = relay, relay.people, relay.record
        self.view, self.sender = self.people.user(view), self.people.user(sender)

    async def begin(self) -> None:
        """The next message is the first."""

    async def end(self) -> None:
        """The next message is honest again."""

    async def arrived(self, link: Any) -> None:
        """What comes from the archive is left as it is."""

    async def from_app(self, link: Any, stanza: ET.Element) -> Stanzas:
        return None

    async def to_app(self, link: Any, stanza: ET.Element) -> Stanzas:
        message = carried(stanza)
        if message is None or self.people.who(message.get("from", "")) != self.sender:
            return None
        return self.change(stanza, message)

    def change(self, stanza: ET.Element, message: ET.Element) -> Stanzas:
        """What is handed over in place of the stanza in which the message is."""
        raise NotImplementedError


class Sender(HandedMessages):
    """As if somebody else had sent it."""

    def __init__(self, relay: Any, view: str, sender: str, to: str) -> None:
        super().__init__(relay, view, sender)
        self.to = self.people.user(to)

    def change(self, stanza: ET.Element, message: ET.Element) -> Stanzas:
        room = bare(message.get("from"))
        if room in self.people.rooms:
            name = f"{room}/{self.people.nick(room, self.to)}"
        else:
            name = f"{self.to}/{resource(message.get('from'))}".rstrip("/")
        message.set("from", name)
        if stanza is not message:
            # A copy for one's other devices comes from one's own account.
            self.record.note("the message is a copy for another device")
        self.record.change(f"{self.view} is handed a message of {self.sender} as by {name}")
        return [stanza]


class Replay(HandedMessages):
    """Each message twice, under another number."""

    def change(self, stanza: ET.Element, message: ET.Element) -> Stanzas:
        again = deepcopy(stanza)
        for each in (again, carried(again)):
            number = secrets.token_hex(8)
            each.set("id", number)
            for mark in each.findall(ORIGIN_ID):
                mark.set("id", number)
            for mark in each.findall(STANZA_ID):
                mark.set("id", secrets.token_hex(8))
        self.record.change(f"{self.view} is handed a message of {self.sender} again")
        return [stanza, again]


class Plaintext(HandedMessages):
    """A message in clear that nobody wrote."""

    def __init__(self, relay: Any, view: str, sender: str, text: str, conversation: str) -> None:
        super().__init__(relay, view, sender)
        if not text or not all(each.isprintable() or each in "\t\n" for each in text):
            raise ValueError("the text is empty, or has characters that XML does not allow")
        self.text = text
        self.room, self.is_room = self.people.conversation(conversation)

    async def begin(self) -> None:
        links = self.people.links_of(self.view)
        if not links:
            who = self.view.partition("@")[0]
            raise ConnectionError(f"no app of `{who}` is connected: log in through the relay first")
        if self.is_room:
            name = f"{self.room}/{self.people.nick(self.room, self.sender)}"
        else:
            name = place_of(self.people, self.sender) or self.sender
        for link in links:
            attributes = {"from": name, "to": link.jid, "id": secrets.token_hex(8)}
            attributes["type"] = "groupchat" if self.is_room else "chat"
            message = ET.Element(f"{CLIENT}message", attributes)
            child(message, f"{CLIENT}body", self.text)
            self.record.change(f"{self.view} is handed a text in clear as by {name}")
            await link.hand(message)

    def change(self, stanza: ET.Element, message: ET.Element) -> Stanzas:
        return None


def carried(stanza: ET.Element) -> Optional[ET.Element]:
    """The message with content that a stanza is, or that it carries as a copy for another device."""
    if stanza.tag != f"{CLIENT}message":
        return None
    copy = stanza.find(COPY)
    message = stanza if copy is None else copy.find(f"{CLIENT}message")
    if message is None or message.get("type", "normal") not in ("chat", "normal", "groupchat"):
        return None
    has_content = (
        message.find(f"{LEGACY}encrypted/{LEGACY}payload") is not None
        or message.find(f"{TWO}encrypted/{TWO}payload") is not None
        or (message.find(f"{LEGACY}encrypted") is None and message.findtext(f"{CLIENT}body"))
    )
    return message if has_content else None
