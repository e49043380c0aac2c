# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One connection of an app, and ours to the server in its place."""

import asyncio
import secrets
from typing import Any, Optional
import xml.etree.ElementTree as ET

from markup import BIND, CLIENT, SASL, STREAM, bare, written
from stanzas import Kind, Stanzas
from starttls import Side

ASK_SECONDS = 15

# Offers of the server that would bind the login to its TLS (ours is another), compress the stream,
# count stanzas (we add some), or log in by another exchange than the one that is followed here.
WITHHELD = (
    "{urn:xmpp:sasl-cb:0}sasl-channel-binding",
    "{http://jabber.org/features/compress}compression",
    "{urn:xmpp:sm:3}sm",
    "{urn:xmpp:sm:2}sm",
    "{urn:xmpp:sasl:2}authentication",
)


class Link:
    def __init__(self, near: Side, far: Side, server: Any) -> None:
        self.near, self.far, self.server = near, far, server
        self.outward, self.inward = Stanzas(), Stanzas()
        # The app's full address, once the server gave it one.
        self.jid: Optional[str] = None
        # It said that it is there; what is handed to it from then on, it reads.
        self.there = False
        # The number of its OMEMO device, once it sent something with it.
        self.device: Optional[int] = None
        self.asked: dict[str, asyncio.Future[ET.Element]] = {}

    @property
    def bare(self) -> str:
        return bare(self.jid)

    async def carry(self) -> None:
        """Until either side ends."""
        ways = [asyncio.create_task(way) for way in (self._outward(), self._inward())]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            self.server.gone(self)
            for answer in self.asked.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the app's connection ended"))

    async def _outward(self) -> None:
        while data := await self.near.read():
            for piece in self.outward.feed(data):
                if piece.kind is not Kind.STANZA:
                    await self.far.write(piece.raw)
                    continue
                changed = await self.server.from_app(self, piece.element)
                await self._pass(self.far, piece.raw, changed)

    async def _inward(self) -> None:
        while data := await self.far.read():
            for piece in self.inward.feed(data):
                if piece.kind is not Kind.STANZA:
                    await self.near.write(piece.raw)
                elif piece.element.tag == f"{STREAM}features":
                    await self._pass(self.near, piece.raw, without_binding(piece.element))
                elif piece.element.tag == f"{SASL}success":
                    # The app begins anew when it reads this.
                    self.inward.restart()
                    self.outward.restart()
                    await self.near.write(piece.raw)
                elif not self._is_ours(piece.element):
                    self._note_address(piece.element)
                    changed = await self.server.to_app(self, piece.element)
                    await self._pass(self.near, piece.raw, changed)

    @staticmethod
    async def _pass(side: Side, raw: bytes, changed: Optional[list[ET.Element]]) -> None:
        """The very bytes where nothing was changed."""
        await side.write(raw if changed is None else b"".join(map(written, changed)))

    def _note_address(self, stanza: ET.Element) -> None:
        if self.jid is None and stanza.tag == f"{CLIENT}iq" and stanza.get("type") == "result":
            if jid := stanza.findtext(f"{BIND}bind/{BIND}jid"):
                self.jid = jid.strip()
                self.server.came(self)

    # ---- in the app's name, and in the server's ----

    async def ask(self, iq: ET.Element) -> ET.Element:
        """Asks the server as the app, which does not see the answer."""
        number = f"relay-{secrets.token_hex(8)}"
        iq.set("id", number)
        answer = self.asked[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self.far.write(written(iq))
                return await answer
        finally:
            del self.asked[number]

    def _is_ours(self, stanza: ET.Element) -> bool:
        if stanza.tag != f"{CLIENT}iq" or stanza.get("type") not in ("result", "error"):
            return False
        answer = self.asked.get(stanza.get("id", ""))
        if answer is not None and not answer.done():
            answer.set_result(stanza)
        return answer is not None

    async def hand(self, stanza: ET.Element) -> None:
        """Hands the app a stanza that the server never sent."""
        await self.near.write(written(stanza))

    def close(self) -> None:
        self.near.close()
        self.far.close()


def without_binding(features: ET.Element) -> Optional[list[ET.Element]]:
    """The server's offers without those that cannot work through us."""
    gone = [(features, each) for each in features if each.tag in WITHHELD]
    for mechanisms in features.iter(f"{SASL}mechanisms"):
        gone += [
            (mechanisms, each) for each in mechanisms if (each.text or "").strip().endswith("-PLUS")
        ]
    for parent, each in gone:
        parent.remove(each)
    return [features] if gone else None
