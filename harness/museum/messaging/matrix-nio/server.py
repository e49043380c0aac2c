# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the homeserver of one device knows: the harness is the server."""

from typing import Any, Optional

SERVER = "ward.example"


def user_of(name: str) -> str:
    return f"@{name}:{SERVER}"


def name_of(user: str) -> str:
    return user[1 : -len(SERVER) - 1]


def device_of(name: str) -> str:
    return f"{name.upper()}-1"


def room_of(group: str) -> str:
    return f"!{group}:{SERVER}"


class Server:
    """All of it is JSON, and goes into the state as it is."""

    def __init__(self, kept: Optional[dict[str, Any]] = None) -> None:
        kept = kept or {}
        # Of this device: its identity keys, and the one-time keys that nobody was given yet.
        self.device: Optional[dict] = kept.get("device")
        self.one_time: dict[str, dict] = kept.get("one_time", {})
        # One-time keys of others, by user, until they are claimed.
        self.claimable: dict[str, dict] = kept.get("claimable", {})
        # Members by room, oneself included.
        self.rooms: dict[str, list[str]] = kept.get("rooms", {})
        # Events that were handed out; each handing over is a new event.
        self.events: int = kept.get("events", 0)

    def snapshot(self) -> dict[str, Any]:
        return vars(self)

    def publish(self, count: int) -> list[tuple[str, dict]]:
        names = list(self.one_time)[:count]
        return [(name, self.one_time.pop(name)) for name in names]

    def claim(self, missing: dict[str, list[str]]) -> dict[str, dict]:
        """The answer to a claim of one-time keys, as the library reads it."""
        found = {}
        for user, devices in missing.items():
            key = self.claimable.pop(user, None)
            if key:
                found[user] = {devices[0]: key}
        return found
