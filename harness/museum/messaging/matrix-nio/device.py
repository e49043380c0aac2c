# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One device: the operations of the driver protocol on the encryption of matrix-nio."""

import base64
import importlib.metadata
import json
import os
import time
from typing import Any, Optional

from nio import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse, RoomKeyRequestResponse
from nio.crypto import Olm
from nio.events import BadEvent, MegolmEvent, UnknownBadEvent
from nio.events.to_device import ToDeviceEvent
from nio.exceptions import EncryptionError
from nio.store import SqliteMemoryStore

from protocol import Refused, Unsupported, decode, encode, hello, read
from server import Server, device_of, name_of, room_of, user_of

CALLING = (
    "The library's Olm, its whole encryption, is driven as its AsyncClient does, on a database in "
    "memory: keys from the server come as the server's responses, a key is shared with all members "
    "before a message where should_share_group_session says so, with ignore_unverified_devices, and "
    "is dropped when the members change. A message that cannot be read is asked for with a key "
    "request to the own devices, as request_room_key does. Nobody is verified; the library marks "
    "messages only as verified or not, which here are all not, so that there is nothing to warn of. "
    "Each handing over of a message is a new event of the server."
)

GROUP = {"group": "text"}
HANDED = {**GROUP, "from": "text", "envelope": "object"}
PREKEYS = {
    "identity_key": "bytes",
    "signing_key": "bytes?",
    "signed_prekey": "object?",
    "one_time_prekeys": "list?",
    "kem_prekey": "object?",
    "extra": "object?",
}
ONE_TIME_PREKEY = {"id": "count", "public": "bytes", "signature": "bytes?"}
ENVELOPE = {"to": "list?", "kind": "text", "tag": "text?", "body": "bytes"}

# Each operation: the kinds of its arguments, and the method that does it.
OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "list"}, "hello"),
    "ping": ({}, "ping"),
    "reset": ({"seed": "count?"}, "reset"),
    "shutdown": ({}, "ping"),
    "process.pid": ({}, "pid"),
    "identity.create": ({"name": "text"}, "create"),
    "identity.public": ({}, "public"),
    "prekeys.publish": ({"one_time": "count"}, "publish"),
    "prekeys.import": ({"peer": "text", "prekeys": "object"}, "import_prekeys"),
    "group.create": (GROUP, "create_group"),
    "group.add": ({**GROUP, "members": "list"}, "add"),
    "group.remove": ({**GROUP, "members": "list"}, "remove"),
    "group.join": (HANDED, "join"),
    "group.process": (HANDED, "process"),
    "group.encrypt": ({**GROUP, "plaintext": "bytes"}, "encrypt"),
    "group.decrypt": (HANDED, "decrypt"),
    "group.rotate": (GROUP, "rotate"),
    "group.forward": ({**GROUP, "sender": "text", "to": "text"}, "forward"),
    "group.info": (GROUP, "info"),
    "state.snapshot": ({}, "snapshot"),
    "state.restore": ({"state": "bytes"}, "restore"),
}

CONTROL = ("hello", "ping", "reset", "shutdown")

TALK_IN_A_ROOM = "two people talk in a room, as more do: this driver offers groups alone"
UNREACHABLE = {op: TALK_IN_A_ROOM for op in ("session.start", "message.encrypt", "message.decrypt")}

# The library makes so many at once.
ONE_TIME_PREKEYS = 50

INFO = {
    "protocol": "Megolm v1 over Olm v1",
    "cipher": "AES-256-CBC",
    "mac": "HMAC-SHA-256",
    "mac_bits": 64,
    "key_agreement": "X25519",
}

# Why a message could not be read; the words are those of both pinned versions and of libolm.
BY_TEXT = [
    ("no session found", "unknown-key"),
    ("UNKNOWN_MESSAGE_INDEX", "old-message"),
    ("Duplicate message index", "old-message"),
    ("BAD_MESSAGE_MAC", "bad-signature"),
    ("BAD_SIGNATURE", "bad-signature"),
    ("BAD_MESSAGE", "malformed"),
    ("INVALID_BASE64", "malformed"),
    ("Error parsing payload", "malformed"),
    ("Device keys mismatch", "identity-changed"),
]


class Device:
    """A device with one account."""

    def __init__(self) -> None:
        self.name: Optional[str] = None
        self.olm: Optional[Olm] = None
        self.server = Server()

    def run(self, op: str, args: Any) -> Any:
        """Runs one operation; raises `Refused`, `Unsupported`, or an error of the driver's own."""
        if op not in OPERATIONS:
            raise Unsupported(UNREACHABLE.get(op, f"this driver does not offer `{op}`"))
        fields, method = OPERATIONS[op]
        return getattr(self, method)(*read(fields, args).values())

    def take_warnings(self) -> list:
        """There is nothing to warn of: see `CALLING`."""
        return []

    # ---- control ----

    def hello(self, protocols: list) -> dict[str, Any]:
        candidate = {"name": "matrix-nio", "version": importlib.metadata.version("matrix-nio")}
        return hello(
            protocols,
            "hallmark-driver-matrix-nio",
            candidate,
            family="megolm",
            calling=CALLING,
            capabilities=[op for op in OPERATIONS if op not in CONTROL],
            limits={"one-time-prekeys": ONE_TIME_PREKEYS},
        )

    def ping(self) -> dict:
        return {}

    def reset(self, _seed: Optional[int]) -> dict:
        self.name, self.olm, self.server = None, None, Server()
        return {}

    def pid(self) -> dict[str, int]:
        return {"pid": os.getpid()}

    # ---- identity ----

    def create(self, name: str) -> dict:
        if self.olm:
            raise ValueError("the device has an identity already: `reset` comes first")
        self._open(name)
        uploaded = self.olm.share_keys()
        self.server.device, self.server.one_time = uploaded["device_keys"], uploaded["one_time_keys"]
        self.olm.handle_response(KeysUploadResponse(0, len(self.server.one_time)))
        return {}

    def _open(self, name: str, database: Optional[str] = None) -> None:
        store = SqliteMemoryStore(user_of(name), device_of(name), pickle_key="hallmark")
        if database is not None:
            connection = store.database.connection()
            # What an empty store brings of its own gives way to what was kept.
            connection.executescript("PRAGMA foreign_keys = OFF;" + drop_all(connection) + database)
            connection.execute("PRAGMA foreign_keys = ON")
        self.name, self.olm = name, Olm(user_of(name), device_of(name), store)

    def public(self) -> dict[str, str]:
        return {"identity_key": padded(self._machine().account.identity_keys["curve25519"])}

    def publish(self, count: int) -> dict[str, Any]:
        self._machine()
        taken = self.server.publish(count)
        if len(taken) < count:
            raise ValueError("the library makes no more one-time keys without a sync")
        device = self.server.device
        signer = f"ed25519:{device['device_id']}"
        return {
            "prekeys": {
                "identity_key": padded(device["keys"][f"curve25519:{device['device_id']}"]),
                "signing_key": padded(device["keys"][signer]),
                "one_time_prekeys": [
                    {
                        "id": int.from_bytes(decode(padded(name.split(":")[1])), "big"),
                        "public": padded(key["key"]),
                        "signature": padded(key["signatures"][device["user_id"]][signer]),
                    }
                    for name, key in taken
                ],
                "extra": {"device": device},
            }
        }

    def import_prekeys(self, peer: str, prekeys: dict[str, Any]) -> dict:
        given = read(PREKEYS, prekeys)
        device = (given["extra"] or {}).get("device")
        if not isinstance(device, dict) or device.get("user_id") != user_of(peer):
            raise Refused("malformed", "no device of this user")
        device["keys"][f"curve25519:{device['device_id']}"] = unpadded(given["identity_key"])
        for each in given["one_time_prekeys"] or []:
            one_time = read(ONE_TIME_PREKEY, each)
            by = {f"ed25519:{device['device_id']}": unpadded(one_time["signature"] or b"")}
            name = unpadded(one_time["id"].to_bytes(4, "big"))
            key = {"key": unpadded(one_time["public"]), "signatures": {user_of(peer): by}}
            self.server.claimable[user_of(peer)] = {f"signed_curve25519:{name}": key}
        queried = {user_of(peer): {device["device_id"]: device}}
        self._machine().handle_response(KeysQueryResponse(queried, {}))
        return {}

    # ---- groups ----

    def create_group(self, group: str) -> dict:
        self._machine()
        self.server.rooms[room_of(group)] = [self.name]
        return {"envelopes": []}

    def add(self, group: str, members: list) -> dict:
        room = self._room(group)
        before = self.server.rooms[room]
        self._roster(room, [*before, *(name for name in members if name not in before)])
        return {"envelopes": self._tell(room, before, members)}

    def remove(self, group: str, members: list) -> dict:
        room = self._room(group)
        before = self.server.rooms[room]
        self._roster(room, [name for name in before if name not in members])
        return {"envelopes": self._tell(room, before, [])}

    def _roster(self, room: str, members: list[str]) -> None:
        """The members changed, and the key of the room is dropped, as AsyncClient does."""
        if self.server.rooms.get(room) != members:
            self.olm.outbound_group_sessions.pop(room, None)
        self.server.rooms[room] = members

    def _tell(self, room: str, members: list[str], newcomers: list[str]) -> list[dict]:
        """What the server tells the others of a room: nothing of it is encrypted or signed."""
        body = encode(json.dumps({"members": self.server.rooms[room]}).encode())
        others = [name for name in members if name != self.name and name not in newcomers]
        told = [(others, "change"), (newcomers, "welcome")]
        return [{"to": to, "kind": kind, "tag": "members", "body": body} for to, kind in told if to]

    def join(self, group: str, _sender: str, envelope: dict) -> dict:
        self._machine()
        members = content_of(read(ENVELOPE, envelope)["body"]).get("members")
        if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
            raise Refused("malformed", "the server would not say so")
        self._roster(room_of(group), members)
        return {"envelopes": []}

    def process(self, group: str, sender: str, envelope: dict) -> dict:
        given = read(ENVELOPE, envelope)
        if given["tag"] == "members":
            return self.join(group, sender, envelope)
        raw = {"type": "m.room.encrypted", "sender": user_of(sender), "content": content_of(given["body"])}
        self._room(group)
        event = ToDeviceEvent.parse_event(raw)
        if event is None or isinstance(event, (BadEvent, UnknownBadEvent)):
            raise Refused("malformed", "not an encrypted event for a device")
        if self.olm.handle_to_device_event(event) is None:
            raise Refused("other", "the library dropped the event; it says why in its log alone")
        return {"envelopes": self._waiting()}

    def _waiting(self) -> list[dict]:
        """What the library wants to be sent to other devices, as far as it is encrypted."""
        waiting = [each for each in self.olm.outgoing_to_device_messages if each.type == "m.room.encrypted"]
        self.olm.outgoing_to_device_messages.clear()
        return [key_share(each.recipient, each.content) for each in waiting]

    def encrypt(self, group: str, plaintext: bytes) -> dict:
        room = self._room(group)
        members = self.server.rooms[room]
        if self.name not in members:
            raise Refused("not-member", "the server says that this user left the room")
        envelopes = self._share(room, [user_of(name) for name in members])
        content = {"msgtype": "m.text", "body": encode(plaintext)}
        encrypted = self.olm.group_encrypt(room, {"type": "m.room.message", "content": content})
        body = encode(json.dumps(encrypted).encode())
        return {"envelopes": [*envelopes, {"kind": "message", "tag": "m.room.encrypted", "body": body}]}

    def _share(self, room: str, users: list[str]) -> list[dict]:
        envelopes = []
        if self.olm.should_share_group_session(room):
            self._claim(users)
            shares = self.olm.share_group_session_parallel(room, users, ignore_unverified_devices=True)
            for shared_with, messages in shares:
                for user, devices in messages["messages"].items():
                    envelopes += [key_share(user, content) for content in devices.values()]
                self.olm.outbound_group_sessions[room].users_shared_with.update(shared_with)
            self.olm.outbound_group_sessions[room].shared = True
        return envelopes

    def _claim(self, users: list[str]) -> None:
        missing = self.olm.get_missing_sessions(users)
        self.olm.handle_response(KeysClaimResponse(self.server.claim(missing), {}))

    def decrypt(self, group: str, sender: str, envelope: dict) -> dict:
        room = self._room(group)
        self.server.events += 1
        raw = {
            "type": "m.room.encrypted",
            "room_id": room,
            "sender": user_of(sender),
            "event_id": f"${self.name}-{os.getpid()}-{self.server.events}",
            "origin_server_ts": int(time.time() * 1000),
            "content": content_of(read(ENVELOPE, envelope)["body"]),
        }
        event = MegolmEvent.from_dict(raw)
        if not isinstance(event, MegolmEvent):
            raise Refused("malformed", "not an encrypted event of a room")
        event.room_id = room
        try:
            shown = self.olm.decrypt_megolm_event(event, room)
        except EncryptionError as error:
            if "no session found" in str(error):
                self._ask(event)
            raise refusal(error) from error
        if isinstance(shown, (BadEvent, UnknownBadEvent)):
            raise Refused("malformed", "not an event, once decrypted")
        return {"messages": [{"plaintext": shown.body, "sender": name_of(shown.sender)}]}

    def _ask(self, event: MegolmEvent) -> None:
        """As AsyncClient.request_room_key does: the request goes to the own devices alone."""
        if event.session_id not in self.olm.outgoing_key_requests:
            asked = RoomKeyRequestResponse(
                event.session_id, event.session_id, event.room_id, event.algorithm
            )
            self.olm.handle_response(asked)

    def rotate(self, group: str) -> dict:
        self.olm.outbound_group_sessions.pop(self._room(group), None)
        return {"envelopes": []}

    def forward(self, group: str, sender: str, to: str) -> dict:
        """The key, as the library encrypts it for one whose request it answers."""
        room = self._room(group)
        devices = self.olm.device_store
        theirs = devices[user_of(sender)][device_of(sender)].curve25519
        known = self.olm.inbound_group_store
        heard = [key for key in known if key.sender_key == theirs and key.room_id == room]
        if not heard:
            raise ValueError(f"no key of `{sender}` is known")
        self._claim([user_of(to)])
        device = devices[user_of(to)][device_of(to)]
        session = self.olm.session_store.get(device.curve25519)
        if session is None:
            raise ValueError(f"no session with `{to}`, and no prekeys")
        message = self.olm._encrypt_forwarding_key(room, heard[-1], session, device)
        return {"envelopes": [key_share(user_of(to), message.content)]}

    def info(self, group: str) -> dict[str, Any]:
        return {"members": self.server.rooms[self._room(group)], **INFO}

    # ---- state ----

    def snapshot(self) -> dict[str, str]:
        """The library's own database. The key under which one sends is not in it: the next message
        after a restart has a new one."""
        database = "\n".join(self._machine().store.database.connection().iterdump())
        state = {"name": self.name, "server": self.server.snapshot(), "database": database}
        return {"state": encode(json.dumps(state).encode())}

    def restore(self, state: bytes) -> dict:
        kept = json.loads(state)
        self._open(kept["name"], kept["database"])
        self.server = Server(kept["server"])
        return {}

    # ---- what is there ----

    def _machine(self) -> Olm:
        if self.olm is None:
            raise ValueError("there is no identity yet: `identity.create` or `state.restore` comes first")
        return self.olm

    def _room(self, group: str) -> str:
        self._machine()
        room = room_of(group)
        if room not in self.server.rooms:
            raise Refused("not-member", f"no room `{group}` is known")
        return room


def key_share(user: str, content: dict) -> dict:
    body = encode(json.dumps(content).encode())
    return {"to": [name_of(user)], "kind": "key", "tag": "m.room.encrypted", "body": body}


def refusal(error: Exception) -> Refused:
    for text, refusal_class in BY_TEXT:
        if text in str(error):
            return Refused(refusal_class, str(error))
    raise error


def content_of(body: bytes) -> dict:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("malformed", f"the server would not take it: {error}") from error
    if not isinstance(content, dict):
        raise Refused("malformed", "the server would not take it: not an object")
    return content


def drop_all(connection: Any) -> str:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return "".join(f'DROP TABLE "{name}";' for (name,) in found if not name.startswith("sqlite_"))


def padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
