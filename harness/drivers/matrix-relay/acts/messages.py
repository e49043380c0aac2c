# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Lies about messages: who sent one, that it came twice, that it was sent at all."""

from typing import Any

from accounts import App
from acts.act import Act, Exchange
from acts.events import event_id, forged, put_in, timelines
from routes import Kind, Route

EVENTS = 1000

# Seconds until the server has said how it calls a message that is on its way.
NAMED = 20.0


class OfAuthor(Act):
    """Of the messages that an author's apps send while the act is on."""

    REWRITES = frozenset({Kind.SYNC, Kind.MESSAGES})

    def __init__(self, stage: Any, given: dict[str, str]) -> None:
        super().__init__(stage, given)
        self.author = stage.accounts.user_id(given["from"])
        self.events: dict[str, str] = {}

    def sent(self, sender: App, route: Route, content: dict, event_id_: str) -> None:
        if sender.user_id == self.author:
            self.events[event_id_] = event_id()
            while len(self.events) > EVENTS:
                self.events.pop(next(iter(self.events)))

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        await self.stage.settled(self.author, NAMED)
        return [line for _, events in timelines(exchange, answer) for line in self.alter(events)]

    def alter(self, events: list) -> list[str]:
        raise NotImplementedError


class Sender(OfAuthor):
    """The author's messages come from somebody else."""

    FIELDS = {"view": "text", "from": "text", "to": "text"}

    def alter(self, events: list) -> list[str]:
        to, done = self.stage.accounts.user_id(self.given["to"]), []
        for event in events:
            if event.get("event_id") in self.events and event.get("sender") == self.author:
                event["sender"] = to
                done.append(f"{event['event_id']} of {self.author} is handed over as sent by {to}")
        return done


class Replay(OfAuthor):
    """Each of the author's messages comes a second time, under another id."""

    FIELDS = {"view": "text", "from": "text"}

    def alter(self, events: list) -> list[str]:
        done = []
        for event in list(events):
            again = self.events.get(event.get("event_id"))
            if again is not None:
                twin = {**event, "event_id": again}
                twin["origin_server_ts"] = event["origin_server_ts"] + 1
                events.insert(events.index(event) + 1, twin)
                done.append(f"{event['event_id']} is handed over a second time as {again}")
        return done


class Plaintext(Act):
    """A message that nobody sent, in the clear."""

    FIELDS = {"view": "text", "from": "text", "text": "text", "conversation": "text"}
    REWRITES = frozenset({Kind.SYNC})
    HANDS_OVER = True

    async def prepare(self) -> None:
        app = self.stage.accounts.latest(self.view)
        self.room_id = await self.stage.conversations.one(app, self.given["conversation"])
        author = self.stage.accounts.user_id(self.given["from"])
        content = {"msgtype": "m.text", "body": self.given["text"]}
        self.event = forged("m.room.message", author, content)

    async def rewrite(self, exchange: Exchange, answer: Any) -> list[str]:
        if not self.due(exchange):
            return []
        put_in(answer, self.room_id, self.event)
        return [f"{self.event['event_id']} in the clear as if {self.event['sender']} had sent it"]
