# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A stranger, with an account of its own, who asks for somebody's prekeys again and again."""

import secrets
from typing import Any

from slixmpp import JID
from slixmpp.exceptions import IqError, IqTimeout

from client import Client, address, enter
from devices import BUNDLES, LEGACY, LIST, numbers
from protocol import Unsupported
from world import World

PREKEY = f"{LEGACY}prekeys/{LEGACY}preKeyPublic"
SIGNED = f"{LEGACY}signedPreKeyPublic"


async def claim(world: World, user: str, claims: int) -> dict[str, int]:
    stranger, password = f"stranger-{secrets.token_hex(6)}", secrets.token_hex(16)
    client = await enter(lambda sign_up: Client(world, stranger, password, sign_up), world)
    try:
        return await _claim(client, address(user, world.server.name), claims)
    finally:
        client.register_plugin("xep_0077")
        try:
            await client["xep_0077"].cancel_registration(timeout=5)
        except (IqError, IqTimeout):
            # Where servers let nobody leave, the account stays.
            pass
        await client.leave()


async def _claim(client: Client, user: JID, claims: int) -> dict[str, int]:
    listed = await _devices(client, user)
    if not listed:
        raise Unsupported(f"a stranger is shown no OMEMO devices of `{user.user}`: nothing to claim")
    counts = {"handed": 0, "distinct": 0, "last_resort": 0, "refused": 0}
    distinct: set[tuple[int, str]] = set()
    for turn in range(claims):
        device = listed[turn % len(listed)]
        try:
            items = await client["xep_0060"].get_items(user, f"{BUNDLES}{device}", timeout=20)
        except IqError:
            counts["refused"] += 1
            continue
        bundle = next(items.xml.iter(f"{LEGACY}bundle"), None)
        keys = [] if bundle is None else [each.text or "" for each in bundle.iterfind(PREKEY)]
        distinct.update((device, key) for key in keys)
        if keys:
            counts["handed"] += 1
        elif bundle is not None and bundle.find(SIGNED) is not None:
            counts["last_resort"] += 1
        else:
            counts["refused"] += 1
    return {**counts, "distinct": len(distinct)}


async def _devices(client: Client, user: JID) -> list[int]:
    try:
        answer: Any = await client["xep_0060"].get_items(user, LIST, timeout=20)
    except IqError as error:
        # A server need not say whether there is no list, or none for strangers.
        if error.condition in ("item-not-found", "forbidden"):
            return []
        raise
    return numbers(answer.xml)
