# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An act on the members of a group, as one app is shown them."""

from collections import deque
from typing import Any, Optional
import xml.etree.ElementTree as ET

from markup import CLIENT, MUC_ADMIN, bare, child

QUERY = f"{MUC_ADMIN}query"
ITEM = f"{MUC_ADMIN}item"

# Questions that wait for an answer.
WAITING = 1000


class AddedMember:
    """Somebody among the members of a room whom nobody added.

    Only the list is changed, which apps with OMEMO ask for: nobody is seen to come in.
    """

    def __init__(self, relay: Any, view: str, group: str, user: str) -> None:
        people, self.record = relay.people, relay.record
        self.view, self.room, self.user = people.user(view), people.group(group), people.user(user)
        # Numbers of questions for the list of members.
        self.asked: deque[Optional[str]] = deque(maxlen=WAITING)

    async def begin(self) -> None:
        """Apps ask before they send."""

    async def end(self) -> None:
        """The next answer is true again."""

    async def arrived(self, link: Any) -> None:
        """Apps ask before they send."""

    async def from_app(self, link: Any, stanza: ET.Element) -> Optional[list[ET.Element]]:
        item = stanza.find(f"{QUERY}/{ITEM}")
        if (
            stanza.tag == f"{CLIENT}iq"
            and stanza.get("type") == "get"
            and bare(stanza.get("to")) == self.room
            and item is not None
            and item.get("affiliation") == "member"
        ):
            self.asked.append(stanza.get("id"))
        return None

    async def to_app(self, link: Any, stanza: ET.Element) -> Optional[list[ET.Element]]:
        query = stanza.find(QUERY)
        if (
            stanza.tag != f"{CLIENT}iq"
            or stanza.get("type") != "result"
            or bare(stanza.get("from")) != self.room
            or stanza.get("id") not in self.asked
            or query is None
        ):
            return None
        self.asked.remove(stanza.get("id"))
        child(query, ITEM, affiliation="member", jid=self.user)
        self.record.change(f"{self.view} is shown {self.user} as a member of {self.room}")
        return [stanza]
