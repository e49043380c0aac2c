# SPDX-License-Identifier: Apache-2.0 OR MIT
"""slixmpp's client, until it is logged in; and signing up where there is no such account."""

import asyncio
import ssl
from typing import Any, Optional

from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout

from protocol import Refused
from world import World

PLUGINS = (
    "xep_0030",  # what there is
    "xep_0045",  # rooms
    "xep_0060",
    "xep_0066",  # addresses of files
    "xep_0163",
    "xep_0172",  # display name
    "xep_0199",  # ping
    "xep_0203",
    "xep_0249",  # invitations
    "xep_0280",  # copies for one's other devices
    "xep_0313",  # archive
    "xep_0334",
    "xep_0363",  # upload
    "xep_0380",
    "xep_0454",  # encrypted upload
)

LOGIN_SECONDS = 30


def address(name: str, domain: str) -> JID:
    """The address of a user or room whose name is as XMPP would write it."""
    found = JID(f"{name}@{domain}")
    if (found.user, found.domain, found.resource) != (name, domain, ""):
        raise ValueError(f"`{name}` is not a name in XMPP, which has them in lower case")
    return found


class Client(ClientXMPP):
    def __init__(self, world: World, user: str, password: str, sign_up: bool) -> None:
        super().__init__(address(user, world.server.name), password, ssl_context=world.tls())
        # What the certificate must say is the domain of the address (slixmpp calls it the default
        # domain), whatever the host is that is connected to.
        self.enable_direct_tls = False
        self.sign_up_refusal: Optional[str] = None
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.tls_error: Optional[ssl.SSLError] = None
        self.fault: Optional[BaseException] = None
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        if sign_up:
            self.register_plugin("xep_0077")
            self.add_event_handler("register", self._sign_up)
        self.add_event_handler("session_start", lambda _: self._came("in"))
        self.add_event_handler("failed_all_auth", lambda _: self._came("password"))
        self.add_event_handler("ssl_invalid_chain", self._tls_failed)
        self.add_event_handler("connection_failed", self._not_connected)
        self.add_event_handler("disconnected", lambda why: self._came(f"the stream ended: {why}"))

    async def enter(self, world: World) -> str:
        """Connects and logs in: `in`, or `password` where that was refused."""
        self.connect(host=world.server.host, port=world.server.port)
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                outcome = await asyncio.shield(self.outcome)
            if self.tls_error is not None:
                raise Refused("bad-key", f"TLS: {self.tls_error}")
            if outcome not in ("in", "password"):
                raise ConnectionError(outcome)
            return outcome
        except BaseException:
            self.cancel_connection_attempt()
            self.abort()
            raise

    async def leave(self) -> None:
        await self.disconnect(wait=1.0, ignore_send_queue=True)

    def exception(self, exception: BaseException) -> None:
        """What slixmpp would only log: an exception in a handler of an event.

        Refusals of the server that nobody waited for are not among them, nor what is left of a
        stream that ended (a SyntaxError).
        """
        if not isinstance(exception, (IqError, IqTimeout, SyntaxError)):
            self.fault = exception

    @property
    def is_in(self) -> bool:
        return self.is_connected() and self._session_started

    def _came(self, outcome: str) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def _not_connected(self, error: Any) -> None:
        # Otherwise slixmpp goes on trying, later and later.
        self.cancel_connection_attempt()
        self._came(f"cannot connect: {error}")

    def _tls_failed(self, error: ssl.SSLError) -> None:
        self.tls_error = error
        self._came("tls")

    async def _sign_up(self, _: Any) -> None:
        request = self.make_iq_set()
        request["register"]["username"] = self.boundjid.user
        request["register"]["password"] = self.password
        try:
            await request.send()
        except (IqError, IqTimeout) as error:
            self.sign_up_refusal = error.condition


async def enter(make: Any, world: World) -> Client:
    """A client that is logged in; `make` makes one, given whether it may sign up."""
    client = make(False)
    if await client.enter(world) == "in":
        return client
    client.abort()
    client = make(True)
    if await client.enter(world) == "in":
        return client
    client.abort()
    why = client.sign_up_refusal
    if why == "conflict":
        raise Refused("policy", "the account exists, and the password is not its own")
    raise Refused("policy", f"the server refused the account: {why or 'no sign-up in band'}")
