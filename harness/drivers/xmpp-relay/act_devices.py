# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Acts on the devices of a user, as one app is shown them."""

import secrets
from typing import Any, Optional
import xml.etree.ElementTree as ET

import devices
from devices import BUNDLES_OF_TWO, LIST, LIST_OF_TWO
from markup import CLIENT
from people import place_of
from protocol import Unsupported

Stanzas = Optional[list[ET.Element]]

# Devices of one user that we put ourselves in the place of.
MOST = 20


class ShownDevices:
    """An act on what the app of `view` is shown of somebody's devices."""

    def __init__(self, relay: Any, view: str) -> None:
        self.relay, self.people, self.record = relay, relay.people, relay.record
        self.view = self.people.user(view)

    def owners(self) -> list[str]:
        """Whose devices."""
        raise NotImplementedError

    async def begin(self) -> None:
        links = self.people.links_of(self.view)
        if links:
            listed = [await devices.fetch_list(links[0], owner) for owner in self.owners()]
            if not any(listed):
                who = ", ".join(self.owners()) or "nobody"
                raise Unsupported(f"no OMEMO devices are published ({who}): there is nothing to show")
        for link in links:
            await self.show(link)

    async def show(self, link: Any) -> None:
        """Lets an app that is connected learn at once."""

    async def arrived(self, link: Any) -> None:
        """An app that starts again remembers a list, and waits for news."""
        await self.show(link)

    async def end(self) -> None:
        for link in self.people.links_of(self.view):
            try:
                await self._show_truth(link)
            except (ConnectionError, TimeoutError):
                # It left meanwhile.
                continue

    async def _show_truth(self, link: Any) -> None:
        for owner in self.owners():
            for node in (LIST, LIST_OF_TWO):
                if items := await devices.fetch(link, owner, node):
                    await link.hand(devices.news(owner, link.jid, node, items))

    async def from_app(self, link: Any, stanza: ET.Element) -> Stanzas:
        return None

    async def to_app(self, link: Any, stanza: ET.Element) -> Stanzas:
        found = devices.handed(stanza, link.bare)
        if found is None or found[0] not in self.owners():
            return None
        return [stanza] if await self.change(*found) else None

    async def change(self, owner: str, items: ET.Element) -> bool:
        """Changes what is handed over; false where it stays."""
        raise NotImplementedError


class GhostDevice(ShownDevices):
    """One more device, whose keys are ours."""

    def __init__(self, relay: Any, view: str, user: str) -> None:
        super().__init__(relay, view)
        self.user = self.people.user(user)
        # As the library chooses them.
        self.record.keys_of = self.user
        self.ghost = relay.ghost(self.user, secrets.randbelow(2**31 - 1) + 1)
        self.people.devices.setdefault(self.user, set()).add(self.ghost.number)

    def owners(self) -> list[str]:
        return [self.user]

    async def show(self, link: Any) -> None:
        items = await devices.fetch(link, self.user, LIST)
        news = devices.news(self.user, link.jid, LIST, items)
        await self.to_app(link, news)
        await link.hand(news)

    async def change(self, owner: str, items: ET.Element) -> bool:
        if items.get("node") != LIST:
            return False
        devices.add(items, self.ghost.number)
        self.record.change(f"{self.view} is shown a device {self.ghost.number} of {owner}")
        return True

    async def from_app(self, link: Any, stanza: ET.Element) -> Stanzas:
        if devices.bundle_asked(stanza) != (self.user, self.ghost.number):
            return None
        self.record.change(f"{self.view} is given the keys of {self.ghost.number} of {self.user}")
        await link.hand(devices.answer(stanza, link.jid, await self.ghost.bundle()))
        return []


class DeviceKeys(ShownDevices):
    """Our keys in place of those of the real devices."""

    def __init__(self, relay: Any, view: str, user: str) -> None:
        super().__init__(relay, view)
        self.user = self.people.user(user)
        self.record.keys_of = self.user
        self.impostors: dict[int, Any] = {}

    def owners(self) -> list[str]:
        return [self.user]

    async def end(self) -> None:
        """The list was true all along."""

    def impostor(self, number: int) -> Any:
        if number not in self.impostors:
            if len(self.impostors) >= MOST:
                raise OverflowError(f"`{self.user}` has more than {MOST} devices")
            self.impostors[number] = self.relay.ghost(self.user, number)
        return self.impostors[number]

    async def show(self, link: Any) -> None:
        """An app that already encrypts for the device asks for no keys: it is sent a key exchange."""
        listed = await devices.fetch_list(link, self.user)
        known = [number for number in listed if (link.bare, number) in self.people.sessions]
        own = [link.device] if link.device else await devices.fetch_list(link, link.bare)
        for number in known:
            for device in own[:MOST]:
                bundle = await devices.fetch_bundle(link, link.bare, device)
                if bundle is not None:
                    await self._greet(link, number, device, bundle)

    async def _greet(self, link: Any, number: int, device: int, bundle: ET.Element) -> None:
        attributes = {"type": "chat", "id": secrets.token_hex(8), "to": link.jid}
        message = ET.Element(f"{CLIENT}message", attributes)
        message.set("from", place_of(self.people, self.user) or self.user)
        message.append(await self.impostor(number).greet(link.bare, device, bundle))
        self.record.change(f"{self.view} is sent a key exchange with our keys as {number}")
        await link.hand(message)

    async def change(self, owner: str, items: ET.Element) -> bool:
        if items.get("node") == BUNDLES_OF_TWO:
            # Otherwise an app that has both would learn the real identity key from here.
            for each in list(items):
                items.remove(each)
            self.record.note(f"{self.view} is not shown the keys of {owner} for OMEMO 2")
            return True
        number = devices.device_of(items)
        if number is None:
            return False
        devices.replace(items, await self.impostor(number).bundle())
        self.record.change(f"{self.view} is given our keys as those of {number} of {owner}")
        return True


class StrippedMarker(ShownDevices):
    """No device at all: that somebody has any is what tells an app to encrypt."""

    def __init__(self, relay: Any, view: str, conversation: str) -> None:
        super().__init__(relay, view)
        self.address, self.is_room = self.people.conversation(conversation)

    def owners(self) -> list[str]:
        if not self.is_room:
            return [self.address]
        inside = {who for (room, _), who in self.people.occupants.items() if room == self.address}
        return sorted(inside - {self.view})

    async def show(self, link: Any) -> None:
        for owner in self.owners():
            for node in (LIST, LIST_OF_TWO):
                self.record.change(f"{self.view} is told that {owner} has no devices ({node})")
                await link.hand(devices.news(owner, link.jid, node, devices.no_devices(node)))

    async def change(self, owner: str, items: ET.Element) -> bool:
        if items.get("node") not in (LIST, LIST_OF_TWO):
            return False
        devices.empty(items)
        self.record.change(f"{self.view} is shown no devices of {owner} ({items.get('node')})")
        return True
