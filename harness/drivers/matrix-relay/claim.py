# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A stranger who asks for a user's one-time keys, again and again."""

import secrets
from typing import Any

from upstream import Upstream

CLAIMS = 1000


async def claim(server: Upstream, user: str, claims: int) -> dict[str, int]:
    """Asks for one key of one device at a time, the devices in turn."""
    if not 0 < claims <= CLAIMS:
        raise ValueError(f"bad arguments: field `claims`: not 1 to {CLAIMS}")
    password = secrets.token_urlsafe(24)
    stranger = await _register(server, password)
    token = stranger["access_token"]
    user_id = user if user.startswith("@") else f"@{user}:{stranger['user_id'].partition(':')[2]}"
    try:
        devices = await _devices(server, token, user_id)
        counted = {"handed": 0, "distinct": 0, "last_resort": 0, "refused": 0}
        keys: set[str] = set()
        for number in range(claims):
            wanted = {user_id: {devices[number % len(devices)]: "signed_curve25519"}}
            body = {"one_time_keys": wanted}
            status, answer = await server.ask("POST", "/keys/claim", token, body)
            if status != 200:
                counted["refused"] += 1
                continue
            for key in _keys(answer):
                counted["last_resort" if key.get("fallback") else "handed"] += 1
                if not key.get("fallback"):
                    keys.add(key["key"])
        return {**counted, "distinct": len(keys)}
    finally:
        await _leave(server, stranger, password)


async def _register(server: Upstream, password: str) -> dict[str, Any]:
    """Like the apps' drivers do it."""
    body = {
        "username": f"stranger-{secrets.token_hex(6)}",
        "password": password,
        "auth": {"type": "m.login.dummy"},
    }
    status, answer = await server.ask("POST", "/register", None, body)
    if status != 200:
        raise ValueError(f"the server lets no stranger register: it answers {status}")
    return answer


async def _leave(server: Upstream, stranger: dict[str, Any], password: str) -> None:
    """The account is closed; where servers do not allow that, it stays, and nobody is logged in."""
    token, user = stranger["access_token"], stranger["user_id"]
    proof = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": password,
    }
    status, _ = await server.ask("POST", "/account/deactivate", token, {"auth": proof})
    if status != 200:
        await server.ask("POST", "/logout", token, {})


async def _devices(server: Upstream, token: str, user_id: str) -> list[str]:
    status, answer = await server.ask("POST", "/keys/query", token, {"device_keys": {user_id: []}})
    devices = sorted(answer.get("device_keys", {}).get(user_id, {})) if status == 200 else []
    if not devices:
        raise ValueError(f"the server knows no device with keys of `{user_id}`")
    return devices


def _keys(answer: dict) -> list[dict]:
    return [
        key
        for devices in answer.get("one_time_keys", {}).values()
        for found in devices.values()
        for key in found.values()
    ]
