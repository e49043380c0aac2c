# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Conversations, as rooms: found by the name of a peer or of a group, or made."""

import re
import secrets
from typing import Iterable, Optional
from urllib.parse import quote, unquote

from nio import (
    EnableEncryptionBuilder,
    MatrixRoom,
    ProfileGetError,
    RoomCreateError,
    RoomPreset,
)

from client import Session, server_of
from protocol import Refused
from refusal import accepted

# Seconds for the server to tell us of what we did ourselves.
ECHO = 20.0

# Between a group's name, in which no hyphen is left as it is, and what makes its address unique
# where another room has it already.
TWIN = "--"

# What the specification lets a user be called.
USER_ID = re.compile(r"@[a-z0-9._=/+-]+:\S+")


class Rooms:
    """The rooms of one device."""

    def __init__(self, session: Session, encrypted: bool) -> None:
        self.session = session
        self.encrypted = encrypted
        # Rooms that the server says we are not in any more; nio keeps them among its rooms.
        self.left: set[str] = set()

    @property
    def nio(self):
        return self.session.nio

    # ---- finding ----

    def groups(self, name: str, rooms: Iterable[MatrixRoom]) -> list[MatrixRoom]:
        """A group's rooms carry its name in their address."""
        return [room for room in rooms if group_of(room) == name]

    def directs(self, user: str, rooms: Iterable[MatrixRoom]) -> list[MatrixRoom]:
        """Rooms without a name, of the two of us alone."""
        pair = {self.nio.user_id, self.session.user_id(user)}
        return [room for room in rooms if not room.is_named and set(room.users) == pair]

    async def named(self, conversation: str) -> list[MatrixRoom]:
        """All rooms of the conversation, after its invitations were accepted. May be none."""
        await self.accept(conversation)
        joined = list(self.nio.rooms.values())
        return self.groups(conversation, joined) or self.directs(conversation, joined)

    async def accept(self, conversation: str) -> None:
        invited = list(self.nio.invited_rooms.values())
        inviter = self.session.user_id(conversation)
        directs = [room for room in invited if not room.is_named and room.inviter == inviter]
        for room in self.groups(conversation, invited) or directs:
            room_id = room.room_id
            accepted(await self.nio.join(room_id), forbidden="not-member")
            self.left.discard(room_id)

            async def joined() -> bool:
                return room_id in self.nio.rooms and room_id not in self.nio.invited_rooms

            await self._echo(joined, "that we joined")

    async def group(self, name: str) -> MatrixRoom:
        await self.accept(name)
        found = self.groups(name, self.nio.rooms.values())
        if not found:
            raise Refused("not-member", f"there is no group `{name}` here")
        return self._best(found)

    async def to_write(self, conversation: str) -> MatrixRoom:
        """The room in which to write; a direct one is made where there is none."""
        found = await self.named(conversation)
        if found:
            return self._best(found)
        return await self._make_direct(self.session.user_id(conversation))

    def _best(self, found: list[MatrixRoom]) -> MatrixRoom:
        """One that we are in, and of the kind that we make, as far as there is one."""
        return min(
            found, key=lambda room: (room.room_id in self.left, room.encrypted != self.encrypted)
        )

    # ---- making ----

    async def _make_direct(self, peer: str) -> MatrixRoom:
        absent = not USER_ID.fullmatch(peer)
        if not absent:
            profile = await self.nio.get_profile(peer)
            absent = isinstance(profile, ProfileGetError) and profile.status_code == "M_NOT_FOUND"
        if absent:
            raise Refused("not-member", f"`{peer}` is neither a group here nor a user of the server")
        answer = accepted(
            await self.nio.room_create(
                is_direct=True,
                preset=RoomPreset.trusted_private_chat,
                invite=[peer],
                initial_state=self._initial_state(),
            )
        )
        return await self._made(answer.room_id, {peer})

    async def create(self, group: str, title: Optional[str]) -> None:
        if self.groups(group, self.nio.rooms.values()):
            raise ValueError(f"there is a group `{group}` already")
        alias = quote(group, safe="").replace("-", "%2D")
        answer = await self._create(alias, group, title)
        if isinstance(answer, RoomCreateError) and answer.status_code == "M_ROOM_IN_USE":
            answer = await self._create(alias + TWIN + secrets.token_hex(4), group, title)
        await self._made(accepted(answer).room_id, set())

    async def _create(self, alias: str, group: str, title: Optional[str]):
        return await self.nio.room_create(
            alias=alias,
            name=group if title is None else title,
            preset=RoomPreset.private_chat,
            initial_state=self._initial_state(),
        )

    def _initial_state(self) -> list[dict]:
        return [EnableEncryptionBuilder().as_dict()] if self.encrypted else []

    async def _made(self, room_id: str, others: set[str]) -> MatrixRoom:
        async def shown() -> bool:
            room = self.nio.rooms.get(room_id)
            complete = room is not None and others | {self.nio.user_id} <= set(room.users)
            return complete and room.encrypted == self.encrypted

        await self._echo(shown, "the room that we made")
        return self.nio.rooms[room_id]

    # ---- members ----

    async def add(self, group: str, members: list[str]) -> None:
        room = await self.group(group)
        users = [self.session.user_id(member) for member in members]
        for user in users:
            accepted(await self.nio.room_invite(room.room_id, user), forbidden="not-member")

        async def shown() -> bool:
            return set(users) <= set(room.users)

        await self._echo(shown, "whom we invited")

    async def remove(self, group: str, members: list[str]) -> None:
        room = await self.group(group)
        users = [self.session.user_id(member) for member in members]
        for user in users:
            if user not in room.users:
                raise Refused("not-member", f"`{user}` is not in the group")
            accepted(await self.nio.room_kick(room.room_id, user), forbidden="not-member")

        async def shown() -> bool:
            return not set(users) & set(room.users)

        await self._echo(shown, "whom we removed")

    async def _echo(self, done, what: str) -> None:
        if not await self.session.sync_until(done, ECHO, round_millis=2_000):
            raise TimeoutError(f"the server did not tell us {what} within {ECHO:.0f} s")


def group_of(room: MatrixRoom) -> Optional[str]:
    """The name by which the harness calls the group of this room."""
    alias = room.canonical_alias
    if not alias or not server_of(alias):
        return None
    return unquote(alias.removeprefix("#").partition(":")[0].partition(TWIN)[0])
