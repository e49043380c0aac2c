# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lists and keys of OMEMO devices in stanzas (XEP-0384, legacy and version 2; XEP-0060)."""

import secrets
from typing import Any, Iterable, Iterator, Optional
import xml.etree.ElementTree as ET

from markup import CLIENT, EVENT, PUBSUB, bare, child

LEGACY = "{eu.siacs.conversations.axolotl}"
TWO = "{urn:xmpp:omemo:2}"

LIST = "eu.siacs.conversations.axolotl.devicelist"
BUNDLES = "eu.siacs.conversations.axolotl.bundles:"
LIST_OF_TWO = "urn:xmpp:omemo:2:devices"
BUNDLES_OF_TWO = "urn:xmpp:omemo:2:bundles"

# Devices of one list that are looked at.
MOST = 100


class NotOurs(Exception):
    """A message that keys of ours do not open."""


def published(stanza: ET.Element) -> Iterator[ET.Element]:
    """What an app publishes of its own."""
    if stanza.tag == f"{CLIENT}iq" and stanza.get("type") == "set":
        yield from stanza.iterfind(f"{PUBSUB}pubsub/{PUBSUB}publish")


def handed(stanza: ET.Element, reader: str) -> Optional[tuple[str, ET.Element]]:
    """Items that an app is handed, as an answer or as news, and whose they are."""
    items = None
    if stanza.tag == f"{CLIENT}message":
        items = stanza.find(f"{EVENT}event/{EVENT}items")
    elif stanza.tag == f"{CLIENT}iq" and stanza.get("type") == "result":
        items = stanza.find(f"{PUBSUB}pubsub/{PUBSUB}items")
    return None if items is None else (bare(stanza.get("from")) or reader, items)


def numbers(items: ET.Element) -> list[int]:
    """The devices of a list."""
    found = [*items.iter(f"{LEGACY}device"), *items.iter(f"{TWO}device")][:MOST]
    written = [each.get("id", "") for each in found]
    return [int(each) for each in written if each.isascii() and each.isdecimal() and len(each) < 11]


def add(items: ET.Element, number: int) -> None:
    """One more device in a list of legacy OMEMO."""
    listed = next(items.iter(f"{LEGACY}list"), None)
    if listed is None:
        space = items.tag.partition("}")[0] + "}"
        listed = child(child(items, f"{space}item", id="current"), f"{LEGACY}list")
    child(listed, f"{LEGACY}device", id=str(number))


def empty(items: ET.Element) -> None:
    """No device in a list."""
    for listed in [*items.iter(f"{LEGACY}list"), *items.iter(f"{TWO}devices")]:
        for each in list(listed):
            listed.remove(each)


def replace(items: ET.Element, payload: ET.Element) -> None:
    """Something else in place of the one item."""
    for each in list(items):
        items.remove(each)
    space = items.tag.partition("}")[0] + "}"
    child(items, f"{space}item", id="current").append(payload)


def bundle_asked(stanza: ET.Element) -> Optional[tuple[str, int]]:
    """Of whom, and of which device, an app wants the keys."""
    if stanza.tag != f"{CLIENT}iq" or stanza.get("type") != "get":
        return None
    items = stanza.find(f"{PUBSUB}pubsub/{PUBSUB}items")
    number = None if items is None else device_of(items)
    return None if number is None else (bare(stanza.get("to")), number)


def device_of(items: ET.Element) -> Optional[int]:
    """The device whose keys of legacy OMEMO lie in this node."""
    node = items.get("node", "")
    number = node.removeprefix(BUNDLES)
    return int(number) if node != number and number.isascii() and number.isdecimal() else None


def answer(asked: ET.Element, reader: str, payload: ET.Element) -> ET.Element:
    """The server's answer to a question for the items of a node."""
    node = asked.find(f"{PUBSUB}pubsub/{PUBSUB}items").get("node")
    iq = ET.Element(f"{CLIENT}iq", {"type": "result", "id": asked.get("id", ""), "to": reader})
    iq.set("from", asked.get("to") or bare(reader))
    items = child(child(iq, f"{PUBSUB}pubsub"), f"{PUBSUB}items", node=node)
    replace(items, payload)
    return iq


def news(owner: str, reader: str, node: str, items: Iterable[ET.Element]) -> ET.Element:
    """What a server sends where a list changed."""
    number = secrets.token_hex(8)
    message = ET.Element(f"{CLIENT}message", {"type": "headline", "id": number, "to": reader})
    message.set("from", owner)
    inside = child(child(message, f"{EVENT}event"), f"{EVENT}items", node=node)
    for item in items:
        made = child(inside, f"{EVENT}item", id=item.get("id", "current"))
        made.extend(list(item))
    return message


def no_devices(node: str) -> list[ET.Element]:
    item = ET.Element("item", {"id": "current"})
    child(item, f"{LEGACY}list" if node == LIST else f"{TWO}devices")
    return [item]


async def fetch(link: Any, owner: str, node: str) -> list[ET.Element]:
    """The items of a node as the server has them; none where there is no such node."""
    iq = ET.Element(f"{CLIENT}iq", {"type": "get", "to": owner})
    child(child(iq, f"{PUBSUB}pubsub"), f"{PUBSUB}items", node=node)
    found = (await link.ask(iq)).find(f"{PUBSUB}pubsub/{PUBSUB}items")
    return [] if found is None else found.findall(f"{PUBSUB}item")


async def fetch_list(link: Any, owner: str, node: str = LIST) -> list[int]:
    return [number for item in await fetch(link, owner, node) for number in numbers(item)]


async def fetch_bundle(link: Any, owner: str, number: int) -> Optional[ET.Element]:
    items = await fetch(link, owner, f"{BUNDLES}{number}")
    return next((bundle for item in items for bundle in item.iter(f"{LEGACY}bundle")), None)
