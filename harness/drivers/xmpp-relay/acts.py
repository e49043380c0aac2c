# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a malicious server does, one act at a time: `relay.tamper`."""

from typing import Any, Optional
import xml.etree.ElementTree as ET

from act_devices import DeviceKeys, GhostDevice, StrippedMarker
from act_members import AddedMember
from act_messages import Plaintext, Replay, Sender
from protocol import Unsupported, read

# Each act: what it is told, and what does it.
ACTS: dict[str, tuple[tuple[str, ...], Any]] = {
    "ghost-device": (("view", "user"), GhostDevice),
    "device-keys": (("view", "user"), DeviceKeys),
    "stripped-marker": (("view", "conversation"), StrippedMarker),
    "added-member": (("view", "group", "user"), AddedMember),
    "sender": (("view", "from", "to"), Sender),
    "replay": (("view", "from"), Replay),
    "plaintext": (("view", "from", "text", "conversation"), Plaintext),
}


class Honest:
    """What a server is for."""

    view: Optional[str] = None

    async def begin(self) -> None:
        """Nothing."""

    async def end(self) -> None:
        """Nothing."""

    async def arrived(self, link: Any) -> None:
        """Nothing."""

    async def from_app(self, link: Any, stanza: ET.Element) -> Optional[list[ET.Element]]:
        return None

    async def to_app(self, link: Any, stanza: ET.Element) -> Optional[list[ET.Element]]:
        return None


def act_of(relay: Any, args: dict[str, Any]) -> Any:
    what = args.get("what")
    if what == "none":
        read({"what": "text"}, args)
        return Honest()
    if what not in ACTS:
        raise Unsupported(f"this server does not know the act `{what}`")
    names, act = ACTS[what]
    told = read({"what": "text", **{name: "text" for name in names}}, args)
    return act(relay, **{name.replace("from", "sender"): told[name] for name in names})
