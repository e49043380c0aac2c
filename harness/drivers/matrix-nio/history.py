# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the user sees: the events of the rooms, as nio hands them over, with what it says of them."""

from typing import Any, Optional

from nio import (
    Event,
    MatrixRoom,
    MegolmEvent,
    RoomEncryptedMedia,
    RoomMemberEvent,
    RoomMessage,
    RoomMessageFormatted,
    RoomMessageMedia,
    SyncResponse,
)
from nio.exceptions import EncryptionError

from attachments import NotShown, download, media_type
from client import Session
from protocol import encode

# Events that are kept of one room, the newest, and rooms of which any are kept.
KEPT = 1000
ROOMS = 1000

# Bytes of all files that one answer may carry: base64 and the rest of the line must fit too.
LARGEST_SHOWN = 8 * 1024 * 1024


class History:
    """The timelines of one device."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Event]] = {}
        self.files: dict[str, bytes] = {}

    def hear(self, answer: SyncResponse) -> list[str]:
        """Keeps what came; says which rooms we left."""
        for room_id, room in answer.rooms.join.items():
            self._keep(room_id, room.timeline.events)
        for room_id, room in answer.rooms.leave.items():
            self._keep(room_id, room.timeline.events)
        return list(answer.rooms.leave)

    def _keep(self, room_id: str, events: list[Any]) -> None:
        if room_id not in self.events and len(self.events) >= ROOMS:
            raise ValueError(f"there are more than {ROOMS} rooms")
        kept = self.events.setdefault(room_id, {})
        for event in events:
            if isinstance(event, (RoomMessage, MegolmEvent, RoomMemberEvent)):
                kept.setdefault(event.event_id, event)
        for event_id in list(kept)[:-KEPT]:
            self.files.pop(kept.pop(event_id).event_id, None)


class View:
    """What is shown of a conversation, and which warnings come with it."""

    def __init__(self, session: Session, history: History) -> None:
        self.session = session
        self.history = history
        self.warnings: list[tuple[str, str]] = []

    async def of(self, rooms: list[MatrixRoom]) -> list[dict[str, Any]]:
        timelines = [list(self.history.events.get(room.room_id, {}).values()) for room in rooms]
        for timeline in timelines:
            self._newcomers(timeline)
        entries = [
            (event, room) for room, timeline in zip(rooms, timelines) for event in timeline
        ]
        entries.sort(key=lambda entry: entry[0].server_timestamp)
        shown = [await self._show(event, room) for event, room in entries]
        return [each for each in shown if each is not None]

    async def _show(self, event: Event, room: MatrixRoom) -> Optional[dict[str, Any]]:
        if isinstance(event, MegolmEvent):
            event = self._again(event, room)
        shown: dict[str, Any] = {
            "message": event.event_id,
            "sender": self.session.user_name(event.sender),
        }
        marks: list[str] = []
        if isinstance(event, MegolmEvent):
            marks.append("undecryptable")
            self._warn("undecryptable", f"no message could be decrypted from {event.sender}")
            content = {"kind": "text", "text": ""}
            return {**shown, "content": content, "encrypted": True, "verified": False, "marks": marks}
        if not isinstance(event, RoomMessage):
            return None
        shown["content"] = await self._content(event, marks)
        shown["encrypted"] = bool(event.decrypted)
        if event.decrypted:
            shown["verified"] = bool(event.verified)
            if not event.verified:
                self._warn("unverified", f"nio says verified=False of messages from {event.sender}")
        elif room.encrypted:
            text = f"nio says decrypted=False of a message from {event.sender} in an encrypted room"
            self._warn("unencrypted", text)
        return {**shown, "marks": marks} if marks else shown

    def _again(self, event: MegolmEvent, room: MatrixRoom) -> Event:
        """The key may have come after the message."""
        try:
            found = self.session.nio.decrypt_event(event)
        except EncryptionError:
            return event
        if not isinstance(found, Event):
            return event
        self.history.events[room.room_id][event.event_id] = found
        return found

    def _newcomers(self, timeline: list[Event]) -> None:
        """Who came after us, and not by our own hand."""
        news: list[str] = []
        for event in timeline:
            if not isinstance(event, RoomMemberEvent) or event.membership not in ("invite", "join"):
                continue
            whom, by, before = event.state_key, event.sender, event.prev_membership
            if whom == self.session.nio.user_id:
                news.clear()
            elif by != self.session.nio.user_id and before not in ("join", event.membership):
                invited = event.membership == "invite"
                if invited or before != "invite":
                    news.append(f"{whom} was invited by {by}" if invited else f"{whom} joined")
        for text in news:
            self._warn("member-added", text)

    def _warn(self, warning_class: str, text: str) -> None:
        if (warning_class, text) not in self.warnings:
            self.warnings.append((warning_class, text))

    # ---- contents ----

    async def _content(self, event: RoomMessage, marks: list[str]) -> dict[str, Any]:
        if isinstance(event, RoomMessageFormatted):
            return {"kind": "text", "text": event.body}
        if isinstance(event, (RoomMessageMedia, RoomEncryptedMedia)):
            body = encode(await self._file(event, marks))
            return {"kind": "file", "name": event.body, "media_type": media_type(event), "body": body}
        # Of a kind that nio does not know: a client shows the text that comes with it.
        body = event.source["content"].get("body")
        marks.append("unknown kind of message")
        return {"kind": "text", "text": body if isinstance(body, str) else ""}

    async def _file(self, event: RoomMessage, marks: list[str]) -> bytes:
        files = self.history.files
        if event.event_id in files:
            return files[event.event_id]
        try:
            body = await download(self.session.nio, event)
        except NotShown as reason:
            marks.append(str(reason))
            if reason.undecryptable:
                self._warn("undecryptable", f"a file from {event.sender} could not be decrypted")
            return b""
        if sum(map(len, files.values())) + len(body) > LARGEST_SHOWN:
            raise ValueError(f"files of more than {LARGEST_SHOWN} bytes would have to be shown")
        files[event.event_id] = body
        return body
