# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The acts of the malicious server, by the names that the harness has for them."""

from typing import Any

from acts.act import Act
from acts.devices import DeviceKeys, GhostDevice
from acts.messages import Plaintext, Replay, Sender
from acts.rooms import AddedMember, StrippedMarker
from protocol import Unsupported, read

ACTS: dict[str, type[Act]] = {
    "none": Act,
    "ghost-device": GhostDevice,
    "added-member": AddedMember,
    "stripped-marker": StrippedMarker,
    "device-keys": DeviceKeys,
    "sender": Sender,
    "replay": Replay,
    "plaintext": Plaintext,
}


def built() -> list[str]:
    return [what for what in ACTS if what != "none"]


def act_for(stage: Any, args: Any) -> Act:
    """The act that `relay.tamper` names, with its arguments."""
    if not isinstance(args, dict) or not isinstance(args.get("what"), str):
        raise ValueError("bad arguments: field `what`: not a text")
    what = args["what"]
    if what not in ACTS:
        raise Unsupported(f"there is no act `{what}` on a Matrix homeserver, or it is not built")
    made = ACTS[what]
    return made(stage, read({"what": "text", **made.FIELDS}, args))
