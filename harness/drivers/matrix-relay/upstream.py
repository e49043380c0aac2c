# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The way to the real server, whose certificate is checked like an app does it."""

import json
from typing import Any, Optional
from urllib.parse import quote

import aiohttp
from yarl import URL

from world import OneServer, World

# Seconds for one exchange, a long poll or a large upload among them; and for one of our own.
LONGEST, OWN = 180.0, 20.0

# Bytes of an answer that we asked for ourselves.
LARGEST = 8 * 1024 * 1024

CLIENT = "/_matrix/client/v3"


class Upstream:
    """The server behind the relay."""

    def __init__(self, server: dict[str, Any]) -> None:
        self.world = World()
        self.world.set_server(server)
        self.url = self.world.url()
        name = server.get("name") or server["host"]
        self.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=OneServer(name, server["host"]), ssl=self.world.tls(), limit=128
            ),
            timeout=aiohttp.ClientTimeout(total=LONGEST, connect=OWN),
            # Nothing of one app may reach the server with another's request.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self.http.close()

    async def forward(
        self, method: str, path: str, headers: Any, body: Any
    ) -> aiohttp.ClientResponse:
        """A request of an app, as it stands."""
        url = URL(self.url + path, encoded=True)
        return await self.http.request(
            method, url, headers=headers, data=body, allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Content-Type", "Accept-Encoding"),
        )

    async def ask(
        self, method: str, path: str, token: Optional[str] = None, body: Optional[dict] = None
    ) -> tuple[int, Any]:
        """A request of our own; the status and the JSON of its answer."""
        headers = {"Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=OWN)
        url = URL(self.url + CLIENT + path, encoded=True)
        async with self.http.request(
            method, url, headers=headers, json=body, timeout=timeout, allow_redirects=False
        ) as answer:
            text = await answer.content.read(LARGEST + 1)
            while len(text) <= LARGEST and (more := await answer.content.read(LARGEST + 1)):
                text += more
            if len(text) > LARGEST:
                raise ValueError(f"an answer of the server has more than {LARGEST} bytes")
            return answer.status, json.loads(text)


def segment(text: str) -> str:
    """As one part of a path."""
    return quote(text, safe="")
