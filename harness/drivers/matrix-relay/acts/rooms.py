# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lies about rooms: who is in one, and whether it is encrypted."""

from typing import Any, Iterator, Optional

from accounts import App
from acts.act import Act, Exchange
from acts.events import forged, put_in
from routes import Kind
from upstream import segment

MARKER = "m.room.encryption"


class AddedMember(Act):
    """Somebody is in the group whom nobody added."""

    FIELDS = {"view": "text", "group": "text", "user": "text"}
    REWRITES = frozenset({Kind.SYNC, Kind.MEMBERS, Kind.JOINED_MEMBERS, Kind.STATE})
    HANDS_OVER = True

    async def prepare(self) -> None:
        accounts, app = self.stage.accounts, self.stage.accounts.latest(self.view)
        self.room_id = await self.stage.conversations.one(app, self.given["group"])
        user = accounts.user_id(self.given["user"])
        path = f"/rooms/{segment(self.room_id)}/joined_members"
        status, answer = await self.stage.server.ask("GET", path, app.token)
        if status != 200 or user in answer["joined"]:
            raise ValueError(f"`{user}` is a member already, or the server does not tell")
        content = {"membership": "join", "displayname": accounts.user_name(user)}
        more = {"state_key": user, "room_id": self.room_id}
        self.event = forged("m.room.member", user, content, **more)

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        kind, user = exchange.route.kind, self.event["state_key"]
        if kind is Kind.SYNC:
            if not self.due(exchange):
                return []
            put_in(answer, self.room_id, self.event)
        elif exchange.route.room_id != self.room_id:
            return []
        elif kind is Kind.JOINED_MEMBERS:
            shown = {"display_name": self.event["content"]["displayname"], "avatar_url": None}
            answer["joined"].setdefault(user, shown)
        else:
            (answer["chunk"] if kind is Kind.MEMBERS else answer).append(dict(self.event))
        return [f"shown {user} as a member of {self.room_id} ({kind.name})"]


class StrippedMarker(Act):
    """Nothing says that the conversation is encrypted."""

    FIELDS = {"view": "text", "conversation": "text"}
    REWRITES = frozenset({Kind.SYNC, Kind.STATE, Kind.MESSAGES})

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        done = []
        for room_id, events in list(_lists(exchange, answer)):
            kept = [event for event in events if event.get("type") != MARKER]
            if len(kept) < len(events) and await self._is_it(exchange.app, room_id, events):
                events[:] = kept
                done.append(f"not shown that {room_id} is encrypted ({exchange.route.kind.name})")
        return done

    async def hides(self, exchange: Exchange) -> Optional[str]:
        route = exchange.route
        if route.kind is not Kind.STATE_EVENT or route.event_type != MARKER:
            return None
        if not await self._is_it(exchange.app, route.room_id, []):
            return None
        return f"not shown that {route.room_id} is encrypted, asked for it"

    async def _is_it(self, app: App, room_id: str, events: list[dict]) -> bool:
        """Asked each time: a conversation may begin, and become another, at any time."""
        conversations, named = self.stage.conversations, self.given["conversation"]
        return await conversations.is_one(app, room_id, named) or conversations.invites_to(events, named)


def _lists(exchange: Exchange, answer: Any) -> Iterator[tuple[str, list[dict]]]:
    """Every list of events in which the marker may stand, with its room."""
    kind, room_id = exchange.route.kind, exchange.route.room_id
    if kind is Kind.STATE:
        yield room_id, answer
    elif kind is Kind.MESSAGES:
        yield room_id, answer["chunk"]
        yield room_id, answer.get("state", [])
    else:
        for rooms in answer.get("rooms", {}).values():
            for each, room in rooms.items():
                for part in ("state", "state_after", "timeline", "invite_state"):
                    yield each, room.get(part, {}).get("events", [])
