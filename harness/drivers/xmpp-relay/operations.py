# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The operations of the driver protocol on the interceptor."""

import asyncio
from typing import Any, Callable, Optional

from claim import claim
from protocol import VERSIONS, Unsupported, read
from relay import UPLOAD, Relay
from world import Server, World

VERSION = "0.1.0"

# Shorter than the manifest's deadline.
OPERATION_SECONDS = 80

# Claims that one operation makes at most.
CLAIMS = 10_000

CALLING = (
    "An interceptor between XMPP apps and their server: it ends the apps' STARTTLS with a certificate "
    "of its own root, takes channel binding, stream management and compression out of what the server "
    "offers, and passes on, byte for byte, what the act that is switched on does not change. It asks "
    "the server on the app's connection where an act needs to know something."
)

SERVER = {"host": "text", "port": "count", "name": "text?", "trust_anchor": "text?"}

OPERATIONS: dict[str, str] = {
    "hello": "hello",
    "ping": "ping",
    "reset": "reset",
    "shutdown": "shutdown",
    "relay.open": "open",
    "relay.tamper": "tamper",
    "relay.seen": "seen",
    "relay.claim": "claim",
}


class Operations:
    def __init__(self, ghost_of: Callable[[str, int], Any]) -> None:
        self.ghost_of = ghost_of
        self.relay: Optional[Relay] = None

    async def run(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        if op not in OPERATIONS:
            raise Unsupported(f"`{op}` is not an operation of an interceptor")
        async with asyncio.timeout(OPERATION_SECONDS):
            return await getattr(self, OPERATIONS[op])(args)

    def take_warnings(self) -> list[Any]:
        return []

    async def close(self) -> None:
        if self.relay is not None:
            await self.relay.close()

    # ---- control ----

    async def hello(self, args: dict[str, Any]) -> dict[str, Any]:
        offered = read({"protocols": "texts"}, args)["protocols"]
        chosen = next((version for version in offered if version in VERSIONS), None)
        if chosen is None:
            raise ValueError(f"this driver speaks {' and '.join(VERSIONS)}")
        return {
            "protocol": chosen,
            "driver": {"name": "xmpp-relay", "version": VERSION},
            "candidate": {"name": "xmpp-relay", "version": VERSION},
            "family": "omemo",
            "calling": CALLING,
            "capabilities": sorted(name for name in OPERATIONS if name.startswith("relay.")),
            "limits": {},
        }

    async def ping(self, args: dict[str, Any]) -> dict[str, Any]:
        return read({}, args)

    async def reset(self, args: dict[str, Any]) -> dict[str, Any]:
        read({"seed": "count?"}, args)
        await self.close()
        self.relay = None
        return {}

    async def shutdown(self, args: dict[str, Any]) -> dict[str, Any]:
        read({}, args)
        await self.close()
        return {}

    # ---- the relay ----

    async def open(self, args: dict[str, Any]) -> dict[str, Any]:
        told = read({"server": "object", "further": "object?"}, args)
        if self.relay is not None:
            raise ValueError("the relay is open, and has its server: start another process for another")
        place = read(SERVER, told["server"])
        server = Server(**{**place, "name": place["name"] or place["host"]})
        further = read({UPLOAD: "text?"}, told["further"] or {})
        relay = Relay(server, self.ghost_of)
        try:
            opened = await relay.open(endpoint(further[UPLOAD]))
        except BaseException:
            await relay.close()
            raise
        self.relay = relay
        return opened

    async def tamper(self, args: dict[str, Any]) -> dict[str, Any]:
        await self._opened().tamper(args)
        return {}

    async def seen(self, args: dict[str, Any]) -> dict[str, Any]:
        read({}, args)
        return self._opened().record.seen()

    async def claim(self, args: dict[str, Any]) -> dict[str, Any]:
        told = read({"user": "text", "claims": "count"}, args)
        if told["claims"] > CLAIMS:
            raise ValueError(f"at most {CLAIMS} claims are made at once")
        return await claim(World(self._opened().server), told["user"], told["claims"])

    def _opened(self) -> Relay:
        if self.relay is None:
            raise ValueError("there is no relay: `relay.open` comes first")
        return self.relay


def endpoint(value: Optional[str]) -> Optional[tuple[str, int]]:
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"`{UPLOAD}` is `host:port`")
    return host.strip("[]"), int(port)
