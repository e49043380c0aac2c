# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the apps let their server see: texts in clear, and for whom content is encrypted."""

from typing import Any, Optional
import xml.etree.ElementTree as ET

import devices
from devices import LEGACY, TWO, NotOurs
from markup import CLIENT, bare
from people import People
from record import Record

# Keys of one message that are looked at, and senders whose keys are kept.
MOST = 1000


class Observer:
    def __init__(self, people: People) -> None:
        self.people = people
        # By the number of the device: what we hold keys of.
        self.held: dict[int, Any] = {}
        self.bundles: dict[tuple[str, int], ET.Element] = {}

    def hold(self, ghost: Any) -> None:
        self.held[ghost.number] = ghost

    async def look(
        self, link: Any, stanza: ET.Element, record: Record, view: Optional[str]
    ) -> None:
        """At a message that an app sends; recipients are noted of the user in view, or of all."""
        if stanza.tag != f"{CLIENT}message":
            return
        two = stanza.find(f"{TWO}encrypted")
        if two is not None:
            self._look_at_two(link, two, record, view)
        encrypted = stanza.find(f"{LEGACY}encrypted")
        if encrypted is None:
            text = stanza.findtext(f"{CLIENT}body")
            # Beside what is encrypted, there is only a word for apps that cannot read it.
            if text and two is None:
                record.read(text)
            return
        header = encrypted.find(f"{LEGACY}header")
        if header is None:
            return
        keys = list(header.iterfind(f"{LEGACY}key"))[:MOST]
        numbers = [number for each in keys if (number := _number(each.get("rid"))) is not None]
        sender = _number(header.get("sid"))
        # Without a payload it completes a session and carries nothing.
        has_content = encrypted.find(f"{LEGACY}payload") is not None
        link.device = sender
        for number in numbers:
            self.people.note_session(link.bare, number)
            if has_content and view in (None, link.bare):
                for device in self.people.owners(number):
                    record.encrypted_for(device)
            if number in self.held and sender is not None:
                await self._open(self.held[number], link, sender, encrypted, record)

    def _look_at_two(
        self, link: Any, encrypted: ET.Element, record: Record, view: Optional[str]
    ) -> None:
        """OMEMO 2 names the owners of the devices; no key of ours is for it."""
        if encrypted.find(f"{TWO}payload") is None or view not in (None, link.bare):
            return
        owners = list(encrypted.iterfind(f"{TWO}header/{TWO}keys"))[:MOST]
        keys = [(bare(owner.get("jid")), key) for owner in owners for key in owner.iterfind(f"{TWO}key")]
        for owner, key in keys[:MOST]:
            if (number := _number(key.get("rid"))) is not None:
                record.encrypted_for(f"{owner.partition('@')[0]}/{number}")
        # An app that is its account's only device encrypts nothing for its own account.
        addressed = {bare(owner.get("jid")) for owner in owners} | {link.bare}
        if view is not None and record.keys_of in addressed:
            record.cannot_open(f"{link.bare} sends OMEMO 2, which keys of ours are not for")

    async def _open(
        self, ghost: Any, link: Any, sender: int, encrypted: ET.Element, record: Record
    ) -> None:
        what = f"what goes to {ghost.owner}/{ghost.number}"
        try:
            bundle = await self._bundle(link, sender)
            text = await ghost.open(link.bare, bundle, encrypted)
        except NotOurs as error:
            # Most often it is encrypted for the real device.
            record.note(f"keys of ours do not open {what}: {error}")
            return
        except Exception as error:  # pylint: disable=broad-except
            # Ours, and no reason to end the app's connection.
            why = f"{what} was not tried with keys of ours: {type(error).__name__}: {error}"
            # Keys of an act that is over tell nothing of this one.
            (record.fail if record.keys_of == ghost.owner else record.note)(why)
            return
        if text is not None:
            record.note(f"opened a message of {link.bare} with keys of {ghost.owner}/{ghost.number}")
            record.opened |= record.keys_of == ghost.owner
            record.read(text)

    async def _bundle(self, link: Any, number: int) -> ET.Element:
        key = (link.bare, number)
        if key not in self.bundles:
            bundle = await devices.fetch_bundle(link, bare(link.jid), number)
            if bundle is None:
                raise LookupError("the sender publishes no keys")
            if len(self.bundles) >= MOST:
                self.bundles.clear()
            self.bundles[key] = bundle
        return self.bundles[key]


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 11 else None
