# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The server as the apps see it: requests pass to the real server, and its answers back."""

import asyncio
import json
import logging
import ssl
from typing import Any, Optional
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from accounts import App
from acts.act import Act, Exchange, Nudge
from bounds import CHUNK, Buffers, Lease, TooMuch
from routes import Kind, Route, is_sliding_sync, route_of
from stage import Stage

CONNECTIONS = 64

# Seconds for connections to end.
END = 1.0

# Bytes of a request line; Synapse takes as many.
LONGEST_LINE = 16 * 1024

# Headers of one connection, and those that are made anew.
OF_A_CONNECTION = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade "
    "proxy-connection expect".split()
)
ANEW = OF_A_CONNECTION | {"host", "accept-encoding"}

# Behind a sync token: an app takes an answer with the token that it has for no news. No token of a
# server has this sign.
MARK = "!"
TOKENS = ("since", "from", "to")

READ_WHOLE = (Kind.KEYS_CLAIM, Kind.TO_DEVICE, Kind.SEND)

LOG = logging.getLogger(__name__)


class Listener(web.Server):
    """Takes no more connections than it may have."""

    def __call__(self) -> Any:
        return super().__call__() if len(self.connections) < CONNECTIONS else TurnedAway()


class TurnedAway(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: Any) -> None:
        transport.abort()


class Proxy:
    """Listens on the loopback interface."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.buffers = Buffers()
        self.runner: Optional[web.ServerRunner] = None
        self.marks = 0

    async def listen(self, context: ssl.SSLContext) -> int:
        listener = Listener(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            max_line_size=LONGEST_LINE,
        )
        self.runner = web.ServerRunner(listener, shutdown_timeout=END)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return self.runner.addresses[0][1]

    async def close(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            with self.buffers.lease() as lease:
                return await self._relay(request, lease)
        except TooMuch as error:
            return failure(413, "M_TOO_LARGE", str(error))
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            LOG.warning("%s %s: %s", request.method, request.path, error)
            if request.transport is not None:
                # The other side broke; an answer that began must not look whole.
                request.transport.abort()
            return failure(502, "M_UNKNOWN", "the server behind the relay does not answer")

    async def _relay(self, request: web.BaseRequest, lease: Lease) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if is_sliding_sync(path):
            return failure(404, "M_UNRECOGNIZED", "Unrecognized request")
        route = route_of(request.method, path)
        app = await self.stage.accounts.of(token_of(request)) if route else None
        asked, body = None, self._streamed(request)
        if route and route.kind in READ_WHOLE:
            body = await lease.read(request.content)
            asked = json_object(body)
        act = self.stage.act
        if route and app and route.kind is Kind.TO_DEVICE and asked is not None:
            body = self._addressed(act, app, route, asked, body)
        if route and route.kind is Kind.SEND and app:
            return await self._send(request, route, app, asked, body, lease)
        if route and route.kind is Kind.SYNC and app and act.concerns(app):
            act.came_back(app, mark_of(query))
        query = unmarked(query)
        whole = path + ("?" + query if query else "")
        async with await self._ask(request, route, app, whole, body) as answer:
            return await self._answer(request, answer, route, app, asked, "since=" not in query, lease)

    # ---- to the server ----

    def _streamed(self, request: web.BaseRequest) -> Any:
        return request.content.iter_chunked(CHUNK) if request.body_exists else None

    async def _forward(self, request: web.BaseRequest, path: str, body: Any) -> Any:
        headers = passed_on(request.headers, ANEW)
        if isinstance(body, bytes):
            headers.popall("Content-Length", None)
        headers["Accept-Encoding"] = "identity"
        return await self.stage.server.forward(request.method, path, headers, body)

    async def _ask(
        self, request: web.BaseRequest, route: Optional[Route], app: Optional[App], path: str, body: Any
    ) -> Any:
        """A poll is asked anew when an act came on that has something for this app."""
        if route is None or route.kind is not Kind.SYNC:
            return await self._forward(request, path, body)
        while True:
            turn, act = self.stage.turn, self.stage.act
            at_once = act.concerns(app) and act.waits_for_sync(app)
            asked = without_waiting(path) if at_once else path
            answering = asyncio.ensure_future(self._forward(request, asked, None))
            turning = asyncio.ensure_future(turn.wait())
            try:
                await asyncio.wait({answering, turning}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    return answering.result()
            finally:
                turning.cancel()
                answering.cancel()

    def _addressed(self, act: Act, app: App, route: Route, asked: dict, body: bytes) -> bytes:
        """To-device messages: for whom keys are, and what is for keys that the relay holds."""
        messages = asked.get("messages")
        if route.event_type != "m.room.encrypted" or not isinstance(messages, dict):
            return body
        if act.view is None or act.concerns(app):
            for user_id, devices in messages.items():
                for device_id in devices if isinstance(devices, dict) else ():
                    name = self.stage.accounts.user_name(user_id)
                    self.stage.seen.recipients.add(f"{name}/{device_id}")
                    self.stage.seen.note(f"{app.user_id} encrypts a key for {user_id} {device_id}")
        if not act.concerns(app):
            return body
        act.addressed(app, messages)
        return json.dumps(asked).encode()

    async def _send(
        self, request: web.BaseRequest, route: Route, app: App, asked: Optional[dict], body: Any,
        lease: Lease,
    ) -> web.StreamResponse:
        """A message; how the server calls it is known when it has answered."""
        act, seen = self.stage.act, self.stage.seen
        named: asyncio.Future = asyncio.get_running_loop().create_future()
        self.stage.sending[named] = app.user_id
        try:
            async with await self._forward(request, request.raw_path, body) as answer:
                text = await lease.read(answer.content)
                taken = json_object(text) if answer.status == 200 else None
                if taken is not None and asked is not None:
                    act.sent(app, route, asked, str(taken.get("event_id")))
                    shown = text_of(asked) if route.event_type == "m.room.message" else None
                    if shown is None and route.event_type == "m.room.encrypted":
                        shown = act.opened(route, asked)
                    if shown is not None:
                        seen.read.add(shown)
                        seen.note(f"a message of {app.user_id} was read ({route.event_type})")
                return whole_answer(answer, text)
        finally:
            named.set_result(None)
            del self.stage.sending[named]

    # ---- to the app ----

    async def _answer(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, route: Optional[Route],
        app: Optional[App], asked: Optional[dict], from_the_start: bool, lease: Lease,
    ) -> web.StreamResponse:
        act, seen = self.stage.act, self.stage.seen
        if route and route.kind is Kind.LOGIN and answer.status == 200:
            text = await lease.read(answer.content)
            told = json_object(text)
            self.stage.accounts.learn(told or {})
            if told is not None and told.pop("well_known", None) is not None:
                # The app would go on to the real server.
                text = json.dumps(told).encode()
            return whole_answer(answer, text)
        if route and app and act.concerns(app):
            exchange = Exchange(app, route, asked, from_the_start)
            hidden = await act.hides(exchange)
            if hidden is not None:
                seen.applied += 1
                seen.note(hidden)
                return failure(404, "M_NOT_FOUND", "Event not found.")
            if route.kind in act.REWRITES and answer.status == 200:
                return await self._rewritten(answer, exchange, lease)
        return await self._pass(request, answer)

    async def _rewritten(
        self, answer: aiohttp.ClientResponse, exchange: Exchange, lease: Lease
    ) -> web.StreamResponse:
        act, seen = self.stage.act, self.stage.seen
        text = await lease.read(answer.content)
        try:
            told = json.loads(text)
            changes = await act.rewrite(exchange, told)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            LOG.warning("%s: %s: %s", exchange.route.kind, type(error).__name__, error)
            seen.note(f"an answer to {exchange.route.kind.name} was not understood, and withheld")
            return failure(502, "M_UNKNOWN", "the relay does not understand the server's answer")
        if not changes:
            return whole_answer(answer, text)
        if exchange.route.kind is Kind.SYNC:
            self.marks += 1
            told["next_batch"] = f"{told['next_batch']}{MARK}{self.marks}"
            act.carries(exchange.app, self.marks)
        seen.applied += sum(not isinstance(line, Nudge) for line in changes)
        for line in changes:
            seen.note(f"{exchange.app.user_id} {exchange.app.device_id}: {line}")
        return whole_answer(answer, json.dumps(told).encode())

    async def _pass(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        passing = web.StreamResponse(
            status=answer.status, headers=passed_on(answer.headers, OF_A_CONNECTION)
        )
        await passing.prepare(request)
        async for chunk in answer.content.iter_chunked(CHUNK):
            await passing.write(chunk)
        await passing.write_eof()
        return passing


# ---- pieces of HTTP ----


def token_of(request: web.BaseRequest) -> Optional[str]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query.get("access_token")


def passed_on(headers: Any, left_out: frozenset[str]) -> CIMultiDict:
    """Those that are not of one connection alone, also by what `Connection` says."""
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in left_out | named
    )


def whole_answer(answer: aiohttp.ClientResponse, text: bytes) -> web.Response:
    headers = passed_on(answer.headers, OF_A_CONNECTION | {"content-length"})
    return web.Response(status=answer.status, headers=headers, body=text)


def failure(status: int, code: str, text: str) -> web.Response:
    body = json.dumps({"errcode": code, "error": text}).encode()
    return web.Response(status=status, body=body, content_type="application/json")


def json_object(text: bytes) -> Optional[dict]:
    """None where it is no JSON object: the server is to say what it thinks of that."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text_of(content: dict) -> Optional[str]:
    body = content.get("body")
    return body if isinstance(body, str) else None


def unmarked(query: str) -> str:
    """The query with the server's own tokens."""
    parts = parse_qsl(query, keep_blank_values=True)
    if not any(name in TOKENS and MARK in value for name, value in parts):
        return query
    own = [(name, value.split(MARK)[0] if name in TOKENS else value) for name, value in parts]
    return urlencode(own)


def mark_of(query: str) -> Optional[int]:
    """The relay's mark behind the token that an app polls with, where there is one."""
    for name, value in parse_qsl(query):
        mark = value.partition(MARK)[2]
        if name == "since" and mark.isascii() and mark.isdecimal() and len(mark) < 11:
            return int(mark)
    return None


def without_waiting(path: str) -> str:
    before, _, query = path.partition("?")
    parts = [part for part in parse_qsl(query, keep_blank_values=True) if part[0] != "timeout"]
    return before + "?" + urlencode([*parts, ("timeout", "0")])
