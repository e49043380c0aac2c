# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One device: the operations of the driver protocol on python-omemo."""

import asyncio
import importlib.metadata
import json
import os
from typing import Any, Optional
import xml.etree.ElementTree as ET

import google.protobuf.message
from omemo import DeviceInformation, Message, SessionManager
from omemo.identity_key_pair import IdentityKeyPair
import xeddsa
import xmlschema

from flavour import Flavour
from protocol import VERSIONS, Refused, Unsupported, decode, encode, read
from refusal import refusal
import world as around
from world import Memory, World

VERSION = "0.1.0"

CALLING = (
    "The package OMEMO's SessionManager is called as its documentation shows, with the backend of "
    "the package {package} and its defaults: 100 one-time prekeys, refilled as they are used, and "
    "at most 1,000 skipped message keys for a session. Trust is blind trust before verification, "
    "as in the package's own example and in most XMPP clients, and nothing is ever verified: every "
    "new device of a peer is trusted without a word. The driver is the server: the device list of "
    "a peer is what was imported last, and a sender that is not on it is put on it with the "
    "identity key that came with its message, which is kept only if the message decrypts. A "
    "session is built when the first message is encrypted. Empty messages, with which the library "
    "completes a key exchange and keeps a ratchet fresh, travel before the next message as setup. "
    "The envelope is the `encrypted` element of the library's own XML. The position of a message "
    "is its number in the sending chain, which starts again with every ratchet step."
)

STANZA = "{urn:hallmark:driver:omemo}stanza"

ONE_TIME_PREKEYS = 1000

PREKEYS = {
    "identity_key": "text",
    "signing_key": "text?",
    "signed_prekey": "object?",
    "one_time_prekeys": "list?",
    "kem_prekey": "object?",
    "extra": "object?",
}

PEER = {"peer": "text"}

# Each operation: the kinds of its arguments, and the method that does it.
OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "list"}, "hello"),
    "ping": ({}, "ping"),
    "reset": ({"seed": "count?"}, "reset"),
    "shutdown": ({}, "shutdown"),
    "process.pid": ({}, "pid"),
    "identity.create": ({"name": "text"}, "create"),
    "identity.public": ({}, "public"),
    "identity.fingerprint": (PEER, "fingerprint"),
    "identity.sign": ({"message": "bytes"}, "sign"),
    "prekeys.publish": ({"one_time": "count"}, "publish"),
    "prekeys.import": ({**PEER, "prekeys": "object"}, "import_prekeys"),
    "device.import": ({**PEER, "device": "text", "prekeys": "object"}, "import_device"),
    "session.start": (PEER, "start"),
    "session.info": (PEER, "info"),
    "session.delete": (PEER, "delete"),
    "message.encrypt": ({**PEER, "plaintext": "bytes"}, "encrypt"),
    "message.decrypt": ({"from": "text", "envelope": "object"}, "decrypt"),
    "state.snapshot": ({}, "snapshot"),
    "state.restore": ({"state": "bytes"}, "restore"),
}

CONTROL = ("hello", "ping", "reset", "shutdown")

# What the library's parsers raise at input that is not of the protocol. The errors of protobuf are
# not among those that they document.
UNREADABLE = (
    ValueError,
    ET.ParseError,
    xmlschema.XMLSchemaException,
    google.protobuf.message.Error,
)


class Device:
    """A device, of one version of OMEMO."""

    def __init__(self, flavour: Flavour) -> None:
        self.flavour = flavour
        self.loop = asyncio.new_event_loop()
        self.world: Optional[World] = None
        self.storage: Optional[Memory] = None
        self.manager: Optional[SessionManager] = None
        # Numbers of the one-time prekeys that were handed out.
        self.published: set[int] = set()
        # Envelopes that wait to be carried, and to whom.
        self.waiting: list[tuple[str, dict[str, str]]] = []

    def run(self, op: str, args: Any) -> Any:
        """Runs one operation; raises `Refused`, `Unsupported`, or an error of the driver's own."""
        if op not in OPERATIONS:
            raise Unsupported(f"this driver does not offer `{op}`")
        fields, method = OPERATIONS[op]
        given = read(fields, args)
        if self.world:
            self.world.noted = self.world.sender = None
        try:
            return self.loop.run_until_complete(getattr(self, method)(*given.values()))
        except (Refused, Unsupported):
            raise
        except Exception as error:
            # The library may keep to itself why a session could not be started.
            noted = self.world.noted if self.world else None
            found = refusal(noted or error)
            if found is None:
                raise
            raise found from error

    # ---- control ----

    async def hello(self, protocols: list) -> dict[str, Any]:
        chosen = next((version for version in VERSIONS if version in protocols), None)
        if chosen is None:
            raise ValueError(f"this driver speaks {' and '.join(VERSIONS)} only")
        package = self.flavour.package
        return {
            "protocol": chosen,
            "driver": {"name": f"hallmark-driver-{self.flavour.name}", "version": VERSION},
            "candidate": {"name": package, "version": importlib.metadata.version(package)},
            "family": self.flavour.name,
            "calling": CALLING.format(package=package),
            "capabilities": [op for op in OPERATIONS if op not in CONTROL],
            "limits": {"one-time-prekeys": ONE_TIME_PREKEYS},
        }

    async def ping(self) -> dict:
        return {}

    async def shutdown(self) -> dict:
        return await self.reset(None)

    async def pid(self) -> dict[str, int]:
        return {"pid": os.getpid()}

    async def reset(self, _seed: Optional[int]) -> dict:
        if self.manager:
            await self.manager.shutdown()
        self.world = self.storage = self.manager = None
        self.published, self.waiting = set(), []
        return {}

    # ---- identity ----

    async def create(self, name: str) -> dict:
        if self.world:
            raise ValueError("the device has an identity already: `reset` comes first")
        self.world, self.storage = World(name), Memory({})
        self.manager = await around.manager(self.flavour, self.world, self.storage)
        return {}

    async def public(self) -> dict[str, str]:
        return {"identity_key": encode(self.flavour.public(await self._identity()))}

    async def fingerprint(self, peer: str) -> dict[str, str]:
        theirs = [device.identity_key for device in await self._devices(peer)]
        if not theirs:
            raise ValueError(f"no identity key of `{peer}` is known")
        show = self._library().format_identity_key
        prints = sorted(" ".join(show(key)) for key in [await self._identity(), *theirs])
        return {"fingerprint": " / ".join(prints)}

    async def sign(self, message: bytes) -> dict[str, str]:
        self._library()
        pair = (await IdentityKeyPair.get(self.storage)).as_priv()
        signature = xeddsa.ed25519_priv_sign(pair.priv, message)
        return {"signature": encode(self.flavour.signature(pair.identity_key, signature))}

    async def publish(self, count: int) -> dict[str, Any]:
        if count > ONE_TIME_PREKEYS:
            raise ValueError(f"{count} one-time prekeys were asked for, the limit is {ONE_TIME_PREKEYS}")
        own, _ = await self._library().get_own_device_information()
        bundle = await self._backend().get_bundle(own.bare_jid, own.device_id)
        fresh = self._fresh(self.flavour.prekeys(bundle))
        if len(fresh) < count:
            await self._backend().generate_pre_keys(count - len(fresh))
            bundle = await self._backend().get_bundle(own.bare_jid, own.device_id)
            fresh = self._fresh(self.flavour.prekeys(bundle))
        handed_out = fresh[:count]
        self.published.update(prekey["id"] for prekey in handed_out)
        return {"prekeys": {**self.flavour.prekeys(bundle), "one_time_prekeys": handed_out}}

    def _fresh(self, prekeys: dict[str, Any]) -> list[dict[str, Any]]:
        unused = (each for each in prekeys["one_time_prekeys"] if each["id"] not in self.published)
        return sorted(unused, key=lambda prekey: prekey["id"])

    async def import_prekeys(self, peer: str, prekeys: dict[str, Any]) -> dict:
        """The peer has this device and no other."""
        device_id = self._offer(peer, prekeys)
        await self._library().update_device_list(self.flavour.namespace, peer, {device_id: None})
        return {}

    async def import_device(self, peer: str, _device: str, prekeys: dict[str, Any]) -> dict:
        """The peer has this device as well."""
        active = {device.device_id: None for device in await self._devices(peer)}
        active[self._offer(peer, prekeys)] = None
        await self._library().update_device_list(self.flavour.namespace, peer, active)
        return {}

    def _offer(self, peer: str, prekeys: dict[str, Any]) -> int:
        self._library()
        given = read(PREKEYS, prekeys)
        if not given["signed_prekey"]:
            raise Refused("malformed", "a bundle needs a signed prekey")
        given["one_time_prekeys"] = given["one_time_prekeys"] or []
        # OMEMO has no proof of one device for another: what is offered as one is not read.
        extra = {key: value for key, value in (given["extra"] or {}).items() if key != "device_signature"}
        try:
            device_id = read({"device_id": "count"}, extra)["device_id"]
        except ValueError as error:
            raise Refused("malformed", f"not a bundle: {first_line(error)}") from error
        try:
            bundle = self.flavour.bundle(peer, device_id, given)
        except UNREADABLE as error:
            raise Refused("malformed", f"not a bundle: {first_line(error)}") from error
        self.world.offer(bundle, prekeys)
        return device_id

    # ---- pairwise ----

    async def start(self, peer: str) -> dict[str, list]:
        """A session in use is replaced; the first one is built with the first message."""
        offered = [
            device
            for device in await self._devices(peer)
            if (peer, device.device_id) in self.world.bundles
        ]
        if not offered:
            raise ValueError(f"no unused prekeys of `{peer}` were imported")
        for device in offered:
            failures = await self._library().replace_sessions(device)
            for error in failures.values():
                raise error
        await self._collect()
        return {"envelopes": self._take(peer)}

    async def info(self, peer: str) -> dict[str, Any]:
        if not await self._sessions(peer):
            raise ValueError(f"there is no session with `{peer}`")
        return dict(self.flavour.info)

    async def delete(self, peer: str) -> dict:
        if not await self._sessions(peer):
            raise ValueError(f"there is no session with `{peer}`")
        await self._backend().purge_bare_jid(peer)
        return {}

    async def encrypt(self, peer: str, plaintext: bytes) -> dict[str, list]:
        manager, namespace = self._library(), self.flavour.namespace
        messages, _ = await manager.encrypt(frozenset({peer}), {namespace: plaintext})
        envelopes = self._take(peer)
        for message in messages:
            # The server hands one stanza to each of the peer's devices.
            copies = sum(1 for key, _ in message.keys if key.bare_jid == peer)
            envelopes += [await self._envelope("message", message)] * copies
        return {"envelopes": envelopes}

    async def decrypt(self, sender: str, envelope: dict[str, Any]) -> dict[str, list]:
        manager = self._library()
        body = read({"kind": "text", "tag": "text?", "body": "bytes"}, envelope)["body"]
        before = dict(self.storage.entries)
        try:
            message = await self._parse(sender, body)
            plaintext, _, _ = await manager.decrypt(message)
        except Exception:
            # What a message brings that does not decrypt, the server did not say.
            self.storage.entries.clear()
            self.storage.entries.update(before)
            raise
        await self._collect()
        if plaintext is None:
            return {"messages": []}
        key = next(key for key, _ in message.keys if self._is_ours(key))
        position = key.encrypted_message.header.sending_chain_length
        return {"messages": [{"plaintext": encode(plaintext), "sender": sender, "position": position}]}

    async def _parse(self, sender: str, body: bytes) -> Message:
        try:
            stanza = ET.fromstring(body)
            encrypted = stanza.find(self.flavour.tag("encrypted"))
            if stanza.tag != STANZA or encrypted is None:
                raise ValueError("no `encrypted` element")
            self._introduce(sender, stanza.get("ik"), encrypted)
            return await self.flavour.parse_message(
                encrypted, sender, self.world.name, self._library()
            )
        except UNREADABLE as error:
            raise Refused("malformed", f"not a message: {first_line(error)}") from error

    def _introduce(self, sender: str, key: Optional[str], encrypted: ET.Element) -> None:
        """What the server would say of a sender that it lists."""
        header = encrypted.find(self.flavour.tag("header"))
        device_id = header.get("sid") if header is not None else None
        if key is not None and device_id is not None:
            identity = decode(key)
            if len(identity) != 32:
                raise ValueError("not an identity key")
            self.world.sender = self.flavour.identity_only(sender, int(device_id), identity)

    async def _envelope(self, kind: str, message: Message) -> dict[str, str]:
        stanza = ET.Element(STANZA)
        if any(exchange is not None for _, exchange in message.keys):
            stanza.set("ik", encode(await self._identity()))
        stanza.append(self.flavour.serialize_message(message))
        return {"kind": kind, "body": encode(ET.tostring(stanza))}

    async def _collect(self) -> None:
        """Puts what the library sent of its own accord with what waits to be carried."""
        for to, message in self.world.outbox:
            self.waiting.append((to, await self._envelope("setup", message)))
        self.world.outbox.clear()

    def _take(self, peer: str) -> list[dict[str, str]]:
        """What waits to be carried to this peer."""
        due = [envelope for to, envelope in self.waiting if to == peer]
        self.waiting = [(to, envelope) for to, envelope in self.waiting if to != peer]
        return due

    # ---- state ----

    async def snapshot(self) -> dict[str, str]:
        self._library()
        world = self.world
        state = {
            "name": world.name,
            "storage": self.storage.entries,
            "own_list": list(world.own_list),
            "offered": [[peer, given] for (peer, _), given in world.offered.items()],
            "waiting": self.waiting,
            "published": sorted(self.published),
        }
        return {"state": encode(json.dumps(state).encode())}

    async def restore(self, state: bytes) -> dict:
        await self.reset(None)
        read_back = json.loads(state)
        self.world, self.storage = World(read_back["name"]), Memory(read_back["storage"])
        self.world.own_list = {device_id: None for device_id in read_back["own_list"]}
        self.manager = await around.manager(self.flavour, self.world, self.storage)
        for peer, prekeys in read_back["offered"]:
            self._offer(peer, prekeys)
        self.waiting = [(to, envelope) for to, envelope in read_back["waiting"]]
        self.published = set(read_back["published"])
        return {}

    # ---- the library ----

    def _library(self) -> SessionManager:
        if self.manager is None:
            raise ValueError("there is no identity yet: `identity.create` or `state.restore` comes first")
        return self.manager

    def _backend(self):
        self._library()
        return self.world.backend

    async def _identity(self) -> bytes:
        own, _ = await self._library().get_own_device_information()
        return own.identity_key

    async def _devices(self, peer: str) -> list[DeviceInformation]:
        """The peer's devices on its present list."""
        known = await self._library().get_device_information(peer)
        return [device for device in known if dict(device.active).get(self.flavour.namespace)]

    async def _sessions(self, peer: str) -> list:
        loaded = [
            await self._backend().load_session(peer, device.device_id)
            for device in await self._library().get_device_information(peer)
        ]
        return [session for session in loaded if session is not None]

    def _is_ours(self, key) -> bool:
        own = self.storage.entries["/own_device_id"]
        return key.bare_jid == self.world.name and key.device_id == own


def first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
