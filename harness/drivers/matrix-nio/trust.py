# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Devices and what nio is told to think of them."""

from typing import Optional

from nio.crypto import OlmDevice

from client import Session
from refusal import accepted

# Send to every device that the server lists, as nio's examples and most programs on it do.
IGNORE_UNVERIFIED = "ignore-unverified"
VERIFIED_ONLY = "verified-only"
POLICIES = (IGNORE_UNVERIFIED, VERIFIED_ONLY)


class Trust:
    """Verification by comparing the fingerprints of devices."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.policy = IGNORE_UNVERIFIED
        # The devices of a peer as they were shown to be compared: fingerprints by device.
        self.shown: dict[str, dict[str, str]] = {}

    @property
    def nio(self):
        return self.session.nio

    @property
    def ignores_unverified(self) -> bool:
        return self.policy == IGNORE_UNVERIFIED

    def set_policy(self, policy: object) -> None:
        if policy not in POLICIES:
            raise ValueError(f"bad arguments: `trust` is one of {', '.join(POLICIES)}")
        self.policy = policy
        if policy == VERIFIED_ONLY and self.nio is not None:
            # nio notes for good whom it once sent to without verification.
            for device in [each for each in self.nio.device_store if each.ignored]:
                self.nio.unignore_device(device)

    async def devices(self, user: str) -> list[OlmDevice]:
        """All but this one, as the server lists them now."""
        user_id = self.session.user_id(user)
        self.nio.users_for_key_query.add(user_id)
        accepted(await self.nio.keys_query())
        return list(self.nio.device_store.active_user_devices(user_id))

    async def recipients(self, user: str, encrypted: bool) -> list[str]:
        """Names of the devices that can read the next message."""
        found = await self.devices(user)
        if encrypted:
            found = [each for each in found if not each.blacklisted]
            if not self.ignores_unverified:
                found = [each for each in found if each.verified]
        named = [each.display_name for each in found]
        names = [
            each.display_name if each.display_name and named.count(each.display_name) == 1 else each.id
            for each in found
        ]
        if self.session.user_id(user) == self.nio.user_id:
            names.append(self.nio.device_id)
        return sorted(names)

    # ---- verification ----

    async def fingerprint(self, peer: str) -> tuple[str, dict[str, str]]:
        """Every device of both, with its Ed25519 key: the same text for both. And the peer's."""
        theirs = await self.devices(peer)
        if not theirs:
            raise ValueError(f"the server knows no device of `{peer}`")
        ours = await self.devices(self.nio.user_id)
        lines = {f"{each.user_id} {each.id} {grouped(each.ed25519)}" for each in [*theirs, *ours]}
        own = self.nio.olm.account.identity_keys["ed25519"]
        lines.add(f"{self.nio.user_id} {self.nio.device_id} {grouped(own)}")
        return " / ".join(sorted(lines)), {each.id: each.ed25519 for each in theirs}

    async def start(self, peer: str) -> str:
        text, self.shown[peer] = await self.fingerprint(peer)
        return text

    def confirm(self, peer: str, matches: bool) -> None:
        """Only the keys that were shown become verified; where they did not match, none stay so."""
        if peer not in self.shown:
            raise ValueError(f"nothing of `{peer}` was shown: `verify.start` comes first")
        shown = self.shown.pop(peer)
        for device in self.nio.device_store.active_user_devices(self.session.user_id(peer)):
            if shown.get(device.id) != device.ed25519:
                continue
            if matches:
                self.nio.verify_device(device)
            else:
                self.nio.unverify_device(device)


def grouped(key: Optional[str]) -> str:
    """As clients print a key for people: in groups of four."""
    key = key or ""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))
