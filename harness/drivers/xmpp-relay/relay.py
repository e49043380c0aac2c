# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The server as apps see it: listeners on loopback, and what each connection goes through."""

import asyncio
import ssl
from typing import Any, Callable, Coroutine, Optional
import xml.etree.ElementTree as ET

from acts import Honest, act_of
import certificates
from link import Link
from markup import CLIENT
from observer import Observer
from people import People
from protocol import Refused
from record import Record
from starttls import CHUNK, Side, as_app, as_server
from world import Server, World

LOOPBACK = "127.0.0.1"

CONNECTIONS = 64

UPLOAD = "upload-endpoint"


class Relay:
    """Between the apps and one server; `ghost_of` makes keys of a device that does not exist."""

    def __init__(self, server: Server, ghost_of: Callable[[str, int], Any]) -> None:
        self.server, self.ghost_of = server, ghost_of
        self.people = People(server.name)
        self.record, self.act = Record(), Honest()
        self.observer = Observer(self.people)
        self.root = certificates.Root()
        self.listeners: list[asyncio.Server] = []
        self.tasks: set[asyncio.Task] = set()

    # ---- connections ----

    async def open(self, upload: Optional[tuple[str, int]]) -> dict[str, Any]:
        self.far_tls = World(self.server).tls()
        names = await self._names()
        self.near_tls = self.root.context(names)
        port = await self._listen(self._app, None)
        further = {}
        if upload is not None:

            async def transfer(near: Side) -> None:
                await self._transfer(near, *upload)

            further[UPLOAD] = f"{LOOPBACK}:{await self._listen(transfer, self.near_tls)}"
        return {"host": LOOPBACK, "port": port, "trust_anchor": self.root.pem, "further": further}

    async def _names(self) -> list[Any]:
        """Of the server's certificate, which is checked here for the first time."""
        try:
            side = await self._far()
        except ssl.SSLError as error:
            raise Refused("bad-key", f"the server's certificate is not accepted: {error}") from error
        certificate = side.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        side.close()
        return certificates.names_of(certificate, self.server.name)

    async def _far(self) -> Side:
        return await as_app(self.server.host, self.server.port, self.server.name, self.far_tls)

    async def _listen(
        self, serve: Callable[[Side], Coroutine[Any, Any, None]], tls: Optional[ssl.SSLContext]
    ) -> int:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            near, task = Side(reader, writer), asyncio.current_task()
            if len(self.tasks) >= CONNECTIONS:
                near.close()
                return
            self.tasks.add(task)
            try:
                await serve(near)
            except Exception as error:  # pylint: disable=broad-except
                # Neither end is ours: whatever breaks ends this connection, and is told.
                self.record.note(f"a connection broke: {type(error).__name__}: {error}")
            finally:
                self.tasks.discard(task)
                near.close()

        listener = await asyncio.start_server(accepted, LOOPBACK, 0, ssl=tls)
        self.listeners.append(listener)
        return listener.sockets[0].getsockname()[1]

    async def _app(self, near: Side) -> None:
        far = await self._far()
        try:
            await as_server(near, self.server.name, self.near_tls)
            await Link(near, far, self).carry()
        finally:
            far.close()

    async def _transfer(self, near: Side, host: str, port: int) -> None:
        """A file goes through as it is."""
        name = self.server.name
        far = Side(*await asyncio.open_connection(host, port, ssl=self.far_tls, server_hostname=name))

        async def carry(source: Side, target: Side) -> None:
            while data := await source.read():
                await target.write(data)

        ways = [asyncio.create_task(carry(*way)) for way in ((near, far), (far, near))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            far.close()

    async def close(self) -> None:
        for listener in self.listeners:
            listener.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # ---- what goes by ----

    def came(self, link: Link) -> None:
        self.people.links.append(link)

    def gone(self, link: Link) -> None:
        if link in self.people.links:
            self.people.links.remove(link)

    async def from_app(self, link: Link, stanza: ET.Element) -> Optional[list[ET.Element]]:
        self.people.note_from_app(link, stanza)
        await self.observer.look(link, stanza, self.record, self.act.view)
        if link.jid is None or link.bare != self.act.view:
            return None
        if not link.there and is_greeting(stanza):
            link.there = True
            await self.act.arrived(link)
        return await self.act.from_app(link, stanza)

    async def to_app(self, link: Link, stanza: ET.Element) -> Optional[list[ET.Element]]:
        self.people.note_to_app(link, stanza)
        if link.jid is None or link.bare != self.act.view:
            return None
        return await self.act.to_app(link, stanza)

    # ---- acts ----

    def ghost(self, owner: str, number: int) -> Any:
        made = self.ghost_of(owner, number)
        self.observer.hold(made)
        return made

    async def tamper(self, args: dict[str, Any]) -> None:
        before, self.act = self.act, Honest()
        await before.end()
        # The act notes in this record from its first line on.
        self.record = Record()
        act = act_of(self, args)
        self.act = act
        try:
            await act.begin()
        except BaseException:
            self.act = Honest()
            raise


def is_greeting(stanza: ET.Element) -> bool:
    """The presence with which an app says that it is there."""
    return stanza.tag == f"{CLIENT}presence" and not {"to", "type"} & set(stanza.keys())
