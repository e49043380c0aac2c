# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Files by HTTP upload (XEP-0363), in the clear or as OMEMO media sharing (XEP-0454).

XEP-0454, an `aesgcm:` address inside the encrypted message, is what clients in wide use send
(Conversations, Dino, Gajim, Monal), and what slixmpp has; nothing of its kind exists in it for the
younger XEP-0448.
"""

from io import BytesIO
import mimetypes
from pathlib import Path
import re
import socket
from typing import Any, Optional
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from cryptography.exceptions import InvalidTag
from slixmpp import ClientXMPP
from slixmpp.plugins.xep_0363 import http_upload

from protocol import Refused, encode
from world import World

LARGEST = 10 * 1024 * 1024

# Nonce and key, as XEP-0454 writes them.
FRAGMENT = re.compile(r"[0-9a-fA-F]{88}")

TRANSFER = aiohttp.ClientTimeout(total=30)


class Damaged(Exception):
    """The file's authentication tag does not verify."""


class ToWorld(AbstractResolver):
    """Every name is where the harness says; TLS checks the name all the same."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict]:
        host_there, port_there = self.world.upload_endpoint or (self.world.server.host, port)
        found = socket.getaddrinfo(host_there, port_there, type=socket.SOCK_STREAM)
        return [
            {
                "hostname": host,
                "host": address[0],
                "port": address[1],
                "family": family_there,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for family_there, _, _, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def session(world: World, **options: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=world.tls(), resolver=ToWorld(world))
    return aiohttp.ClientSession(connector=connector, timeout=TRANSFER, **options)


def install(world: World) -> None:
    """Lets slixmpp's own upload code, which has no option for it, connect as the harness says."""
    http_upload.ClientSession = lambda **options: session(world, **options)


async def upload(
    client: ClientXMPP, name: str, media_type: str, body: bytes, encrypted: bool
) -> str:
    """Uploads, and returns the address to be sent."""
    try:
        if encrypted:
            # The plug-in sends a random name with the old ending, and no media type but that which
            # follows from the ending.
            return await client["xep_0454"].upload_file(Path(name), input_file=BytesIO(body))
        return await client["xep_0363"].upload_file(
            name, content_type=media_type, input_file=BytesIO(body)
        )
    except http_upload.FileTooBig as error:
        raise Refused("policy", str(error)) from error
    except (http_upload.UploadServiceNotFound, http_upload.HTTPError) as error:
        raise Refused("other", f"{type(error).__name__}: {error}") from error


def address(text: str, attached: Optional[str], domain: str) -> Optional[SplitResult]:
    """The address of the file that a message consists of, if it does and it is of our server."""
    if any(character.isspace() for character in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return None
    is_file = (parts.scheme == "aesgcm" and FRAGMENT.fullmatch(parts.fragment)) or (
        parts.scheme == "https" and text == attached
    )
    is_ours = host == domain or host.endswith("." + domain)
    return parts if is_file and is_ours else None


async def download(client: ClientXMPP, world: World, parts: SplitResult) -> dict[str, Any]:
    """The file, as content."""
    name = unquote(Path(parts.path).name)
    url = parts._replace(scheme="https", fragment="").geturl()
    async with session(world) as http, http.get(url) as response:
        response.raise_for_status()
        body = await response.content.read(LARGEST + 1)
        while not response.content.at_eof() and len(body) <= LARGEST:
            body += await response.content.read(LARGEST + 1 - len(body))
    if len(body) > LARGEST:
        raise aiohttp.ClientPayloadError(f"the file is larger than {LARGEST} bytes")
    if parts.scheme == "aesgcm":
        try:
            body = client["xep_0454"].decrypt(BytesIO(body), parts.fragment)
        except (InvalidTag, ValueError, OSError) as error:
            raise Damaged(f"the file does not decrypt: {type(error).__name__}") from error
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"kind": "file", "name": name, "media_type": media_type, "body": encode(body)}
