# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the two versions of OMEMO differ in."""

from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Type
import xml.etree.ElementTree as ET

from omemo import Backend, Bundle, Message, SessionManager

from protocol import decode, encode


@dataclass(frozen=True)
class Tags:
    """The names in the XML of a bundle, within the namespace."""

    signed_prekey: str
    signed_prekey_id: str
    signature: str
    identity_key: str
    prekey: str
    prekey_id: str


@dataclass(frozen=True)
class Flavour:
    """A version of OMEMO and the package that implements it."""

    name: str
    package: str
    namespace: str
    tags: Tags
    info: dict[str, Any]
    # The namespace's backend of the library.
    backend: Type[Backend]
    # A bundle of which only the identity key is known.
    identity_only: Callable[[str, int, bytes], Bundle]
    # An identity key in the form of the wire.
    public: Callable[[bytes], bytes]
    # A signature by this Ed25519 identity key in the form of the wire.
    signature: Callable[[bytes, bytes], bytes]
    serialize_bundle: Callable[[Bundle], ET.Element]
    parse_bundle: Callable[[ET.Element, str, int], Bundle]
    serialize_message: Callable[[Message], ET.Element]
    # The element, the sender's and our own JID.
    parse_message: Callable[[ET.Element, str, str, SessionManager], Awaitable[Message]]

    def tag(self, name: str) -> str:
        return f"{{{self.namespace}}}{name}"

    def prekeys(self, bundle: Bundle) -> dict[str, Any]:
        """A bundle as the protocol has it, with all its one-time prekeys."""
        element, tags = self.serialize_bundle(bundle), self.tags
        text = lambda name: element.findtext(self.tag(name))  # noqa: E731
        signed = element.find(self.tag(tags.signed_prekey))
        return {
            "identity_key": text(tags.identity_key),
            "signed_prekey": {
                "id": int(signed.get(tags.signed_prekey_id)),
                "public": signed.text,
                "signature": text(tags.signature),
            },
            "one_time_prekeys": [
                {"id": int(prekey.get(tags.prekey_id)), "public": prekey.text}
                for prekey in element.iter(self.tag(tags.prekey))
            ],
            "extra": {"device_id": bundle.device_id},
        }

    def bundle(self, peer: str, device_id: int, prekeys: dict[str, Any]) -> Bundle:
        """The bundle that a server would hand out, read from its XML as a client reads it."""
        tags, signed = self.tags, prekeys["signed_prekey"]
        element = ET.Element(self.tag("bundle"))

        def add(parent: ET.Element, name: str, public: str, **attributes: str) -> None:
            ET.SubElement(parent, self.tag(name), attributes).text = encode(decode(public))

        add(element, tags.signed_prekey, signed["public"], **{tags.signed_prekey_id: str(signed["id"])})
        add(element, tags.signature, signed["signature"])
        add(element, tags.identity_key, prekeys["identity_key"])
        one_time = ET.SubElement(element, self.tag("prekeys"))
        for prekey in prekeys["one_time_prekeys"]:
            add(one_time, tags.prekey, prekey["public"], **{tags.prekey_id: str(prekey["id"])})
        return self.parse_bundle(element, peer, device_id)
