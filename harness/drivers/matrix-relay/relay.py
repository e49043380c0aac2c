# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The operations of the relay. The network lives in a loop of its own, beside the line protocol."""

import asyncio
import threading
from typing import Any, Optional

from acts.named import act_for, built
from certificates import mint, names_of
from claim import claim
from protocol import VERSIONS, Unsupported, read
from proxy import Proxy
from stage import Stage
from upstream import Upstream

VERSION = "0.1.0"

# Seconds for an operation.
LONGEST = 110.0

OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "list"}, "hello"),
    "ping": ({}, "ping"),
    "shutdown": ({}, "shutdown"),
    "relay.open": ({"server": "object", "further": "object?"}, "open"),
    "relay.tamper": ({}, "tamper"),
    "relay.seen": ({}, "seen"),
    "relay.claim": ({"user": "text", "claims": "count"}, "claim"),
}
CONTROL = ("hello", "ping", "shutdown")

CALLING = (
    "No app: a relay that apps take for their homeserver. It ends their TLS with a certificate from a "
    "root of its own, speaks TLS to the real server, and alters what one act needs: answers to sync, "
    "keys/query, keys/claim, members, state and messages. Compressed answers are not asked for. Acts: "
)


class Relay:
    """One process, one use."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.stage: Optional[Stage] = None
        self.proxy: Optional[Proxy] = None

    def run(self, op: str, args: Any) -> Any:
        """Runs one operation; raises `Refused`, `Unsupported`, or an error of the relay's own."""
        if op not in OPERATIONS:
            raise Unsupported(f"this relay does not offer `{op}`")
        fields, method = OPERATIONS[op]
        # Which fields an act has depends on the act.
        given = [args] if op == "relay.tamper" else read(fields, args).values()
        return self._do(getattr(self, method)(*given))

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, LONGEST), self.loop).result()

    def take_warnings(self) -> list[Any]:
        return []

    def close(self) -> None:
        """Also when the input ended without a `shutdown`."""
        self._do(self.shutdown())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    # ---- control ----

    async def hello(self, protocols: list) -> dict[str, Any]:
        chosen = next((version for version in VERSIONS if version in protocols), None)
        if chosen is None:
            raise ValueError(f"this relay speaks {' and '.join(VERSIONS)} only")
        return {
            "protocol": chosen,
            "driver": {"name": "hallmark-driver-matrix-relay", "version": VERSION},
            "candidate": {"name": "matrix-relay", "version": VERSION},
            "family": "megolm",
            "calling": CALLING + ", ".join(built()) + ".",
            "capabilities": [op for op in OPERATIONS if op not in CONTROL],
            "limits": {},
        }

    async def ping(self) -> dict:
        return {}

    async def shutdown(self) -> dict:
        if self.proxy is not None:
            await self.proxy.close()
        if self.stage is not None:
            await self.stage.server.close()
        self.proxy = self.stage = None
        return {}

    # ---- relay ----

    async def open(self, server: dict, further: Optional[dict]) -> dict[str, Any]:
        if self.stage is not None:
            raise ValueError("the relay is open already: start another process")
        if further:
            raise Unsupported("a Matrix homeserver has one endpoint: there is no further one to relay")
        upstream = Upstream(server)
        try:
            name = server.get("name") or server["host"]
            tls = upstream.world.tls()
            names = await names_of(server["host"], server["port"], name, tls)
            root, context = await asyncio.to_thread(mint, names)
            self.stage = Stage(upstream)
            self.proxy = Proxy(self.stage)
            port = await self.proxy.listen(context)
        except BaseException:
            self.stage = self.proxy = None
            await upstream.close()
            raise
        return {"host": "127.0.0.1", "port": port, "trust_anchor": root, "further": {}}

    async def tamper(self, args: Any) -> dict:
        stage = self._open()
        act = act_for(stage, args)
        await act.prepare()
        stage.play(act)
        return {}

    async def seen(self) -> dict[str, Any]:
        return self._open().seen.answer()

    async def claim(self, user: str, claims: int) -> dict[str, int]:
        stage = self._open()
        return await claim(stage.server, user, claims)

    def _open(self) -> Stage:
        if self.stage is None:
            raise ValueError("the relay stands before no server yet: `relay.open` comes first")
        return self.stage
