# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Conversations, as rooms: by the name that the apps' drivers give them. The real server is asked."""

from typing import Any, Optional
from urllib.parse import unquote

from accounts import Accounts, App
from upstream import Upstream, segment

ROOMS = 200

# As in the driver of matrix-nio: what makes the address of a second group of the same name unique.
TWIN = "--"


class Conversations:
    """What an app calls a group's name or a peer's name."""

    def __init__(self, server: Upstream, accounts: Accounts) -> None:
        self.server = server
        self.accounts = accounts

    async def rooms(self, app: App, conversation: str) -> list[str]:
        """All rooms of the conversation that the app's user is in; groups come before peers."""
        joined = (await self._ask(app, "/joined_rooms"))["joined_rooms"]
        found: dict[bool, list[str]] = {True: [], False: []}
        for room_id in joined[:ROOMS]:
            state = await self._state(app, room_id)
            if group_of(state) == conversation:
                found[True].append(room_id)
            elif self._is_direct(app, state, conversation):
                found[False].append(room_id)
        return found[True] or found[False]

    async def one(self, app: App, conversation: str) -> str:
        rooms = await self.rooms(app, conversation)
        if len(rooms) != 1:
            raise ValueError(
                f"`{app.user_id}` is in {len(rooms)} rooms that would be `{conversation}`, not in one"
            )
        return rooms[0]

    async def is_one(self, app: App, room_id: str, conversation: str) -> bool:
        """Whether the room, which the server shows the app, is of the conversation."""
        status, state = await self.server.ask("GET", f"/rooms/{segment(room_id)}/state", app.token)
        if status != 200:
            return False
        return group_of(state) == conversation or self._is_direct(app, state, conversation)

    def invites_to(self, events: list[dict], conversation: str) -> bool:
        """Whether these are what an invitation to the conversation shows."""
        group = group_of(events)
        if group is not None or any(event.get("type") == "m.room.name" for event in events):
            return group == conversation
        peer = self.accounts.user_id(conversation)
        return any(
            event.get("sender") == peer and event["content"].get("membership") == "invite"
            for event in events
            if event.get("type") == "m.room.member"
        )

    async def _state(self, app: App, room_id: str) -> list[dict]:
        return await self._ask(app, f"/rooms/{segment(room_id)}/state")

    async def _ask(self, app: App, path: str) -> Any:
        status, answer = await self.server.ask("GET", path, app.token)
        if status != 200:
            raise ValueError(f"the server answers {status} to {path} for `{app.user_id}`")
        return answer

    def _is_direct(self, app: App, state: list[dict], peer: str) -> bool:
        """A room without a name, of the two alone."""
        users = {
            event["state_key"]
            for event in state
            if event.get("type") == "m.room.member"
            and event["content"].get("membership") in ("join", "invite")
        }
        named = any(event.get("type") in ("m.room.name", "m.room.canonical_alias") for event in state)
        return not named and users == {app.user_id, self.accounts.user_id(peer)}


def group_of(state: list[dict]) -> Optional[str]:
    """A group's room carries its name in its address."""
    for event in state:
        if event.get("type") == "m.room.canonical_alias":
            alias = event["content"].get("alias")
            if isinstance(alias, str):
                return unquote(alias.removeprefix("#").partition(":")[0].partition(TWIN)[0])
    return None
