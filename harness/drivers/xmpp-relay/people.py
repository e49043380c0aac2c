# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Who is connected, who is in which room, and whose device is which: learned from what goes by."""

from typing import Any, Optional
import xml.etree.ElementTree as ET

import devices
from markup import CLIENT, MUC, MUC_USER, bare, resource

# Entries of each kind that are kept.
KEPT = 1000


class People:
    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.links: list[Any] = []
        self.rooms: set[str] = set()
        # By room and name in the room.
        self.occupants: dict[tuple[str, str], str] = {}
        # By bare address: numbers of devices.
        self.devices: dict[str, set[int]] = {}
        # Whose app encrypted for which device.
        self.sessions: set[tuple[str, int]] = set()

    # ---- names, as drivers write them ----

    def user(self, name: str) -> str:
        return f"{_plain(name)}@{self.domain}"

    def group(self, name: str) -> str:
        return f"{_plain(name)}@conference.{self.domain}"

    def conversation(self, name: str) -> tuple[str, bool]:
        """The address, and whether it is a room."""
        room = self.group(name)
        return (room, True) if room in self.rooms else (self.user(name), False)

    def links_of(self, address: str) -> list[Any]:
        return [link for link in self.links if link.bare == address]

    def nick(self, room: str, address: str) -> str:
        """The name of somebody in a room; where it was not seen, the one that our drivers take."""
        found = (nick for (at, nick), who in self.occupants.items() if (at, who) == (room, address))
        return next(found, address.partition("@")[0])

    def who(self, sender: str) -> str:
        """The bare address behind the sender of a message."""
        at = bare(sender)
        if at not in self.rooms:
            return at
        nick = resource(sender)
        return self.occupants.get((at, nick)) or f"{nick}@{self.domain}"

    def owners(self, device: int) -> list[str]:
        """As `user/device`; with a question mark where nobody published such a device."""
        found = sorted(who for who, numbers in self.devices.items() if device in numbers)
        return [f"{who.partition('@')[0]}/{device}" for who in found] or [f"?/{device}"]

    # ---- what goes by ----

    def note_from_app(self, link: Any, stanza: ET.Element) -> None:
        if stanza.tag == f"{CLIENT}presence" and stanza.find(f"{MUC}x") is not None:
            _add(self.rooms, bare(stanza.get("to")))
        for items in devices.published(stanza):
            self._note_list(link.bare, items)

    def note_to_app(self, link: Any, stanza: ET.Element) -> None:
        if stanza.tag == f"{CLIENT}presence":
            item = stanza.find(f"{MUC_USER}x/{MUC_USER}item")
            sender = stanza.get("from", "")
            if item is not None and item.get("jid") and len(self.occupants) < KEPT:
                self.occupants[bare(sender), resource(sender)] = bare(item.get("jid"))
        elif (found := devices.handed(stanza, link.bare)) is not None:
            self._note_list(*found)

    def _note_list(self, owner: str, items: ET.Element) -> None:
        if items.get("node") == devices.LIST and len(self.devices) < KEPT:
            numbers = self.devices.setdefault(owner, set())
            for number in devices.numbers(items):
                _add(numbers, number)

    def note_session(self, address: str, device: int) -> None:
        _add(self.sessions, (address, device))


def _add(kept: set, entry: Any) -> None:
    if len(kept) < KEPT:
        kept.add(entry)


def _plain(name: str) -> str:
    if not name or not name.isprintable() or set(name) & set("@/ <>&'\""):
        raise ValueError(f"`{name}` is not the name of a user or group: give it without a domain")
    return name.lower()


def place_of(people: People, address: str) -> Optional[str]:
    """A full address of somebody, where an app of theirs is connected."""
    return next((each.jid for each in people.links_of(address)), None)
