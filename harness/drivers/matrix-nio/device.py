# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One device of a Matrix account: the operations of the driver protocol on matrix-nio."""

import asyncio
import importlib.metadata
import json
import os
import tempfile
from typing import Any, Optional

from nio.exceptions import EncryptionError, MembersSyncError

from attachments import upload
from calling import calling
from client import Session
from devices import add, remove
from history import LARGEST_SHOWN, History, View
from protocol import VERSIONS, WITHOUT_CLASSES, Refused, Unsupported, encode, read
from refusal import accepted, backup_refusal, refusal
from rooms import Rooms
from settings import Settings
import state as files
from trust import IGNORE_UNVERIFIED, Trust
from world import World

VERSION = "0.1.0"

# Seconds for an operation; nio puts no limit on uploads and downloads.
LONGEST = 110.0
LONGEST_WAIT = 90_000

# Bytes of a text, and of a file, that a user may send.
TEXT_BYTES = 32 * 1024
FILE_BYTES = 4 * 1024 * 1024

CONVERSATION, GROUP, PEER = {"conversation": "text"}, {"group": "text"}, {"peer": "text"}
MEMBERS = {**GROUP, "members": "list"}

# Each operation: the kinds of its arguments, and the method that does it.
OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "list"}, "hello"),
    "ping": ({}, "ping"),
    "reset": ({"seed": "count?"}, "reset"),
    "shutdown": ({}, "shutdown"),
    "process.pid": ({}, "pid"),
    "world.set": (
        {
            "server": "object?",
            "keylog": "text?",
            "storage": "text?",
            "push_sink": "text?",
            "clock": "text?",
        },
        "set_world",
    ),
    "account.login": ({"user": "text", "password": "text", "display_name": "text?"}, "login"),
    "message.send": ({**CONVERSATION, "content": "object"}, "send"),
    "message.await": ({**CONVERSATION, "contains": "text", "millis": "count"}, "wait"),
    "conversation.read": (CONVERSATION, "read"),
    "group.create": ({**GROUP, "title": "text?"}, "create_group"),
    "group.add": (MEMBERS, "add_members"),
    "group.remove": (MEMBERS, "remove_members"),
    "group.rotate": (GROUP, "rotate_group"),
    "group.info": (GROUP, "group_info"),
    "device.add": ({"device": "text"}, "add_device"),
    "device.remove": ({"device": "text"}, "remove_device"),
    "device.list": ({"user": "text"}, "list_devices"),
    "identity.fingerprint": (PEER, "fingerprint"),
    "verify.start": (PEER, "start_verification"),
    "verify.confirm": ({**PEER, "matches": "truth"}, "confirm_verification"),
    "backup.export": ({}, "export_backup"),
    "backup.import": ({"backup": "bytes"}, "import_backup"),
    "settings.get": ({"name": "text"}, "get_setting"),
    "settings.set": ({"name": "text", "value": "any"}, "set_setting"),
    "state.snapshot": ({}, "snapshot"),
    "state.restore": ({"state": "bytes"}, "restore"),
    "state.paths": ({}, "paths"),
}

CONTROL = ("hello", "ping", "reset", "shutdown")

# What makes no sense where no room is encrypted.
ENCRYPTED_ONLY = ("group.rotate", "backup.export", "backup.import")


class Device:
    """A device, which makes encrypted rooms or plain ones."""

    def __init__(self, encrypted: bool) -> None:
        self.encrypted = encrypted
        self.loop = asyncio.new_event_loop()
        self.version = VERSIONS[0]
        self.told: list[tuple[str, str]] = []
        self._forget()

    def _forget(self) -> None:
        self.world = World()
        self.session: Optional[Session] = None
        self.rooms: Optional[Rooms] = None
        self.trust: Optional[Trust] = None
        self.history = History()
        self.settings = Settings()

    def run(self, op: str, args: Any) -> Any:
        """Runs one operation; raises `Refused`, `Unsupported`, or an error of the driver's own."""
        if op not in OPERATIONS or (op in ENCRYPTED_ONLY and not self.encrypted):
            raise Unsupported(f"this driver does not offer `{op}`")
        fields, method = OPERATIONS[op]
        given = read(fields, args)
        self.told = []
        work = asyncio.wait_for(getattr(self, method)(*given.values()), LONGEST)
        try:
            return self.loop.run_until_complete(work)
        except (Refused, Unsupported):
            raise
        except Exception as error:
            found = refusal(error)
            if found is None:
                raise
            raise found from error

    def take_warnings(self) -> list[Any]:
        told, self.told = self.told, []
        if self.version == WITHOUT_CLASSES:
            return [text for _, text in told]
        return [{"class": warning_class, "text": text} for warning_class, text in told]

    def close(self) -> None:
        """Also when the input ended without a `shutdown`."""
        self.loop.run_until_complete(self.reset(None))

    # ---- control ----

    async def hello(self, protocols: list) -> dict[str, Any]:
        chosen = next((version for version in VERSIONS if version in protocols), None)
        if chosen is None:
            raise ValueError(f"this driver speaks {' and '.join(VERSIONS)} only")
        self.version = chosen
        name = "matrix-nio" if self.encrypted else "matrix-nio-plain"
        omitted = CONTROL if self.encrypted else CONTROL + ENCRYPTED_ONLY
        return {
            "protocol": chosen,
            "driver": {"name": f"hallmark-driver-{name}", "version": VERSION},
            "candidate": {"name": "matrix-nio", "version": importlib.metadata.version("matrix-nio")},
            "family": "megolm" if self.encrypted else "matrix-plain",
            "calling": calling(self.encrypted),
            "capabilities": [op for op in OPERATIONS if op not in omitted],
            "limits": {
                "plaintext-bytes": TEXT_BYTES,
                "file-bytes": FILE_BYTES,
                "shown-file-bytes": LARGEST_SHOWN,
                "await-millis": LONGEST_WAIT,
            },
        }

    async def ping(self) -> dict:
        return {}

    async def shutdown(self) -> dict:
        return await self.reset(None)

    async def reset(self, _seed: Optional[int]) -> dict:
        """Files in a folder that the harness named stay: they are the harness's."""
        if self.session:
            await self.session.close()
        self.world.close()
        self._forget()
        return {}

    async def pid(self) -> dict[str, int]:
        return {"pid": os.getpid()}

    # ---- world and account ----

    async def set_world(
        self,
        server: Optional[dict],
        keylog: Optional[str],
        storage: Optional[str],
        push_sink: Optional[str],
        clock: Optional[str],
    ) -> dict:
        if clock is not None:
            raise Unsupported("matrix-nio reads the clock of the machine")
        if storage is not None:
            if self.session:
                raise ValueError("the storage is chosen before `account.login`")
            self.world.storage = storage
        if keylog is not None:
            self.world.keylog = keylog
        if server is not None:
            self.world.set_server(server)
        if self.session and (server is not None or keylog is not None):
            await self.session.reconnect()
        if push_sink is not None:
            self.world.push_sink = push_sink
            if self.session:
                await self.session.push()
        return {}

    async def login(self, user: str, password: str, display_name: Optional[str]) -> dict:
        if self.session:
            raise ValueError("somebody is logged in already: `reset` comes first")
        session = self._begin()
        try:
            await session.login(user, secret(password))
            await session.catch_up()
            if display_name is not None:
                accepted(await session.nio.set_displayname(display_name))
            if self.world.push_sink is not None:
                await session.push()
        except BaseException:
            await self._give_up()
            raise
        return {}

    def _begin(self) -> Session:
        self.history = History()
        self.session = Session(self.world, self._hear)
        self.rooms, self.trust = Rooms(self.session, self.encrypted), Trust(self.session)
        return self.session

    async def _give_up(self) -> dict:
        await self.session.close()
        self.session = self.rooms = self.trust = None
        return {}

    def _hear(self, answer: Any) -> None:
        self.rooms.left.difference_update(answer.rooms.join)
        for room_id in self.history.hear(answer):
            self.rooms.left.add(room_id)
            # An invitation that was taken back; nio keeps it.
            self.session.nio.invited_rooms.pop(room_id, None)

    async def _synced(self) -> Any:
        if self.session is None:
            raise ValueError("nobody is logged in: `account.login` comes first")
        await self.session.sync()
        return self.session.nio

    # ---- messages ----

    async def send(self, conversation: str, content: dict) -> dict[str, str]:
        kind = content.get("kind")
        if kind == "text":
            text = read({"kind": "text", "text": "text"}, content)["text"]
            if len(text.encode()) > TEXT_BYTES:
                raise ValueError(f"a text may have {TEXT_BYTES} bytes")
        elif kind == "file":
            fields = {"kind": "text", "name": "text", "media_type": "text", "body": "bytes"}
            file = read(fields, content)
            if len(file["body"]) > FILE_BYTES:
                raise ValueError(f"a file may have {FILE_BYTES} bytes")
        else:
            raise ValueError("bad arguments: field `content`: neither a text nor a file")
        nio = await self._synced()
        room = await self.rooms.to_write(conversation)
        if kind == "text":
            message = {"msgtype": "m.text", "body": text}
        else:
            encrypted = room.encrypted and self.settings.encrypts_files
            message = await upload(nio, file, encrypted, self.settings.names_files)
        # Members and devices that became known with the room.
        await self.session.sync()
        try:
            answer = await nio.room_send(
                room.room_id,
                "m.room.message",
                message,
                ignore_unverified_devices=self.trust.ignores_unverified,
            )
        except MembersSyncError as error:
            # nio writes to nobody whom it cannot list, and the server lists nobody to strangers.
            if room.room_id in self.rooms.left:
                raise Refused("not-member", f"MembersSyncError: {error}") from error
            raise
        return {"message": accepted(answer, forbidden="not-member").event_id}

    async def read(self, conversation: str) -> dict[str, list]:
        await self._synced()
        return {"messages": await self._shown(conversation)}

    async def _shown(self, conversation: str) -> list[dict[str, Any]]:
        view = View(self.session, self.history)
        shown = await view.of(await self.rooms.named(conversation))
        self.told = view.warnings
        return shown

    async def wait(self, conversation: str, contains: str, millis: int) -> dict[str, list]:
        if millis > LONGEST_WAIT:
            raise ValueError(f"a wait may last {LONGEST_WAIT} ms")
        await self._synced()
        shown: list[dict[str, Any]] = []

        async def there() -> bool:
            nonlocal shown
            shown = await self._shown(conversation)
            contents = (each["content"] for each in shown)
            return any(contains in (each.get("text") or each.get("name") or "") for each in contents)

        await self.session.sync_until(there, millis / 1000)
        return {"messages": shown}

    # ---- groups ----

    async def create_group(self, group: str, title: Optional[str]) -> dict[str, list]:
        await self._synced()
        await self.rooms.create(group, title)
        return {"envelopes": []}

    async def add_members(self, group: str, members: list) -> dict[str, list]:
        await self._synced()
        await self.rooms.add(group, texts(members))
        return {"envelopes": []}

    async def remove_members(self, group: str, members: list) -> dict[str, list]:
        await self._synced()
        await self.rooms.remove(group, texts(members))
        return {"envelopes": []}

    async def rotate_group(self, group: str) -> dict[str, list]:
        """The next message has a new Megolm session."""
        nio = await self._synced()
        nio.invalidate_outbound_session((await self.rooms.group(group)).room_id)
        return {"envelopes": []}

    async def group_info(self, group: str) -> dict[str, Any]:
        await self._synced()
        room = await self.rooms.group(group)
        members = sorted(self.session.user_name(user) for user in room.users)
        if not room.encrypted:
            none = {"cipher": "none", "mac": "none", "mac_bits": 0, "key_agreement": "none"}
            return {"members": members, "protocol": "Matrix without encryption", **none}
        return {
            "members": members,
            "protocol": "Megolm v1, Ed25519 signatures, keys shared over Olm v1",
            "cipher": "AES-256-CBC",
            "mac": "HMAC-SHA-256",
            "mac_bits": 64,
            "key_agreement": "X25519",
        }

    # ---- devices ----

    async def add_device(self, device: str) -> dict:
        await self._synced()
        await add(self.session, device)
        return {}

    async def remove_device(self, device: str) -> dict:
        await self._synced()
        await remove(self.session, device)
        return {}

    async def list_devices(self, user: str) -> dict[str, list[str]]:
        await self._synced()
        return {"devices": await self.trust.recipients(user, self.encrypted)}

    # ---- verification ----

    async def fingerprint(self, peer: str) -> dict[str, str]:
        await self._synced()
        return {"fingerprint": (await self.trust.fingerprint(peer))[0]}

    async def start_verification(self, peer: str) -> dict[str, str]:
        await self._synced()
        return {"fingerprint": await self.trust.start(peer)}

    async def confirm_verification(self, peer: str, matches: bool) -> dict:
        await self._synced()
        self.trust.confirm(peer, matches)
        return {}

    # ---- backup ----

    async def export_backup(self) -> dict[str, str]:
        nio = await self._synced()
        with tempfile.TemporaryDirectory(prefix="hallmark-matrix-nio-") as folder:
            path = os.path.join(folder, "keys.txt")
            await nio.export_keys(path, self.settings.passphrase)
            with open(path, "rb") as file:
                return {"backup": encode(file.read())}

    async def import_backup(self, backup: bytes) -> dict:
        nio = await self._synced()
        with tempfile.TemporaryDirectory(prefix="hallmark-matrix-nio-") as folder:
            path = os.path.join(folder, "keys.txt")
            with open(path, "wb") as file:
                file.write(backup)
            try:
                await nio.import_keys(path, self.settings.passphrase)
            except EncryptionError as error:
                raise backup_refusal(error) from error
        return {}

    # ---- settings ----

    async def get_setting(self, name: str) -> dict[str, Any]:
        return {"value": self._trust().policy if name == "trust" else self.settings.get(name)}

    async def set_setting(self, name: str, value: Any) -> dict:
        if name == "trust":
            self._trust().set_policy(value)
        else:
            self.settings.set(name, value)
        return {}

    def _trust(self) -> Trust:
        if self.trust is None:
            raise ValueError("nobody is logged in: `account.login` comes first")
        return self.trust

    # ---- state ----

    async def snapshot(self) -> dict[str, str]:
        policy = self.trust.policy if self.trust else IGNORE_UNVERIFIED
        kept = {"trust": policy, "settings": self.settings.values}
        kept["files"] = files.snapshot(self.world.folder())
        return {"state": encode(json.dumps(kept).encode())}

    async def restore(self, state: bytes) -> dict:
        """As this device, from the server and in the folder that this process was given."""
        fields = {"trust": "text", "settings": "object", "files": "object"}
        try:
            kept = read(fields, json.loads(state))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not a state of this driver: {error}") from error
        if self.session:
            await self._give_up()
        files.restore(self.world.folder(), kept["files"])
        self.settings = Settings()
        for name, value in kept["settings"].items():
            self.settings.set(name, value)
        session = self._begin()
        if not os.path.exists(session.path):
            # Nobody was logged in.
            return await self._give_up()
        try:
            await session.resume()
            self.trust.set_policy(kept["trust"])
        except BaseException:
            await self._give_up()
            raise
        return {}

    async def paths(self) -> dict[str, list[str]]:
        return {"paths": [os.path.abspath(self.world.folder())]}


def texts(given: list) -> list[str]:
    if not all(isinstance(each, str) for each in given):
        raise ValueError("bad arguments: field `members`: not a list of texts")
    return given


def secret(password: str) -> str:
    """`secret:NAME` stands for a secret of the manifest; ours names none."""
    if password.startswith("secret:"):
        raise ValueError("the manifest of this driver names no secrets")
    return password
