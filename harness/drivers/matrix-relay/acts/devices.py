# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lies about a user's devices: one more, or other keys for those that there are."""

import secrets
import string
from typing import Any, Optional

from accounts import App
from acts.act import Act, Exchange, Nudge
from holder import Holder, RoomKeys
from routes import Kind, Route

# Devices of one user for which keys are held.
DEVICES = 100


class HeldKeys(Act):
    """The app of the view encrypts for keys that the relay holds, if it believes what it is shown."""

    FIELDS = {"view": "text", "user": "text"}
    REWRITES = frozenset({Kind.SYNC, Kind.KEYS_QUERY, Kind.KEYS_CLAIM})
    HANDS_OVER = True

    def __init__(self, stage: Any, given: dict[str, str]) -> None:
        super().__init__(stage, given)
        self.user = stage.accounts.user_id(given["user"])
        self.holders: dict[str, Holder] = {}
        self.room_keys = RoomKeys()

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        if exchange.route.kind is Kind.SYNC:
            return self._nudge(answer) if self.due(exchange) else []
        if exchange.route.kind is Kind.KEYS_CLAIM:
            return self._hand_out(exchange.asked or {}, answer)
        devices = answer["device_keys"].get(self.user)
        return [] if devices is None else self.alter(devices)

    def alter(self, devices: dict) -> list[str]:
        """Of the user, as the app is shown them."""
        raise NotImplementedError

    def _nudge(self, answer: dict) -> list[str]:
        """An app looks at devices again when the server says that they changed."""
        changed = answer.setdefault("device_lists", {}).setdefault("changed", [])
        if self.user not in changed:
            changed.append(self.user)
        return [Nudge(f"told that devices of {self.user} changed")]

    def _hand_out(self, asked: dict, answer: dict) -> list[str]:
        done = []
        for device_id in asked.get("one_time_keys", {}).get(self.user, {}):
            if device_id in self.holders:
                key = self.holders[device_id].one_time_key()
                answer["one_time_keys"].setdefault(self.user, {})[device_id] = key
                done.append(f"one-time key of the relay for {self.user} {device_id}")
        return done

    # ---- what comes of it ----

    def addressed(self, sender: App, messages: dict) -> None:
        for device_id, content in list(messages.get(self.user, {}).items()):
            holder = self.holders.get(device_id)
            if holder is None:
                continue
            try:
                kept = self.room_keys.keep(holder.open(content))
            except (ValueError, KeyError, TypeError) as error:
                # A genuine device's own, where it is not for the keys that were shown.
                self.stage.seen.note(f"what is for {self.user} {device_id} was not opened: {error}")
                continue
            if kept:
                self.stage.seen.note(f"the key for {self.user} {device_id} was opened")

    def opened(self, route: Route, content: dict) -> Optional[str]:
        try:
            event = self.room_keys.open(route.room_id, content)
            body = event["content"]["body"] if event else None
        except (ValueError, KeyError, TypeError) as error:
            self.stage.seen.note(f"a message was not opened: {type(error).__name__}: {error}")
            return None
        return body if isinstance(body, str) else None


class GhostDevice(HeldKeys):
    """The user has one more device."""

    def __init__(self, stage: Any, given: dict[str, str]) -> None:
        super().__init__(stage, given)
        letters = "".join(secrets.choice(string.ascii_uppercase) for _ in range(5))
        self.ghost = Holder(self.user, f"GHOST{letters}")
        self.holders[self.ghost.device_id] = self.ghost

    def alter(self, devices: dict) -> list[str]:
        devices[self.ghost.device_id] = self.ghost.device_keys("Tablet")
        return [f"shown the ghost device {self.ghost.device_id} of {self.user}"]

    def addressed(self, sender: App, messages: dict) -> None:
        super().addressed(sender, messages)
        # The server knows no such device.
        messages.get(self.user, {}).pop(self.ghost.device_id, None)


class DeviceKeys(HeldKeys):
    """The user's devices have other keys."""

    def alter(self, devices: dict) -> list[str]:
        for device_id, genuine in devices.items():
            if device_id not in self.holders:
                if len(self.holders) >= DEVICES:
                    raise ValueError(f"{self.user} has more than {DEVICES} devices")
                self.holders[device_id] = Holder(self.user, device_id)
            name = genuine.get("unsigned", {}).get("device_display_name")
            devices[device_id] = self.holders[device_id].device_keys(name)
        return [f"shown keys of the relay for {self.user} {device_id}" for device_id in devices]
