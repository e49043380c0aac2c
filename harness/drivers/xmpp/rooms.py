# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Groups: members-only rooms in which everybody sees everybody's address (XEP-0045).

That is the room that OMEMO needs, and what clients make for a private group. The client without
OMEMO makes the same. A room is kept in the account's bookmarks (XEP-0402), so that the account's
other devices find it.
"""

import asyncio
from typing import Any, Callable, Optional
import xml.etree.ElementTree as ET

from slixmpp import JID, Presence
from slixmpp.exceptions import IqError, PresenceError

from client import Client, address
from inbox import Inbox
from protocol import Refused

BOOKMARKS = "urn:xmpp:bookmarks:1"

# Messages of the room's history that are asked for when joining.
HISTORY = 50

JOIN_SECONDS = 20

# Of presence: about oneself; the room is new.
SELF, CREATED = 110, 201

AFFILIATIONS = ("owner", "admin", "member")

NOT_ADMITTED = ("registration-required", "forbidden", "not-allowed", "item-not-found")


class Rooms:
    def __init__(self, inbox: Inbox, left: set[str], note_left: Callable[[], None]) -> None:
        self.inbox = inbox
        # By the group's name.
        self.joined: set[str] = set()
        self.known: dict[str, set[str]] = {}
        self.invited: set[str] = set()
        self.left, self.note_left = left, note_left
        self.lock = asyncio.Lock()

    def attach(self, client: Client) -> None:
        self.client = client
        self.joined.clear()
        client.add_event_handler("groupchat_direct_invite", self._invited)
        client.add_event_handler("groupchat_presence", self._presence)
        client.add_event_handler("presence_error", self._not_admitted)

    # ---- names ----

    def jid(self, group: str) -> JID:
        return address(group, f"conference.{self.client.boundjid.domain}")

    def member(self, user: str) -> JID:
        return address(user, self.client.boundjid.domain)

    def real(self, room: JID, nick: str) -> Optional[JID]:
        """Who has this name in the room."""
        try:
            found = self.client["xep_0045"].get_jid_property(JID(room.bare), nick, "jid")
        except KeyError:
            return None
        return JID(found) if found else None

    async def find(self, name: str) -> bool:
        """Whether this names a group; one to which we were invited is joined."""
        if name in self.joined or name in self.left:
            return True
        if name in self.invited or str(self.jid(name)) in await self._bookmarks():
            await self.join(name)
            return True
        return False

    # ---- joining and leaving ----

    async def join(self, group: str) -> Presence:
        room, nick = self.jid(group), self.client.boundjid.user
        async with self.lock:
            try:
                presence, *_ = await self.client["xep_0045"].join_muc_wait(
                    room, nick, maxstanzas=HISTORY, timeout=JOIN_SECONDS
                )
            except PresenceError as error:
                if error.condition not in NOT_ADMITTED:
                    raise
                self._gone(group)
                words = f"the server does not admit us to `{group}`: {error.condition}"
                raise Refused("not-member", words) from error
            self.joined.add(group)
            self.invited.discard(group)
            if group in self.left:
                self.left.discard(group)
                self.note_left()
        if CREATED not in presence["muc"]["status_codes"]:
            self.known[group] = {jid.user for jid in await self.members(group)}
        await self._bookmark(group)
        return presence

    async def create(self, group: str, title: Optional[str]) -> None:
        presence = await self.join(group)
        if CREATED not in presence["muc"]["status_codes"]:
            raise Refused("other", f"there is a group `{group}` already")
        self.known[group] = {self.client.boundjid.user}
        form = self._form(
            "http://jabber.org/protocol/muc#roomconfig",
            {
                "muc#roomconfig_roomname": title or group,
                "muc#roomconfig_membersonly": "1",
                "muc#roomconfig_whois": "anyone",
                "muc#roomconfig_persistentroom": "1",
                "muc#roomconfig_publicroom": "0",
            },
        )
        await self.client["xep_0045"].set_room_config(self.jid(group), form)

    async def add(self, group: str, members: list[str]) -> None:
        for user in members:
            await self._affiliate(group, user, "member")
            self.known.setdefault(group, set()).add(user)
            self.client["xep_0249"].send_invitation(self.member(user), self.jid(group))

    async def remove(self, group: str, members: list[str]) -> None:
        own = self.client.boundjid.user
        for user in members:
            if user != own:
                await self._affiliate(group, user, "none")
                self.known.get(group, set()).discard(user)
        if own in members:
            self.client["xep_0045"].leave_muc(self.jid(group), own)
            self._gone(group)
            await self._unbookmark(group)

    async def members(self, group: str) -> set[JID]:
        """As the server lists them now."""
        muc, room = self.client["xep_0045"], self.jid(group)
        try:
            lists = [await muc.get_affiliation_list(room, each) for each in AFFILIATIONS]
        except IqError as error:
            if error.condition not in NOT_ADMITTED:
                raise
            words = f"the server does not say who is in `{group}`: {error.condition}"
            raise Refused("not-member", words) from error
        return {JID(jid) for listed in lists for jid in listed}

    async def _affiliate(self, group: str, user: str, affiliation: str) -> None:
        muc = self.client["xep_0045"]
        try:
            await muc.set_affiliation(self.jid(group), affiliation, jid=self.member(user))
        except IqError as error:
            unknown = error.condition == "item-not-found"
            words = f"the server refused to make `{user}` {affiliation}: {error.condition}"
            raise Refused("not-member" if unknown else "policy", words) from error

    # ---- what the server tells ----

    def _invited(self, message: Any) -> None:
        room = JID(message["groupchat_invite"]["jid"])
        if room.domain == f"conference.{self.client.boundjid.domain}":
            self.invited.add(room.user)
            self.left.discard(room.user)

    def _presence(self, presence: Presence) -> None:
        group, codes = presence["from"].user, presence["muc"]["status_codes"]
        if presence["type"] == "unavailable":
            if SELF in codes and group in self.joined:
                self._gone(group)
            return
        real = presence["muc"]["jid"]
        known = self.known.get(group)
        if real and known is not None and real.user not in known:
            known.add(real.user)
            self.inbox.warn("member-added", f"{real.user} joined {group}")

    def _not_admitted(self, presence: Presence) -> None:
        """Tells slixmpp, which only listens to servers that repeat our wish in the error."""
        if presence.get_plugin("muc_join", check=True) is None:
            self.client.event(f"muc::{presence['from'].bare}::presence-error", presence)

    def _gone(self, group: str) -> None:
        self.joined.discard(group)
        self.invited.discard(group)
        self.known.pop(group, None)
        self.left.add(group)
        self.note_left()

    # ---- bookmarks ----

    async def _bookmarks(self) -> set[str]:
        own = JID(self.client.boundjid.bare)
        try:
            answer = await self.client["xep_0060"].get_items(own, BOOKMARKS)
        except IqError as error:
            if error.condition == "item-not-found":
                return set()
            raise
        return {item["id"] for item in answer["pubsub"]["items"]}

    async def _bookmark(self, group: str) -> None:
        conference = ET.Element(f"{{{BOOKMARKS}}}conference", {"autojoin": "true"})
        options = self._form(
            "http://jabber.org/protocol/pubsub#publish-options",
            {
                "pubsub#persist_items": "true",
                "pubsub#max_items": "max",
                "pubsub#send_last_published_item": "never",
                "pubsub#access_model": "whitelist",
            },
        )
        own = JID(self.client.boundjid.bare)
        room = str(self.jid(group))
        await self.client["xep_0060"].publish(own, BOOKMARKS, room, conference, options)

    def _form(self, of_type: str, values: dict[str, str]) -> Any:
        form = self.client["xep_0004"].make_form(ftype="submit")
        form.add_field(var="FORM_TYPE", ftype="hidden", value=of_type)
        for name, value in values.items():
            form.add_field(var=name, value=value)
        return form

    async def _unbookmark(self, group: str) -> None:
        own = JID(self.client.boundjid.bare)
        try:
            await self.client["xep_0060"].retract(own, BOOKMARKS, str(self.jid(group)))
        except IqError as error:
            if error.condition != "item-not-found":
                raise
