# SPDX-License-Identifier: AGPL-3.0-only
"""Legacy OMEMO, `eu.siacs.conversations.axolotl` (XEP-0384 before 0.4), by the package oldmemo."""

import oldmemo.oldmemo
import oldmemo.etree
import x3dh
import xeddsa

from flavour import Flavour, Tags


def _public(key: bytes) -> bytes:
    return oldmemo.oldmemo.StateImpl.serialize_public_key(xeddsa.ed25519_pub_to_curve25519_pub(key))


def _signature(key: bytes, signature: bytes) -> bytes:
    """The sign of the identity key travels in the topmost bit of the signature."""
    return signature[:63] + bytes([signature[63] | (key[31] & 0x80)])


FLAVOUR = Flavour(
    name="omemo-legacy",
    package="oldmemo",
    namespace=oldmemo.oldmemo.NAMESPACE,
    tags=Tags(
        "signedPreKeyPublic",
        "signedPreKeyId",
        "signedPreKeySignature",
        "identityKey",
        "preKeyPublic",
        "preKeyId",
    ),
    info={
        "protocol": "OMEMO 0.3 (eu.siacs.conversations.axolotl), X3DH, Double Ratchet",
        "cipher": f"AES-{8 * oldmemo.oldmemo.PlainKeyMaterialImpl.KEY_LENGTH}-GCM",
        "mac": f"AES-{8 * oldmemo.oldmemo.PlainKeyMaterialImpl.KEY_LENGTH}-GCM",
        "mac_bits": 128,
        "key_agreement": "X25519",
    },
    backend=oldmemo.oldmemo.Oldmemo,
    identity_only=lambda jid, device, key: oldmemo.oldmemo.BundleImpl(
        jid, device, x3dh.Bundle(key, b"", b"", frozenset()), 0, {}
    ),
    public=_public,
    signature=_signature,
    serialize_bundle=oldmemo.etree.serialize_bundle,
    parse_bundle=oldmemo.etree.parse_bundle,
    serialize_message=oldmemo.etree.serialize_message,
    parse_message=oldmemo.etree.parse_message,
)
