# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Keys of a device that is none: made and held by the relay, so that what is for them is opened."""

import base64
import json
from typing import Any, Optional

import vodozemac

OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"

# Olm sessions with one sender, senders, and Megolm sessions that are kept, the newest.
SESSIONS, SENDERS, ROOM_KEYS = 20, 100, 1000


class Holder:
    """One device's identity keys, and its Olm sessions."""

    def __init__(self, user_id: str, device_id: str) -> None:
        self.user_id, self.device_id = user_id, device_id
        self.account = vodozemac.Account()
        self.sessions: dict[str, list[vodozemac.Session]] = {}

    # ---- what is shown ----

    def device_keys(self, display_name: Optional[str]) -> dict[str, Any]:
        """As the device itself would have uploaded them."""
        signed = self._signed(
            {
                "user_id": self.user_id,
                "device_id": self.device_id,
                "algorithms": [OLM, MEGOLM],
                "keys": {
                    f"curve25519:{self.device_id}": self.account.curve25519_key.to_base64(),
                    f"ed25519:{self.device_id}": self.account.ed25519_key.to_base64(),
                },
            }
        )
        if display_name is not None:
            signed["unsigned"] = {"device_display_name": display_name}
        return signed

    def one_time_key(self) -> dict[str, Any]:
        """A new one, by its id."""
        self.account.generate_one_time_keys(1)
        [(key_id, key)] = self.account.one_time_keys.items()
        self.account.mark_keys_as_published()
        return {f"signed_curve25519:{key_id}": self._signed({"key": key.to_base64()})}

    def _signed(self, content: dict[str, Any]) -> dict[str, Any]:
        signature = self.account.sign(canonical(content)).to_base64()
        return {**content, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}

    # ---- what is opened ----

    def open(self, content: dict[str, Any]) -> dict[str, Any]:
        """What an Olm event for this device says; raises `ValueError`, `KeyError` or `TypeError`."""
        sender_key = content["sender_key"]
        message = content["ciphertext"][self.account.curve25519_key.to_base64()]
        return json.loads(self._decrypt(sender_key, message["type"], message["body"]))

    def _decrypt(self, sender_key: str, kind: int, body: str) -> bytes:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
        message = vodozemac.AnyOlmMessage.from_parts(kind, raw)
        first = message.to_pre_key()
        known = self.sessions.get(sender_key, [])
        for session in known:
            if first is None or session.session_matches(first):
                try:
                    return session.decrypt(message)
                except ValueError:
                    continue
        if first is None:
            raise ValueError("no session opens this message")
        identity = vodozemac.Curve25519PublicKey.from_base64(sender_key)
        session, plaintext = self.account.create_inbound_session(identity, first)
        self.sessions[sender_key] = [session, *known][:SESSIONS]
        while len(self.sessions) > SENDERS:
            self.sessions.pop(next(iter(self.sessions)))
        return plaintext


class RoomKeys:
    """Keys of conversations that came with what was opened."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str], vodozemac.InboundGroupSession] = {}

    def keep(self, payload: dict[str, Any]) -> bool:
        """Whether it held a key."""
        content = payload["content"]
        if payload["type"] != "m.room_key" or content["algorithm"] != MEGOLM:
            return False
        session = vodozemac.InboundGroupSession(vodozemac.SessionKey(content["session_key"]))
        self.sessions[content["room_id"], session.session_id] = session
        while len(self.sessions) > ROOM_KEYS:
            self.sessions.pop(next(iter(self.sessions)))
        return True

    def open(self, room_id: str, content: dict[str, Any]) -> Optional[dict[str, Any]]:
        """The event within an encrypted one; None where its key is not here."""
        session = self.sessions.get((room_id, content["session_id"]))
        if session is None or content["algorithm"] != MEGOLM:
            return None
        message = vodozemac.MegolmMessage.from_base64(content["ciphertext"])
        return json.loads(session.decrypt(message).plaintext)


def canonical(content: dict[str, Any]) -> bytes:
    """The one way of writing it that is signed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
