# SPDX-License-Identifier: Apache-2.0 OR MIT
"""OMEMO 2, `urn:xmpp:omemo:2` (XEP-0384 since 0.4), by the package twomemo."""

import twomemo.twomemo
import twomemo.etree
import x3dh

from flavour import Flavour, Tags

async def _parse(element, sender, _own, _manager):
    return twomemo.etree.parse_message(element, sender)


FLAVOUR = Flavour(
    name="omemo-2",
    package="twomemo",
    namespace=twomemo.twomemo.NAMESPACE,
    tags=Tags("spk", "id", "spks", "ik", "pk", "id"),
    info={
        "protocol": "OMEMO 2 (urn:xmpp:omemo:2), X3DH, Double Ratchet",
        "cipher": "AES-256-CBC",
        "mac": "HMAC-SHA-256",
        "mac_bits": 8 * twomemo.twomemo.AEADImpl.AUTHENTICATION_TAG_TRUNCATED_LENGTH,
        "key_agreement": "X25519",
    },
    backend=twomemo.twomemo.Twomemo,
    identity_only=lambda jid, device, key: twomemo.twomemo.BundleImpl(
        jid, device, x3dh.Bundle(key, b"", b"", frozenset()), 0, {}
    ),
    public=lambda key: key,
    signature=lambda _key, signature: signature,
    serialize_bundle=twomemo.etree.serialize_bundle,
    parse_bundle=twomemo.etree.parse_bundle,
    serialize_message=twomemo.etree.serialize_message,
    parse_message=_parse,
)
