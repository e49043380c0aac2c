# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Devices that come to one's own account and leave it."""

import tempfile

from client import REQUEST, Bounded, Session
from refusal import accepted


async def add(session: Session, name: str) -> None:
    """Another login of the account, with keys of its own, which then stays away."""
    nio, world = session.nio, session.world
    with tempfile.TemporaryDirectory(prefix="hallmark-matrix-nio-") as folder:
        other = Bounded(nio.homeserver, nio.user_id, store_path=folder, config=nio.config)
        other.client_session, other.ssl = world.http(REQUEST), world.tls()
        try:
            accepted(await other.login(password(session), device_name=name))
            accepted(await other.keys_upload())
        finally:
            await other.close()
            if other.store is not None:
                other.store.database.close()


async def remove(session: Session, name: str) -> None:
    """By its name or by its id; the server wants the password again."""
    nio = session.nio
    listed = accepted(await nio.devices()).devices
    found = [each.id for each in listed if name in (each.id, each.display_name)]
    if not found:
        raise ValueError(f"the account has no device `{name}`")
    asked = accepted(await nio.delete_devices(found[:1]))
    challenge = getattr(asked, "session", None)
    if challenge:
        auth = {"type": "m.login.password", "user": nio.user_id, "password": password(session)}
        accepted(await nio.delete_devices(found[:1], auth={**auth, "session": challenge}))


def password(session: Session) -> str:
    if session.password is None:
        raise ValueError("the password is not known after `state.restore`")
    return session.password
