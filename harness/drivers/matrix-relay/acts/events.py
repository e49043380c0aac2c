# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Events in what the server answers: found, forged and put in."""

import base64
import secrets
import time
from typing import Any, Iterator

from acts.act import Exchange
from routes import Kind


def timelines(exchange: Exchange, answer: dict) -> Iterator[tuple[str, list]]:
    """Every list of messages, with its room."""
    if exchange.route.kind is Kind.MESSAGES:
        yield exchange.route.room_id, answer["chunk"]
        return
    for room_id, room in answer.get("rooms", {}).get("join", {}).items():
        if "events" in room.get("timeline", {}):
            yield room_id, room["timeline"]["events"]


def forged(event_type: str, sender: str, content: dict, **more: Any) -> dict:
    """An event that nobody sent, as new ones look."""
    now = int(time.time() * 1000)
    return {
        "type": event_type,
        "sender": sender,
        "content": content,
        "event_id": event_id(),
        "origin_server_ts": now,
        "unsigned": {"age": 0},
        **more,
    }


def event_id() -> str:
    return "$" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def put_in(answer: dict, room_id: str, event: dict) -> None:
    """At the end of the room's timeline in an answer to a sync."""
    room = answer.setdefault("rooms", {}).setdefault("join", {}).setdefault(room_id, {})
    room.setdefault("timeline", {}).setdefault("events", []).append(dict(event))
