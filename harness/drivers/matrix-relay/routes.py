# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which requests of the client-server API are looked into. All others pass as they are."""

from dataclasses import dataclass
from enum import Enum, auto
import re
from typing import Optional
from urllib.parse import unquote


class Kind(Enum):
    """What a request is for."""

    LOGIN = auto()
    SYNC = auto()
    KEYS_QUERY = auto()
    KEYS_CLAIM = auto()
    MEMBERS = auto()
    JOINED_MEMBERS = auto()
    STATE = auto()
    STATE_EVENT = auto()
    MESSAGES = auto()
    TO_DEVICE = auto()
    SEND = auto()


# The parts of a path, in order: the room or nothing, the type of event or nothing.
ROUTES = [
    ("POST", r"(?:login|register)", Kind.LOGIN),
    ("GET", r"sync", Kind.SYNC),
    ("POST", r"keys/query", Kind.KEYS_QUERY),
    ("POST", r"keys/claim", Kind.KEYS_CLAIM),
    ("GET", r"rooms/(?P<room>[^/]+)/members", Kind.MEMBERS),
    ("GET", r"rooms/(?P<room>[^/]+)/joined_members", Kind.JOINED_MEMBERS),
    ("GET", r"rooms/(?P<room>[^/]+)/state", Kind.STATE),
    ("GET", r"rooms/(?P<room>[^/]+)/state/(?P<type>[^/]+)/?", Kind.STATE_EVENT),
    ("GET", r"rooms/(?P<room>[^/]+)/messages", Kind.MESSAGES),
    ("PUT", r"sendToDevice/(?P<type>[^/]+)/[^/]+", Kind.TO_DEVICE),
    ("PUT", r"rooms/(?P<room>[^/]+)/send/(?P<type>[^/]+)/[^/]+", Kind.SEND),
]
PREFIX = r"/_matrix/client/(?:r0|v[0-9]+)/"
COMPILED = [(method, re.compile(PREFIX + pattern), kind) for method, pattern, kind in ROUTES]


# Sliding sync, in its three versions: no act looks into it, so apps are to fall back to `/sync`.
SLIDING_SYNC = re.compile(
    r"/_matrix/client/(?:unstable/org\.matrix\.(?:simplified_)?msc3575|v4)/sync/?"
)


@dataclass(frozen=True)
class Route:
    """A request that is looked into."""

    kind: Kind
    room_id: str = ""
    event_type: str = ""


def is_sliding_sync(path: str) -> bool:
    return SLIDING_SYNC.fullmatch(path) is not None


def route_of(method: str, path: str) -> Optional[Route]:
    """Of a path without its query, as it stood in the request."""
    for each, pattern, kind in COMPILED:
        if each == method and (found := pattern.fullmatch(path)):
            parts = found.groupdict()
            return Route(kind, unquote(parts.get("room") or ""), unquote(parts.get("type") or ""))
    return None
