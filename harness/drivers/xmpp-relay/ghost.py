# SPDX-License-Identifier: AGPL-3.0-only
"""Keys of a device of legacy OMEMO that only exists here, by the package oldmemo."""

import base64
from typing import Any, Optional
import xml.etree.ElementTree as ET

from google.protobuf.message import DecodeError
from oldmemo import etree
from oldmemo.oldmemo import (
    NAMESPACE,
    BundleImpl,
    ContentImpl,
    EncryptedKeyMaterialImpl,
    KeyExchangeImpl,
    Oldmemo,
)
from omemo import Message
from omemo.backend import BackendException
from omemo.storage import Just, Maybe, Nothing, Storage
from xeddsa.bindings import XEdDSAException

from devices import NotOurs

NS = f"{{{NAMESPACE}}}"

PREKEYS = 100


class Held(Storage):
    """In memory alone."""

    def __init__(self) -> None:
        super().__init__(disable_cache=True)
        self.entries: dict[str, Any] = {}

    async def _load(self, key: str) -> Maybe:
        return Just(self.entries[key]) if key in self.entries else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.entries[key] = value

    async def _delete(self, key: str) -> None:
        self.entries.pop(key, None)


class Ghost:
    """A device `number` of `owner`, who knows nothing of it."""

    def __init__(self, owner: str, number: int) -> None:
        self.owner, self.number = owner, number
        self.backend = Oldmemo(Held())

    async def bundle(self) -> ET.Element:
        if await self.backend.get_num_visible_pre_keys() == 0:
            await self.backend.generate_pre_keys(PREKEYS)
        return etree.serialize_bundle(await self.backend.get_bundle(self.owner, self.number))

    async def greet(self, peer: str, device: int, bundle: ET.Element) -> ET.Element:
        """A key exchange with a device, without a text."""
        theirs = etree.parse_bundle(bundle, peer, device)
        content, material = await self.backend.encrypt_empty()
        session, sealed = await self.backend.build_session_active(peer, device, theirs, material)
        await self.backend.store_session(session)
        keys = frozenset({(sealed, session.key_exchange)})
        return etree.serialize_message(Message(NAMESPACE, self.owner, self.number, content, keys))

    async def open(self, sender: str, bundle: ET.Element, encrypted: ET.Element) -> Optional[str]:
        """The text of a message; raises `NotOurs` where it was not encrypted for these keys.

        Whoever wrote it chose every byte: what the packages say of one that is malformed, or sealed
        for other keys, means that it was not.
        """
        try:
            return await self._open(sender, bundle, encrypted)
        except (BackendException, DecodeError, XEdDSAException, ValueError) as error:
            raise NotOurs(type(error).__name__) from error

    async def _open(self, sender: str, bundle: ET.Element, encrypted: ET.Element) -> Optional[str]:
        header, payload = encrypted.find(f"{NS}header"), encrypted.findtext(f"{NS}payload")
        device = int(header.get("sid"))
        keys = [each for each in header.iter(f"{NS}key") if each.get("rid") == str(self.number)]
        if not keys:
            raise ValueError("the number of the device is not written as usual")
        key = keys[0]
        data = base64.b64decode(key.text or "")
        exchange = None
        if key.get("prekey") in ("true", "1"):
            identity = _identity(bundle, sender, device)
            exchange, data = KeyExchangeImpl.parse(data, bool(identity[31] >> 7))
        sealed = EncryptedKeyMaterialImpl.parse(data, self.owner, self.number)
        session = await self.backend.load_session(sender, device)
        if session is not None and exchange is not None:
            session = session if session.key_exchange.builds_same_session(exchange) else None
        if session is not None:
            material = await self.backend.decrypt_key_material(session, sealed)
        elif exchange is not None:
            session, material = await self.backend.build_session_passive(
                sender, device, exchange, sealed
            )
        else:
            return None
        await self.backend.store_session(session)
        if payload is None:
            return None
        vector = base64.b64decode(header.findtext(f"{NS}iv") or "")
        content = ContentImpl(base64.b64decode(payload), vector)
        return (await self.backend.decrypt_plaintext(content, material)).decode("utf-8", "replace")


def _identity(bundle: ET.Element, owner: str, device: int) -> bytes:
    parsed: BundleImpl = etree.parse_bundle(bundle, owner, device)
    return parsed.identity_key
