# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One device: the operations of the driver protocol on the package vodozemac."""

import importlib.metadata
import os
from typing import Any, Optional

from vodozemac import Account

from pairwise import ONE_TIME_PREKEYS, Pairwise
from protocol import Refused, Unsupported, encode, hello, read
from refusal import refusal
import wire

CALLING = (
    "The package's Account and Session are called directly, with its only session configuration "
    "(version 1, 8-byte MAC), which is the one that Matrix clients use. A session starts from a "
    "one-time key; fallback keys are not used, and signatures over one-time keys are not checked, "
    "because that is the application's duty. The identity key of a peer is trusted on first use. "
    "The position of a message is its index in the sending chain, which starts again with every "
    "ratchet step."
)

PEER = {"peer": "text"}

PREKEYS = {
    "identity_key": "bytes",
    "signing_key": "bytes?",
    "signed_prekey": "object?",
    "one_time_prekeys": "list?",
    "kem_prekey": "object?",
    "extra": "object?",
}
ONE_TIME_PREKEY = {"id": "count", "public": "bytes", "signature": "bytes?"}

# Each operation: the kinds of its arguments, and the method that does it.
OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "list"}, "hello"),
    "ping": ({}, "ping"),
    "reset": ({"seed": "count?"}, "reset"),
    "shutdown": ({}, "ping"),
    "process.pid": ({}, "pid"),
    "identity.create": ({"name": "text"}, "create"),
    "identity.public": ({}, "public"),
    "identity.sign": ({"message": "bytes"}, "sign"),
    "prekeys.publish": ({"one_time": "count"}, "publish"),
    "prekeys.import": ({**PEER, "prekeys": "object"}, "import_prekeys"),
    "session.start": (PEER, "start"),
    "session.info": (PEER, "info"),
    "message.encrypt": ({**PEER, "plaintext": "bytes"}, "encrypt"),
    "message.decrypt": ({"from": "text", "envelope": "object"}, "decrypt"),
    "state.snapshot": ({}, "snapshot"),
    "state.restore": ({"state": "bytes"}, "restore"),
}

CONTROL = ("hello", "ping", "reset", "shutdown")

UNREACHABLE = {
    "identity.fingerprint": "vodozemac verifies people by short authentication strings, which both "
    "devices work out while they are online; it has no fingerprint of a pair of identities",
}

# The message types that Matrix sends beside the bytes.
TAGS = {"olm-prekey": 0, "olm-message": 1}

INFO = {
    "protocol": "Olm v1",
    "cipher": "AES-256-CBC",
    "mac": "HMAC-SHA-256",
    "mac_bits": 64,
    "key_agreement": "X25519",
}


class Device:
    """A device with one Olm account."""

    def __init__(self) -> None:
        self.kept: Optional[Pairwise] = None

    def run(self, op: str, args: Any) -> Any:
        """Runs one operation; raises `Refused`, `Unsupported`, or an error of the driver's own."""
        if op not in OPERATIONS:
            raise Unsupported(UNREACHABLE.get(op, f"this driver does not offer `{op}`"))
        fields, method = OPERATIONS[op]
        given = read(fields, args)
        try:
            return getattr(self, method)(*given.values())
        except (Refused, Unsupported):
            raise
        except Exception as error:
            found = refusal(error)
            if found is None:
                raise
            raise found from error

    def take_warnings(self) -> list:
        """The package has nobody to warn."""
        return []

    # ---- control ----

    def hello(self, protocols: list) -> dict[str, Any]:
        candidate = {"name": "vodozemac", "version": importlib.metadata.version("vodozemac")}
        return hello(
            protocols,
            "hallmark-driver-vodozemac-python",
            candidate,
            family="olm",
            calling=CALLING,
            capabilities=[op for op in OPERATIONS if op not in CONTROL],
            limits={"one-time-prekeys": ONE_TIME_PREKEYS},
        )

    def ping(self) -> dict:
        return {}

    def reset(self, _seed: Optional[int]) -> dict:
        self.kept = None
        return {}

    def pid(self) -> dict[str, int]:
        return {"pid": os.getpid()}

    # ---- identity ----

    def create(self, _name: str) -> dict:
        if self.kept:
            raise ValueError("the device has an identity already: `reset` comes first")
        self.kept = Pairwise(Account())
        return {}

    def public(self) -> dict[str, str]:
        return {"identity_key": encode(self._olm().identity())}

    def sign(self, message: bytes) -> dict[str, str]:
        signature = self._olm().account.sign(message).to_base64()
        return {"signature": signature + "=" * (-len(signature) % 4)}

    def publish(self, count: int) -> dict[str, Any]:
        return {"prekeys": self._olm().publish(count)}

    def import_prekeys(self, peer: str, prekeys: dict[str, Any]) -> dict:
        given = read(PREKEYS, prekeys)
        one_time = [read(ONE_TIME_PREKEY, each)["public"] for each in given["one_time_prekeys"] or []]
        self._olm().learn(peer, given["identity_key"], one_time[0] if one_time else None)
        return {}

    # ---- pairwise ----

    def start(self, peer: str) -> dict[str, list]:
        self._olm().start(peer)
        return {"envelopes": []}

    def info(self, peer: str) -> dict[str, Any]:
        self._olm().session(peer)
        return dict(INFO)

    def encrypt(self, peer: str, plaintext: bytes) -> dict[str, list]:
        message_type, body = self._olm().session(peer).encrypt(plaintext).to_parts()
        tag = next(tag for tag, number in TAGS.items() if number == message_type)
        return {"envelopes": [{"kind": "message", "tag": tag, "body": encode(body)}]}

    def decrypt(self, sender: str, envelope: dict[str, Any]) -> dict[str, list]:
        given = read({"kind": "text", "tag": "text?", "body": "bytes"}, envelope)
        message_type = TAGS.get(given["tag"])
        if message_type is None:
            raise Refused("malformed", "not an Olm message type")
        plaintext = self._olm().decrypt(sender, message_type, given["body"])
        position = wire.position(given["body"], message_type == 0)
        return {"messages": [{"plaintext": encode(plaintext), "sender": sender, "position": position}]}

    # ---- state ----

    def snapshot(self) -> dict[str, str]:
        return {"state": encode(self._olm().snapshot())}

    def restore(self, state: bytes) -> dict:
        self.kept = Pairwise.restore(state)
        return {}

    def _olm(self) -> Pairwise:
        if self.kept is None:
            raise ValueError("there is no identity yet: `identity.create` or `state.restore` comes first")
        return self.kept
