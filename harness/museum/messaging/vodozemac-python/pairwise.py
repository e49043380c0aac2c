# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A device's account, its peers and its sessions with them."""

import json
from typing import Any, Callable, Optional

from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, PreKeyMessage, Session

from protocol import Refused, decode, encode
from refusal import more_telling, refusal
import wire

# Pickles are encrypted, whatever they are for. That of a test is no secret.
PICKLE_KEY = bytes(32)

# The package discards the oldest one-time keys past this number of published ones.
ONE_TIME_PREKEYS = 50


class Peer:
    """A peer, by the name that the server gives it."""

    def __init__(self) -> None:
        # Trusted on first use.
        self.identity_key: Optional[bytes] = None
        # Its identity key and one-time key as the server gave them, until a session is started.
        self.offer: Optional[tuple[bytes, Optional[bytes]]] = None
        # The one that was made, or received on, last comes last; it is the one that sends.
        self.sessions: list[Session] = []

    def decrypt(self, message: AnyOlmMessage, may: Callable[[Session], bool]) -> bytes:
        """Tries the sessions that `may` open the message, the one used last first."""
        refused = None
        for session in [session for session in reversed(self.sessions) if may(session)]:
            try:
                plaintext = session.decrypt(message)
            except Exception as error:
                found = refusal(error)
                if found is None:
                    raise
                refused = more_telling(refused, found)
                continue
            self.sessions.remove(session)
            self.sessions.append(session)
            return plaintext
        raise refused or Refused("unknown-key", "no session for this message")


class Pairwise:
    """What `identity.create` makes, and `reset` forgets."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.peers: dict[str, Peer] = {}

    def identity(self) -> bytes:
        return self.account.curve25519_key.to_bytes()

    def publish(self, count: int) -> dict[str, Any]:
        """Makes one-time keys. Olm has no signed prekey, and the signatures over one-time keys are
        the application's."""
        if count > ONE_TIME_PREKEYS:
            raise ValueError(f"{count} one-time prekeys were asked for, the limit is {ONE_TIME_PREKEYS}")
        if count:
            self.account.generate_one_time_keys(count)
        fresh = [
            {"id": number(name), "public": encode(key.to_bytes())}
            for name, key in self.account.one_time_keys.items()
        ]
        self.account.mark_keys_as_published()
        signing_key = self.account.ed25519_key.to_base64()
        return {
            "identity_key": encode(self.identity()),
            "signing_key": signing_key + "=" * (-len(signing_key) % 4),
            "one_time_prekeys": sorted(fresh, key=lambda prekey: prekey["id"]),
        }

    def learn(self, name: str, identity_key: bytes, one_time_key: Optional[bytes]) -> None:
        for key in (identity_key, one_time_key):
            if key is not None:
                Curve25519PublicKey.from_bytes(key)
        self.peers.setdefault(name, Peer()).offer = (identity_key, one_time_key)

    def start(self, name: str) -> None:
        """Starts a session from the imported prekeys, which are spent by it."""
        peer = self.peers.get(name)
        if peer is None or peer.offer is None:
            raise ValueError(f"no unused prekeys of `{name}` were imported")
        identity_key, one_time_key = peer.offer
        if peer.identity_key not in (None, identity_key):
            raise identity_changed(name)
        if one_time_key is None:
            raise Refused("unknown-key", "Olm needs a one-time key, and there is none")
        session = self.account.create_outbound_session(
            Curve25519PublicKey.from_bytes(identity_key), Curve25519PublicKey.from_bytes(one_time_key)
        )
        peer.identity_key, peer.offer = identity_key, None
        peer.sessions.append(session)

    def session(self, name: str) -> Session:
        """The one that sends to this peer."""
        peer = self.peers.get(name)
        if peer is None or not peer.sessions:
            raise Refused("unknown-key", f"there is no session with `{name}`")
        return peer.sessions[-1]

    def decrypt(self, name: str, message_type: int, body: bytes) -> bytes:
        message = AnyOlmMessage.from_parts(message_type, body)
        prekey = message.to_pre_key()
        if prekey is not None:
            return self._decrypt_prekey(name, message, prekey, wire.identity_key(body))
        peer = self.peers.get(name)
        if peer is None or not peer.sessions:
            raise Refused("unknown-key", f"no session with `{name}`")
        return peer.decrypt(message, lambda _: True)

    def _decrypt_prekey(
        self, name: str, message: AnyOlmMessage, prekey: PreKeyMessage, identity_key: bytes
    ) -> bytes:
        """A prekey message goes to the session that it made, and makes that session if it is new."""
        peer = self.peers.get(name) or Peer()
        known = peer.identity_key or (peer.offer[0] if peer.offer else None)
        if known not in (None, identity_key):
            raise identity_changed(name)
        if any(session.session_matches(prekey) for session in peer.sessions):
            return peer.decrypt(message, lambda session: session.session_matches(prekey))
        session, plaintext = self.account.create_inbound_session(
            Curve25519PublicKey.from_bytes(identity_key), prekey
        )
        peer.identity_key = identity_key
        peer.sessions.append(session)
        self.peers[name] = peer
        return plaintext

    # ---- state ----

    def snapshot(self) -> bytes:
        """The package's own pickles, and what the application would keep beside them."""
        peers = {
            name: {
                "identity_key": peer.identity_key and peer.identity_key.hex(),
                "offer": peer.offer and [key and key.hex() for key in peer.offer],
                "sessions": [session.pickle(PICKLE_KEY) for session in peer.sessions],
            }
            for name, peer in self.peers.items()
        }
        return json.dumps({"account": self.account.pickle(PICKLE_KEY), "peers": peers}).encode()

    @classmethod
    def restore(cls, state: bytes) -> "Pairwise":
        kept = json.loads(state)
        made = cls(Account.from_pickle(kept["account"], PICKLE_KEY))
        for name, given in kept["peers"].items():
            peer = made.peers[name] = Peer()
            peer.identity_key = given["identity_key"] and bytes.fromhex(given["identity_key"])
            peer.offer = given["offer"] and tuple(key and bytes.fromhex(key) for key in given["offer"])
            peer.sessions = [Session.from_pickle(pickle, PICKLE_KEY) for pickle in given["sessions"]]
        return made


def number(key_id: str) -> int:
    """The package's key ids are base64 of a big-endian counter."""
    return int.from_bytes(decode(key_id + "=" * (-len(key_id) % 4)), "big")


def identity_changed(name: str) -> Refused:
    return Refused("identity-changed", f"another identity key of `{name}` is known")
