# SPDX-License-Identifier: Apache-2.0 OR MIT
"""One device: the operations of the driver protocol on the application."""

import asyncio
import os
from pathlib import Path
from typing import Any, Optional

from app import App
from protocol import VERSIONS, Unsupported, encode, read
from world import Server, World

VERSION = "0.1.0"

# Longer than any step of an operation waits for the server, shorter than the manifest's deadline.
OPERATION_SECONDS = 80

CALLING = (
    "slixmpp's ClientXMPP, as its documentation shows, with connect() to the harness's address: "
    "the name in the certificate must be the domain of the user's address, against the harness's "
    "root alone. STARTTLS only; connecting with TLS at once, which slixmpp would try first, is "
    "switched off. An account that does not exist is made in band (XEP-0077). The display name is "
    "published as a nickname (XEP-0172), which servers see; group titles are room names, which "
    "servers see. Groups are members-only rooms. "
)

WORLD = {
    "server": "object?",
    "keylog": "text?",
    "storage": "text?",
    "push_sink": "text?",
    "clock": "text?",
}

SERVER = {"host": "text", "port": "count", "name": "text?", "trust_anchor": "text?"}

TEXT = {"kind": "text", "text": "text"}

FILE = {"kind": "text", "name": "text", "media_type": "text", "body": "bytes"}

GROUP = {"group": "text", "members": "texts"}

# Each operation: the kinds of its arguments, and the method that does it.
OPERATIONS: dict[str, tuple[dict[str, str], str]] = {
    "hello": ({"protocols": "texts"}, "hello"),
    "ping": ({}, "ping"),
    "reset": ({"seed": "count?"}, "reset"),
    "shutdown": ({}, "shutdown"),
    "process.pid": ({}, "pid"),
    "world.set": (WORLD, "set_world"),
    "account.login": ({"user": "text", "password": "text", "display_name": "text?"}, "login"),
    "message.send": ({"conversation": "text", "content": "object"}, "send"),
    "message.await": ({"conversation": "text", "contains": "text", "millis": "count"}, "wait"),
    "conversation.read": ({"conversation": "text"}, "read"),
    "group.create": ({"group": "text", "title": "text?"}, "group_create"),
    "group.add": (GROUP, "group_add"),
    "group.remove": (GROUP, "group_remove"),
    "settings.get": ({"name": "text"}, "setting"),
    "settings.set": ({"name": "text", "value": "any"}, "set_setting"),
    "state.snapshot": ({}, "snapshot"),
    "state.restore": ({"state": "bytes"}, "restore"),
    "state.paths": ({}, "paths"),
}

CONTROL = ("hello", "ping", "reset", "shutdown")

# What is asked of applications and is not there, and why.
MISSING = {
    "device.add": "another device is another process that logs in to the same account",
    "backup.export": "slixmpp has no backups",
    "backup.import": "slixmpp has no backups",
}


class Device:
    def __init__(self, layer_of: Any) -> None:
        self.layer_of = layer_of
        self.version = VERSIONS[0]
        self.world = World()
        self.app: Optional[App] = None

    async def run(self, op: str, args: dict[str, Any]) -> dict[str, Any]:
        of_layer = self.layer_of.operations.get(op)
        if of_layer is not None:
            fields, method = of_layer
            arguments = read(fields, args)
            await self._app().online()
            # What the server sent before the question counts for the answer.
            await self._app().settle()
            doing = getattr(self._app().layer, method)(**arguments)
        elif op in OPERATIONS:
            fields, method = OPERATIONS[op]
            doing = getattr(self, method)(**read(fields, args))
        else:
            raise Unsupported(MISSING.get(op, f"`{op}` is not an operation of this client"))
        # A wait has a limit of its own.
        limit = None if op == "message.await" else OPERATION_SECONDS
        async with asyncio.timeout(limit):
            return await doing

    def take_warnings(self) -> list[Any]:
        taken = self.app.inbox.take_warnings() if self.app else []
        return taken if self.version == VERSIONS[0] else [each["text"] for each in taken]

    # ---- control ----

    async def hello(self, protocols: list[str]) -> dict[str, Any]:
        chosen = next((version for version in protocols if version in VERSIONS), None)
        if chosen is None:
            raise ValueError(f"this driver speaks {' and '.join(VERSIONS)}")
        self.version = chosen
        name, version = self.layer_of.candidate
        offered = [*OPERATIONS, *self.layer_of.operations]
        return {
            "protocol": chosen,
            "driver": {"name": self.layer_of.name, "version": VERSION},
            "candidate": {"name": name, "version": version},
            "family": self.layer_of.family,
            "calling": CALLING + self.layer_of.calling,
            "capabilities": sorted(name for name in offered if name not in CONTROL),
            "limits": {"file-bytes": 10 * 1024 * 1024},
        }

    async def ping(self) -> dict[str, Any]:
        return {}

    async def pid(self) -> dict[str, Any]:
        return {"pid": os.getpid()}

    async def reset(self, seed: Optional[int]) -> dict[str, Any]:
        if self.app is not None:
            await self.app.close()
            self.app.store.clear()
        self.app, self.world = None, World()
        return {}

    async def shutdown(self) -> dict[str, Any]:
        if self.app is not None:
            await self.app.close()
        return {}

    # ---- world ----

    async def set_world(
        self,
        server: Optional[dict[str, Any]],
        keylog: Optional[str],
        storage: Optional[str],
        push_sink: Optional[str],
        clock: Optional[str],
    ) -> dict[str, Any]:
        if push_sink is not None or clock is not None:
            raise Unsupported("this client has no push notifications, and takes the system's clock")
        if storage is not None and self.app is not None:
            raise ValueError("the storage is chosen before the account is used")
        if server is not None:
            place = read(SERVER, server)
            self.world.server = Server(**{**place, "name": place["name"] or place["host"]})
        self.world.keylog = keylog or self.world.keylog
        if storage is not None:
            self.world.folder = Path(storage)
        if self.app is not None:
            self.app.moved = True
        return {}

    async def setting(self, name: str) -> dict[str, Any]:
        if name == "trust":
            return {"value": self._app().layer.trust_policy()}
        if name == "upload-endpoint":
            endpoint = self.world.upload_endpoint
            return {"value": endpoint and f"{endpoint[0]}:{endpoint[1]}"}
        raise Unsupported(f"there is no setting `{name}`")

    async def set_setting(self, name: str, value: Any) -> dict[str, Any]:
        if name == "trust":
            self._app().layer.set_trust_policy(value)
        elif name == "upload-endpoint":
            self.world.upload_endpoint = None if value is None else endpoint_of(value)
        else:
            raise Unsupported(f"there is no setting `{name}`")
        return {}

    # ---- the application ----

    async def login(self, user: str, password: str, display_name: Optional[str]) -> dict[str, Any]:
        if self.world.server is None:
            raise ValueError("there is no server: `world.set` comes first")
        if password.startswith("secret:"):
            raise ValueError("this driver's manifest has no secrets: give the password itself")
        await self._app().login(user, password, display_name)
        return {}

    async def send(self, conversation: str, content: dict[str, Any]) -> dict[str, Any]:
        read(FILE if content.get("kind") == "file" else TEXT, content)
        return {"message": await self._app().send(conversation, content)}

    async def wait(self, conversation: str, contains: str, millis: int) -> dict[str, Any]:
        return {"messages": await self._app().wait(conversation, contains, millis / 1000)}

    async def read(self, conversation: str) -> dict[str, Any]:
        return {"messages": await self._app().read(conversation)}

    async def group_create(self, group: str, title: Optional[str]) -> dict[str, Any]:
        await self._app().online()
        await self._app().rooms.create(group, title)
        return {"envelopes": []}

    async def group_add(self, group: str, members: list[str]) -> dict[str, Any]:
        app = self._app()
        await app.online()
        await app.rooms.add(group, members)
        # The invitations are with the server when it answers what was asked after them.
        await app.settle()
        return {"envelopes": []}

    async def group_remove(self, group: str, members: list[str]) -> dict[str, Any]:
        app = self._app()
        await app.online()
        await app.rooms.remove(group, members)
        await app.settle()
        return {"envelopes": []}

    # ---- state ----

    async def snapshot(self) -> dict[str, Any]:
        return {"state": encode(self._app().store.snapshot())}

    async def restore(self, state: bytes) -> dict[str, Any]:
        """The state is in place at once; the next operation logs in with it."""
        if self.app is not None:
            await self.app.close()
            self.app = None
        self._app().store.restore(state)
        await self._app().close()
        self.app = None
        return {}

    async def paths(self) -> dict[str, Any]:
        return {"paths": [str(self.world.folder.absolute())]}

    def _app(self) -> App:
        if self.app is None:
            self.app = App(self.world, self.layer_of)
        return self.app


def endpoint_of(value: Any) -> tuple[str, int]:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not host or not port.isdecimal():
        raise ValueError("`upload-endpoint` is `host:port`")
    return host.strip("[]"), int(port)
