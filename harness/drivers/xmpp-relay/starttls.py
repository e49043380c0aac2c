# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Up to TLS: towards an app as its server, towards the server as an app."""

import asyncio
import secrets
import ssl
from typing import Callable
import xml.etree.ElementTree as ET
from xml.sax.saxutils import quoteattr

from markup import STREAM, TLS
from stanzas import Kind, NotXmpp, Stanzas

CHUNK = 64 * 1024

NEGOTIATION_SECONDS = 20

PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


class Side:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read(self) -> bytes:
        return await self.reader.read(CHUNK)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()


async def as_server(side: Side, domain: str, context: ssl.SSLContext) -> None:
    """Lets an app do STARTTLS with us."""
    async with asyncio.timeout(NEGOTIATION_SECONDS):
        stanzas = Stanzas()
        await _until(side, stanzas, lambda kind, _: kind is Kind.HEADER)
        header = (
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
            " xmlns:stream='http://etherx.jabber.org/streams' version='1.0' xml:lang='en'"
            f" id='{secrets.token_hex(8)}' from={quoteattr(domain)}><stream:features>"
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
            "</stream:features>"
        )
        await side.write(header.encode())
        await _until(side, stanzas, lambda _, element: element.tag == f"{TLS}starttls")
        await side.write(PROCEED)
        await side.writer.start_tls(context)


async def as_app(host: str, port: int, domain: str, context: ssl.SSLContext) -> Side:
    """Connects to the server, and does STARTTLS with it."""
    async with asyncio.timeout(NEGOTIATION_SECONDS):
        side = Side(*await asyncio.open_connection(host, port))
        try:
            stanzas = Stanzas()
            header = (
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
                " xmlns:stream='http://etherx.jabber.org/streams' version='1.0'"
                f" to={quoteattr(domain)}>"
            )
            await side.write(header.encode())
            await _until(side, stanzas, lambda _, element: element.tag == f"{STREAM}features")
            await side.write(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            await _until(side, stanzas, lambda _, element: element.tag == f"{TLS}proceed")
            await side.writer.start_tls(context, server_hostname=domain)
        except BaseException:
            side.close()
            raise
        return side


async def _until(
    side: Side, stanzas: Stanzas, matches: Callable[[Kind, ET.Element], bool]
) -> None:
    nothing = ET.Element("nothing")
    while data := await side.read():
        for piece in stanzas.feed(data):
            if matches(piece.kind, nothing if piece.element is None else piece.element):
                return
    raise NotXmpp("the connection ended before TLS")
