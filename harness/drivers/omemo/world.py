# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What lies around the library: its storage, and the server as the harness plays it."""

from typing import Any, Optional

from omemo import (
    AsyncFramework,
    Bundle,
    BundleNotFound,
    DeviceInformation,
    DeviceList,
    Just,
    KeyExchangeFailed,
    Maybe,
    Message,
    Nothing,
    SessionManager,
    Storage,
    TrustLevel,
)

from flavour import Flavour

UNDECIDED = "undecided"
BLINDLY_TRUSTED = "blindly-trusted"
DISTRUSTED = "distrusted"


class Memory(Storage):
    """Everything that the library keeps, in a dictionary."""

    def __init__(self, entries: dict[str, Any]) -> None:
        super().__init__(disable_cache=True)
        self.entries = entries

    async def _load(self, key: str) -> Maybe:
        return Just(self.entries[key]) if key in self.entries else Nothing()

    async def _store(self, key: str, value: Any) -> None:
        self.entries[key] = value

    async def _delete(self, key: str) -> None:
        self.entries.pop(key, None)


class World:
    """The server, the trust policy, and what the library wanted to send."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Of each peer's devices, the bundle from which no session has been started yet.
        self.bundles: dict[tuple[str, int], Bundle] = {}
        self.offered: dict[tuple[str, int], dict[str, Any]] = {}
        self.own_list: DeviceList = {}
        # The sender of the message in hand, as the server would list it.
        self.sender: Optional[Bundle] = None
        # What the library sent of its own accord, and to whom.
        self.outbox: list[tuple[str, Message]] = []
        self.backend = None
        self.noted: Optional[Exception] = None

    def offer(self, bundle: Bundle, prekeys: dict[str, Any]) -> None:
        at = (bundle.bare_jid, bundle.device_id)
        self.bundles[at], self.offered[at] = bundle, prekeys

    def spend(self, peer: str, device_id: int) -> None:
        self.bundles.pop((peer, device_id), None)
        self.offered.pop((peer, device_id), None)

    def download(self, peer: str, device_id: int) -> Bundle:
        found = self.bundles.get((peer, device_id))
        sender = self.sender
        if found is None and sender and (sender.bare_jid, sender.device_id) == (peer, device_id):
            found = sender
        if found is None:
            raise BundleNotFound(f"the server has no bundle of device {device_id} of `{peer}`")
        return found


def backend(flavour: Flavour, world: World, storage: Storage):
    """The library's backend, which notes why it could not start a session."""

    class Noting(flavour.backend):
        async def build_session_active(self, bare_jid, device_id, bundle, plain_key_material):
            try:
                built = await super().build_session_active(
                    bare_jid, device_id, bundle, plain_key_material
                )
            except KeyExchangeFailed as error:
                world.noted = error
                raise
            world.spend(bare_jid, device_id)
            return built

    return Noting(storage)


async def manager(flavour: Flavour, world: World, storage: Storage) -> SessionManager:
    """The library's session manager in this world, past its history synchronisation."""

    class Manager(SessionManager):
        async def _upload_bundle(self, bundle):
            """Handed out by `prekeys.publish`."""

        async def _download_bundle(self, namespace, bare_jid, device_id):
            return world.download(bare_jid, device_id)

        async def _delete_bundle(self, namespace, device_id):
            """There is no server that would keep it."""

        async def _upload_device_list(self, namespace, device_list):
            world.own_list = dict(device_list)

        async def _download_device_list(self, namespace, bare_jid):
            if bare_jid == world.name:
                return dict(world.own_list)
            known = await storage.load_list(f"/devices/{bare_jid}/list", int)
            listed = {device_id: None for device_id in known.maybe([])}
            if world.sender and world.sender.bare_jid == bare_jid:
                listed[world.sender.device_id] = None
            return listed

        async def _evaluate_custom_trust_level(self, device: DeviceInformation) -> TrustLevel:
            return {
                UNDECIDED: TrustLevel.UNDECIDED,
                BLINDLY_TRUSTED: TrustLevel.TRUSTED,
                DISTRUSTED: TrustLevel.DISTRUSTED,
            }[device.trust_level_name]

        async def _make_trust_decision(self, undecided, identifier):
            # Blind trust before verification: nothing was verified here, so all are trusted.
            for device in undecided:
                await self.set_trust(device.bare_jid, device.identity_key, BLINDLY_TRUSTED)

        async def _send_message(self, message, bare_jid):
            world.outbox.append((bare_jid, message))

    world.backend = backend(flavour, world, storage)
    made = await Manager.create(
        [world.backend],
        storage,
        world.name,
        None,
        UNDECIDED,
        async_framework=AsyncFramework.ASYNCIO,
    )
    await made.after_history_sync()
    return made
