# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The world as the harness chooses it: the server, what to trust, where secrets and state go."""

import asyncio
import ipaddress
import os
import shutil
import socket
import ssl
import tempfile
from typing import Any, Optional

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from protocol import read

SERVER = {"host": "text", "port": "count", "name": "text?", "trust_anchor": "text?"}


class World:
    """What `world.set` said so far."""

    def __init__(self) -> None:
        self.server: Optional[dict[str, Any]] = None
        self.keylog: Optional[str] = None
        self.storage: Optional[str] = None
        self.push_sink: Optional[str] = None
        # A folder of our own, where the harness named none.
        self.private: Optional[str] = None

    def set_server(self, given: dict[str, Any]) -> None:
        server = read(SERVER, given)
        anchor = server["trust_anchor"]
        if anchor is not None and "-----BEGIN CERTIFICATE-----" not in anchor:
            raise ValueError("bad arguments: field `trust_anchor`: not a certificate in PEM")
        if not 0 < server["port"] < 65536:
            raise ValueError("bad arguments: field `port`: not a port")
        self.server = server

    def folder(self) -> str:
        """Where the application keeps what it keeps."""
        if self.storage is not None:
            os.makedirs(self.storage, exist_ok=True)
            return self.storage
        if self.private is None:
            self.private = tempfile.mkdtemp(prefix="hallmark-matrix-nio-")
        return self.private

    def close(self) -> None:
        if self.private is not None:
            shutil.rmtree(self.private, ignore_errors=True)
            self.private = None

    # ---- the way to the server ----

    def url(self) -> str:
        """The homeserver by the name that its certificate must carry."""
        server = self._server()
        name = server["name"] or server["host"]
        return f"https://{f'[{name}]' if ':' in name else name}:{server['port']}"

    def tls(self) -> ssl.SSLContext:
        """Only the trust anchor is trusted; the system's roots are where there is none."""
        context = ssl.create_default_context(cadata=self._server()["trust_anchor"])
        if self.keylog is not None:
            context.keylog_filename = self.keylog
        return context

    def http(self, timeout: float) -> aiohttp.ClientSession:
        """Connects to the server's host alone, whatever an answer redirects to."""
        server = self._server()
        resolver = OneServer(server["name"] or server["host"], server["host"])
        connector = aiohttp.TCPConnector(resolver=resolver, ssl=self.tls())
        return aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=timeout), trust_env=False
        )

    def _server(self) -> dict[str, Any]:
        if self.server is None:
            raise ValueError("no server is known: `world.set` comes first")
        return self.server


class OneServer(AbstractResolver):
    """Knows one name, and where its server is."""

    def __init__(self, name: str, host: str) -> None:
        self.name, self.host = name, host

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_UNSPEC) -> list:
        if host != self.name:
            raise OSError(f"`{host}` is not the server that the harness named")
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            found = await ThreadedResolver(asyncio.get_running_loop()).resolve(self.host, port, family)
            return [{**each, "hostname": host} for each in found]
        version = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        return [
            {
                "hostname": host,
                "host": self.host,
                "port": port,
                "family": version,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
        ]

    async def close(self) -> None:
        """Holds nothing."""
