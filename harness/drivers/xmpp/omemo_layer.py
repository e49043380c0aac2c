# SPDX-License-Identifier: AGPL-3.0-only
"""The client with OMEMO, by slixmpp-omemo: what its own example client does, without a terminal."""

import asyncio
import importlib.metadata
import sys
from typing import Any, Optional

import oldmemo
from omemo import DeviceInformation, MessageNotForUs, SessionManager
from omemo.storage import Just, Maybe, Nothing, Storage
from slixmpp import JID, Message
from slixmpp.plugins import register_plugin
from slixmpp_omemo import XEP_0384, TrustLevel

from client import address
from inbox import Inbox
from plain import Opened, Plain
from protocol import Refused, Unsupported
from refusal import describe, refusal
from world import Store

NAMESPACE = oldmemo.oldmemo.NAMESPACE

PAYLOAD = f"{{{NAMESPACE}}}encrypted/{{{NAMESPACE}}}payload"

POLICIES = ("blind", "manual")

# Among the library's entries, so that it is part of the device's state.
POLICY = "/hallmark/trust-policy"


class Kept(Storage):
    """All that the library keeps, in one document of the application's storage."""

    def __init__(self, store: Store) -> None:
        super().__init__(disable_cache=True)
        self.store_of_app, self.entries = store, store.read("omemo")

    async def _load(self, key: str) -> Maybe:
        return Just(self.entries[key]) if key in self.entries else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.entries[key] = value
        self.store_of_app.write("omemo", self.entries)

    async def _delete(self, key: str) -> None:
        self.entries.pop(key, None)
        self.store_of_app.write("omemo", self.entries)


class XEP_0384Impl(XEP_0384):
    """The plug-in with what it leaves to the application: storage, policy, and the user."""

    layer: "Omemo"

    @property
    def storage(self) -> Storage:
        return self.layer.storage

    @property
    def _btbv_enabled(self) -> bool:
        return self.layer.trust_policy() == "blind"

    async def _devices_blindly_trusted(self, blindly_trusted, identifier):
        await self.layer.trusted_blindly(blindly_trusted)

    async def _prompt_manual_trust(self, manually_trusted, identifier):
        # The user does not decide here, so the library refuses to send; see `verify.confirm`.
        self.layer.to_be_decided(manually_trusted)

    async def _on_device_list_update(self, msg: Message) -> None:
        task = asyncio.current_task()
        self.layer.updates.add(task)
        try:
            await super()._on_device_list_update(msg)
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            words = f"the list of devices of {msg['from'].user} is not taken: {refused}"
            self.layer.inbox.warn("other", words)
        finally:
            self.layer.updates.discard(task)


register_plugin(XEP_0384Impl)


class Omemo(Plain):
    name = "xmpp-omemo"
    family = "omemo"
    candidate = ("slixmpp-omemo", importlib.metadata.version("slixmpp-omemo"))
    encrypts = True
    calling = (
        "With OMEMO by the plug-in slixmpp-omemo, called as in its own example, in its namespace "
        "eu.siacs.conversations.axolotl (it publishes keys of OMEMO 2 as well, and cannot send "
        "with it): only the text of a message is encrypted. Every message is; none is sent in "
        "clear where that fails. Trust is blind until a device of the peer is verified; with the "
        "setting `trust` = `manual`, nothing is sent to an undecided device. In a room, a message "
        "goes to all devices of those whom the server lists as members at that moment. Messages "
        "in clear are shown, and marked. Files go as addresses of XEP-0454 (`aesgcm:`) under a "
        "random name."
    )
    operations = {
        "device.list": ({"user": "text"}, "device_list"),
        "device.remove": ({"device": "text"}, "device_remove"),
        "identity.fingerprint": ({"peer": "text"}, "fingerprint"),
        "verify.start": ({"peer": "text"}, "verify_start"),
        "verify.confirm": ({"peer": "text", "matches": "truth"}, "verify_confirm"),
    }

    def __init__(self, store: Store, inbox: Inbox) -> None:
        super().__init__(store, inbox)
        self.storage = Kept(store)
        self.updates: set[asyncio.Task] = set()
        self.plugin: Any = None
        # Which keys the user was shown, of whom.
        self.compared: dict[str, list[bytes]] = {}

    def attach(self, client: Any) -> None:
        client.register_plugin("xep_0384", module=sys.modules[__name__])
        self.plugin, self.client = client["xep_0384"], client
        self.plugin.layer = self

    async def ready(self, client: Any) -> None:
        await self._manager()

    async def settled(self) -> None:
        while self.updates:
            await asyncio.wait(self.updates)

    # ---- messages ----

    async def seal(self, message: Message, recipients: set[JID]) -> Message:
        try:
            sealed, failures = await self.plugin.encrypt_message(message, recipients)
        except Exception as error:
            raise refusal(error) or error from error
        for failure in failures:
            whom = f"device {failure.device_id} of {JID(failure.bare_jid).user}"
            self.inbox.warn("other", f"not encrypted for {whom}: {describe(failure.exception)}")
        self.client["xep_0380"].add_eme(sealed, NAMESPACE)
        return sealed

    async def open(self, message: Message) -> Optional[Opened]:
        if not self.plugin.is_encrypted(message):
            if not message["body"]:
                return None
            self.inbox.warn("unencrypted", f"a message from {message['from']} is not encrypted")
            return Opened(message["body"], encrypted=False, verified=False, marks=["unencrypted"])
        try:
            opened, device = await self.plugin.decrypt_message(message)
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            # What completes a session carries no text, and goes to one device only.
            if isinstance(error, MessageNotForUs) and message.xml.find(PAYLOAD) is None:
                return None
            words = f"a message from {message['from']} cannot be read: {refused}"
            self.inbox.warn("undecryptable", words)
            return None
        if not opened["body"]:
            return None
        trust = TrustLevel(device.trust_level_name)
        verified = trust is TrustLevel.TRUSTED
        mark = trust.value.lower().replace("_", "-")
        return Opened(opened["body"], encrypted=True, verified=verified, marks=[mark])

    # ---- trust ----

    def trust_policy(self) -> str:
        return self.storage.entries.get(POLICY, "blind")

    def set_trust_policy(self, policy: str) -> None:
        if policy not in POLICIES:
            raise ValueError(f"`trust` is one of {', '.join(POLICIES)}")
        self.storage.entries[POLICY] = policy
        self.store.write("omemo", self.storage.entries)

    async def trusted_blindly(self, devices: frozenset[DeviceInformation]) -> None:
        manager = await self._manager()
        fresh = {device.device_id for device in devices}
        for device in sorted(devices, key=lambda each: (each.bare_jid, each.device_id)):
            known = await manager.get_device_information(device.bare_jid)
            met = any(
                other.device_id not in fresh and other.trust_level_name != TrustLevel.UNDECIDED.value
                for other in known
            )
            words = f"trusted blindly: {self._shown(device)}"
            self.inbox.warn("new-device" if met else "unverified", words)

    def to_be_decided(self, devices: frozenset[DeviceInformation]) -> None:
        for device in sorted(devices, key=lambda each: (each.bare_jid, each.device_id)):
            self.inbox.warn("unverified", f"to be trusted or not: {self._shown(device)}")

    def _shown(self, device: DeviceInformation) -> str:
        fingerprint = " ".join(SessionManager.format_identity_key(device.identity_key))
        return f"device {device.device_id} of {JID(device.bare_jid).user}, {fingerprint}"

    async def fingerprint(self, peer: str) -> dict[str, str]:
        ours, theirs = await self._devices(self._own()), await self._devices(peer)
        if not theirs:
            raise Refused("unknown-key", f"`{peer}` has no device")
        keys = [device.identity_key for device in [*ours, *theirs]]
        lines = sorted({" ".join(SessionManager.format_identity_key(key)) for key in keys})
        return {"fingerprint": " / ".join(lines)}

    async def verify_start(self, peer: str) -> dict[str, str]:
        shown = await self.fingerprint(peer)
        self.compared[peer] = [device.identity_key for device in await self._devices(peer)]
        return shown

    async def verify_confirm(self, peer: str, matches: bool) -> dict[str, Any]:
        if peer not in self.compared:
            raise ValueError("`verify.start` comes first")
        manager = await self._manager()
        level = TrustLevel.TRUSTED if matches else TrustLevel.DISTRUSTED
        for key in self.compared.pop(peer):
            await manager.set_trust(self._bare(peer), key, level.value)
        return {}

    # ---- devices ----

    async def device_list(self, user: str) -> dict[str, list[str]]:
        """As the next message would see it: without those that are distrusted."""
        kept = [
            device
            for device in await self._devices(user)
            if device.trust_level_name != TrustLevel.DISTRUSTED.value
        ]
        return {"devices": sorted(str(device.device_id) for device in kept)}

    async def device_remove(self, device: str) -> dict[str, Any]:
        """Takes a device of one's own off the published list, as clients let a user do."""
        manager, own = await self._manager(), self._bare(self._own())
        this, _ = await manager.get_own_device_information()
        if device == str(this.device_id):
            raise Unsupported("a device of this application cannot take itself off the list")
        # pylint: disable=protected-access
        listed = await manager._download_device_list(NAMESPACE, own)
        if not device.isdecimal() or int(device) not in listed:
            raise Refused("unknown-key", f"there is no device `{device}`")
        del listed[int(device)]
        await manager._upload_device_list(NAMESPACE, listed)
        await manager.update_device_list(NAMESPACE, own, listed)
        return {}

    async def _devices(self, user: str) -> list[DeviceInformation]:
        manager, bare = await self._manager(), self._bare(user)
        await self.plugin.refresh_device_lists({JID(bare)})
        known = await manager.get_device_information(bare)
        return [device for device in known if dict(device.active).get(NAMESPACE)]

    async def _manager(self) -> SessionManager:
        return await self.plugin.get_session_manager()

    def _own(self) -> str:
        return self.client.boundjid.user

    def _bare(self, user: str) -> str:
        return address(user, self.client.boundjid.domain).bare
