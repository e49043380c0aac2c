# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The client of matrix-nio: logged in, in step with its server, with a bound on what it reads."""

import json
import os
import time
from typing import Any, Awaitable, Callable, Optional

from nio import AsyncClient, AsyncClientConfig, LoginError, SyncResponse

from protocol import Refused
from refusal import ServerError, accepted
from world import World

# Seconds for one request.
REQUEST = 20.0

# Bytes that one answer of the server may have.
LARGEST_ANSWER = 32 * 1024 * 1024

# Events of a room that the first synchronisation fetches.
FETCHED = 500
FILTER = {"room": {"timeline": {"limit": FETCHED}, "state": {"lazy_load_members": False}}}

# Rounds after a login until the server has no news. Synapse answers an app that is started again
# within two minutes from its cache: with what it said the first time, a piece in each round.
CATCHING_UP = 50

# One retry, for a connection that the server closed while nobody looked. Without a number, nio
# retries for ever.
CONFIG = AsyncClientConfig(max_timeouts=1, max_limit_exceeded=2, request_timeout=REQUEST)


class Bounded(AsyncClient):
    """nio reads an answer whole, however long it is."""

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        response = await super().send(*args, **kwargs)
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                response.close()
                raise ValueError(f"an answer of the server has more than {LARGEST_ANSWER} bytes")
        # Where aiohttp keeps a body that was read.
        response._body = bytes(body)  # pylint: disable=protected-access
        return response


class Session:
    """One device of one account."""

    def __init__(self, world: World, heard: Callable[[SyncResponse], None]) -> None:
        self.world = world
        self.folder = world.folder()
        self.heard = heard
        self.password: Optional[str] = None
        self.nio: Optional[Bounded] = None

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "session.json")

    # ---- logging in ----

    async def login(self, user: str, password: str) -> None:
        """As the device that the storage holds; else as a new one, of an account made if need be."""
        self.password = password
        if os.path.exists(self.path):
            await self.resume()
            if local_part(self.nio.user_id) != user:
                raise ValueError(f"the storage holds a device of `{self.nio.user_id}`")
            return
        self.nio = self._client(user)
        answer = await self.nio.login(password)
        if isinstance(answer, LoginError) and answer.status_code == "M_FORBIDDEN":
            await self._register(user, password, answer)
        else:
            accepted(answer)
        self._keep()

    async def _register(self, user: str, password: str, denied: LoginError) -> None:
        try:
            accepted(await self.nio.register(user, password))
        except ServerError as error:
            if error.code == "M_USER_IN_USE":
                text = f"the account is there, and the server answers {denied}"
                raise Refused("policy", text) from error
            raise
        if self.nio.store is None:
            self.nio.load_store()

    async def resume(self) -> None:
        """As the device that the storage holds."""
        with open(self.path, encoding="utf-8") as file:
            kept = json.load(file)
        self.nio = self._client(kept["user_id"])
        self.nio.restore_login(kept["user_id"], kept["device_id"], kept["access_token"])

    def _client(self, user: str) -> Bounded:
        made = Bounded(self.world.url(), user, store_path=self.folder, config=CONFIG)
        made.client_session, made.ssl = self.world.http(REQUEST), self.world.tls()
        return made

    def _keep(self) -> None:
        kept = {
            "user_id": self.nio.user_id,
            "device_id": self.nio.device_id,
            "access_token": self.nio.access_token,
        }
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(kept, file)

    async def reconnect(self) -> None:
        """By the way that the world has now."""
        await self.nio.close()
        self.nio.homeserver = self.world.url()
        self.nio.client_session, self.nio.ssl = self.world.http(REQUEST), self.world.tls()

    async def close(self) -> None:
        if self.nio is None:
            return
        await self.nio.close()
        if self.nio.store is not None:
            self.nio.store.database.close()
        self.nio = None

    async def push(self) -> None:
        """Has the server tell the push gateway what happens, as phones do. matrix-nio itself has no call
        for it (Matrix client-server API, section 10.3: `POST /pushers/set`)."""
        pusher = {
            "kind": "http",
            "app_id": "hallmark",
            "pushkey": self.nio.device_id,
            "app_display_name": "Hallmark",
            "device_display_name": "Hallmark",
            "lang": "en",
            "data": {"url": self.world.push_sink.rstrip("/") + "/_matrix/push/v1/notify"},
        }
        headers = {
            "Authorization": f"Bearer {self.nio.access_token}",
            "Content-Type": "application/json",
        }
        path = "/_matrix/client/v3/pushers/set"
        answer = await self.nio.send("POST", path, json.dumps(pusher), headers)
        if answer.status != 200:
            raise ValueError(f"the server registers no pusher: {await answer.text()}")

    # ---- in step with the server ----

    async def sync(self, millis: int = 0) -> None:
        """One round of what `sync_forever` does for ever."""
        client = self.nio
        since = client.next_batch
        answer = accepted(await client.sync(millis, FILTER, full_state=not since))
        self.heard(answer)
        for message in list(client.outgoing_to_device_messages):
            accepted(await client.to_device(message))
        if client.should_upload_keys:
            accepted(await client.keys_upload())
        if client.should_query_keys:
            accepted(await client.keys_query())
        if client.should_claim_keys:
            accepted(await client.keys_claim(client.get_users_for_key_claiming()))

    async def catch_up(self) -> None:
        """As an app does before its user can write."""
        for _ in range(CATCHING_UP):
            known = self.nio.next_batch
            await self.sync()
            if self.nio.next_batch == known:
                return

    async def sync_until(
        self, done: Callable[[], Awaitable[bool]], seconds: float, round_millis: int = 10_000
    ) -> bool:
        """Until it is so, or the time is over; says which."""
        deadline = time.monotonic() + seconds
        while not await done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            await self.sync(max(1, min(round_millis, int(left * 1000))))
        return True

    # ---- names ----

    def user_id(self, user: str) -> str:
        """A user of the same server, unless another is named."""
        return user if user.startswith("@") else f"@{user}:{server_of(self.nio.user_id)}"

    def user_name(self, user_id: str) -> str:
        same = server_of(user_id) == server_of(self.nio.user_id)
        return local_part(user_id) if same else user_id


def local_part(user_id: str) -> str:
    return user_id.removeprefix("@").partition(":")[0]


def server_of(matrix_id: str) -> str:
    return matrix_id.partition(":")[2]
