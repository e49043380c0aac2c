# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The application: one device of one account, on a server."""

import asyncio
from collections import deque
from typing import Any, Optional

import aiohttp
from slixmpp import JID, Message
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

import archive
from client import Client, enter
import files
from inbox import Inbox, contains
from plain import Plain
from protocol import Refused, decode
from rooms import Rooms
from world import Store, World

# How long a room may take to send a message back, or to refuse it.
REFLECTION_SECONDS = 20

# Messages of rooms that are remembered, so that the history does not show them again.
SEEN = 5000

# Stanzas that wait to be shown; a server that sends more is not read from meanwhile.
WAITING = 10_000


class App:
    def __init__(self, world: World, layer_of: Any) -> None:
        self.world, self.store = world, Store(world.folder)
        self.inbox = Inbox(self.store)
        self.layer: Plain = layer_of(self.store, self.inbox)
        self.account: dict[str, Any] = self.store.read("account")
        self.rooms = Rooms(self.inbox, set(self.account.get("left", [])), self._note_left)
        self.client: Optional[Client] = None
        # Set when the harness changed the world: the next operation connects anew.
        self.moved = False
        self.arrived: asyncio.Queue[tuple[Message, bool]] = asyncio.Queue(WAITING)
        self.worker = asyncio.create_task(self._show_arriving())
        self.fault: Optional[BaseException] = None
        # By the message's id: nothing where a room sent it back, or the error with which it came.
        self.fates: dict[str, asyncio.Future[Optional[str]]] = {}
        self.seen: deque[tuple[str, str]] = deque(maxlen=SEEN)

    # ---- the account ----

    async def login(self, user: str, password: str, display_name: Optional[str]) -> None:
        # An account that is entered for the first time here has its archive read from now on.
        known = self.account if self.account.get("user") == user else {}
        await self._enter({**known, "user": user, "password": password}, enter)
        if display_name is not None:
            await self.client["xep_0172"].publish_nick(display_name)

    async def _enter(self, account: dict[str, Any], how: Any) -> None:
        await self.leave()

        def make(sign_up: bool) -> Client:
            client = Client(self.world, account["user"], account["password"], sign_up)
            self._attach(client)
            return client

        files.install(self.world)
        self.client = await how(make, self.world)
        self.moved, self.account = False, account
        self.store.write("account", account)
        await self.client.get_roster()
        await self.client["xep_0280"].enable()
        await self.layer.ready(self.client)
        # Before we say that we are there: then the server does not send the same a second time.
        await self._catch_up()
        self.client.send_presence()
        await self.settle()

    async def _catch_up(self) -> None:
        if (place := self.account.get("archived")) is None:
            self._note_place(await archive.newest(self.client))
            return
        own = self.client.boundjid.bare
        try:
            async for place, message in archive.since(self.client, place):
                sent = message["from"].bare == own
                if not (sent and self._is_shown(message["to"].user, message)):
                    await self.arrived.put((message, sent))
                await self.arrived.join()
                self._note_place(place)
        except IqError as error:
            if not archive.is_gone(error):
                raise
            self._note_place(await archive.newest(self.client))

    def _note_place(self, place: str) -> None:
        self.account["archived"] = place
        self.store.write("account", self.account)

    async def online(self) -> Client:
        """The client; connected again where the connection was lost, as an application does."""
        self._report_fault()
        if not self.account:
            raise ValueError("nobody is logged in: `account.login` comes first")
        if self.client is None or self.moved or not self.client.is_in:
            await self._enter(self.account, enter_again)
        return self.client

    async def leave(self) -> None:
        if self.client is not None:
            await self.client.leave()
            self.client = None

    async def close(self) -> None:
        await self.leave()
        self.worker.cancel()

    def _attach(self, client: Client) -> None:
        every = MatchXPath(f"{{{client.default_ns}}}message")
        client.register_handler(Callback("every message", every, self._message))
        client.add_event_handler("carbon_received", lambda each: self._copy(each, "carbon_received"))
        client.add_event_handler("carbon_sent", lambda each: self._copy(each, "carbon_sent"))
        self.layer.attach(client)
        self.rooms.attach(client)

    def _note_left(self) -> None:
        self.account["left"] = sorted(self.rooms.left)
        self.store.write("account", self.account)

    # ---- sending ----

    async def send(self, conversation: str, content: dict[str, Any]) -> str:
        client = await self.online()
        is_group = await self._is_group(conversation)
        if is_group and conversation not in self.rooms.joined:
            raise Refused("not-member", f"we are not in `{conversation}`")
        text, attached = await self._text(client, content)
        to = self.rooms.jid(conversation) if is_group else self.rooms.member(conversation)
        kind = "groupchat" if is_group else "chat"
        message = client.make_message(mto=to, mbody=text, mtype=kind)
        if attached:
            message["oob"]["url"] = attached
        own = JID(client.boundjid.bare)
        others = await self.rooms.members(conversation) - {own} if is_group else {to}
        message = await self.layer.seal(message, others or {own})
        await self._deliver(message, is_group)
        await self.inbox.show(
            conversation,
            {
                "message": message["id"],
                "sender": client.boundjid.user,
                "content": content,
                "encrypted": self.layer.encrypts,
            },
        )
        return message["id"]

    async def _text(self, client: Client, content: dict[str, Any]) -> tuple[str, Optional[str]]:
        """The body of the message, and the address that is repeated beside it in clear."""
        if content["kind"] == "text":
            return content["text"], None
        body = decode(content["body"])
        url = await files.upload(
            client, content["name"], content["media_type"], body, self.layer.encrypts
        )
        return url, None if self.layer.encrypts else url

    async def _deliver(self, message: Message, is_group: bool) -> None:
        number = message["id"]
        fate = self.fates[number] = asyncio.get_running_loop().create_future()
        try:
            message.send()
            if is_group:
                async with asyncio.timeout(REFLECTION_SECONDS):
                    condition = await fate
            else:
                # What the server answers to the message comes before its answer to a ping.
                await self.settle()
                condition = fate.result() if fate.done() else None
        finally:
            del self.fates[number]
        if condition is not None:
            not_in = is_group and condition in ("not-acceptable", "forbidden")
            words = f"the server returned the message: {condition}"
            raise Refused("not-member" if not_in else "other", words)

    # ---- receiving ----

    def _message(self, message: Message) -> None:
        if message["type"] == "error":
            self._fate(message["id"], message["error"]["condition"])
        elif message["type"] == "groupchat" and message["id"] in self.fates:
            if self._is_own(message):
                self._fate(message["id"], None)
                self.seen.append((message["from"].full, message["id"]))
        elif message["type"] in ("chat", "normal", "groupchat"):
            self._queue(message, False)

    def _copy(self, copy: Message, kind: str) -> None:
        self._queue(copy[kind], kind == "carbon_sent")

    def _queue(self, message: Message, sent: bool) -> None:
        try:
            self.arrived.put_nowait((message, sent))
        except asyncio.QueueFull:
            self.fault = OverflowError("more messages arrived than the driver keeps waiting")

    def _fate(self, number: str, condition: Optional[str]) -> None:
        fate = self.fates.get(number)
        if fate is not None and not fate.done():
            fate.set_result(condition)

    def _is_own(self, message: Message) -> bool:
        return message["from"].resource == self.client.boundjid.user

    async def _show_arriving(self) -> None:
        """One after the other, in the order in which the server sent them."""
        while True:
            message, sent = await self.arrived.get()
            try:
                await self._show(message, sent)
            except Exception as error:  # pylint: disable=broad-except
                # Unforeseen: the next operation reports it.
                self.fault = error
            finally:
                self.arrived.task_done()

    async def _show(self, message: Message, sent: bool) -> None:
        source: JID = message["from"]
        sender, conversation = source.user, (message["to"] if sent else source).user
        if message["type"] == "groupchat":
            mark = (source.full, message["id"])
            if not source.resource or mark in self.seen or self._is_shown(conversation, message):
                return
            self.seen.append(mark)
            real = self.rooms.real(source, source.resource)
            sender = real.user if real else source.resource
        if not conversation:
            return  # The server itself.
        opened = await self.layer.open(message)
        if opened is None:
            return
        shown = {
            "message": message["id"],
            "sender": sender,
            "content": await self._content(opened.text, message),
            "encrypted": opened.encrypted,
            "verified": opened.verified,
            "marks": opened.marks,
        }
        if place := archive.place(message, self.client):
            self._note_place(place)
        await self.inbox.show(conversation, {k: v for k, v in shown.items() if v not in (None, "", [])})

    def _is_shown(self, conversation: str, message: Message) -> bool:
        """Whether this is in the history that the application kept, as a room or archive repeats it."""
        who = message["from"].resource if message["type"] == "groupchat" else message["from"].user
        shown = self.inbox.shown(conversation)
        return any((each.get("message"), each["sender"]) == (message["id"], who) for each in shown)

    async def _content(self, text: str, message: Message) -> dict[str, Any]:
        attached = message["oob"]["url"] or None
        parts = files.address(text, attached, self.world.server.name)
        if parts is not None:
            try:
                return await files.download(self.client, self.world, parts)
            except files.Damaged as error:
                self.inbox.warn("undecryptable", str(error))
            except (aiohttp.ClientError, TimeoutError) as error:
                self.inbox.warn("other", f"the file cannot be fetched: {error}")
        return {"kind": "text", "text": text}

    # ---- looking ----

    async def read(self, conversation: str) -> list[dict[str, Any]]:
        await self.online()
        await self._is_group(conversation)
        await self.settle()
        return self.inbox.shown(conversation)

    async def wait(self, conversation: str, text: str, seconds: float) -> list[dict[str, Any]]:
        await self.online()
        await self._is_group(conversation)
        await self.inbox.wait(conversation, contains(text), seconds)
        self._report_fault()
        return self.inbox.shown(conversation)

    async def _is_group(self, conversation: str) -> bool:
        await self.settle()
        return await self.rooms.find(conversation)

    async def settle(self) -> None:
        """Until everything that the server sent before is taken in.

        The answer to a ping comes after it, on the one stream there is.
        """
        await self.client["xep_0199"].send_ping(JID(self.client.boundjid.domain), timeout=20)
        await self.layer.settled()
        await self.arrived.join()
        self._report_fault()

    def _report_fault(self) -> None:
        fault, self.fault = self.fault, None
        if self.client is not None:
            fault, self.client.fault = fault or self.client.fault, None
        if fault is not None:
            raise fault


async def enter_again(make: Any, world: World) -> Client:
    """Logs in to an account that was there; nobody signs up silently."""
    client = make(False)
    if await client.enter(world) == "in":
        return client
    client.abort()
    raise Refused("policy", "the server no longer accepts the password")
