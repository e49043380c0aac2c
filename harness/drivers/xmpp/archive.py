# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What came while the application was away, from the account's archive at the server (XEP-0313)."""

from typing import Any, AsyncIterator, Optional

from slixmpp import Message
from slixmpp.exceptions import IqError

from client import Client

PAGE = 50

# Pages that are fetched at most; what is older is not fetched.
PAGES = 40

STANZA_ID = "{urn:xmpp:sid:0}stanza-id"


def place(message: Message, client: Client) -> Optional[str]:
    """Where a message that has just arrived is in our archive."""
    for element in message.xml.iterfind(STANZA_ID):
        if element.get("by") == client.boundjid.bare:
            return element.get("id")
    return None


async def newest(client: Client) -> str:
    """The last place so far; empty where there is none."""
    answer = await _page(client, {"before": "", "max": 1})
    return answer["mam_fin"]["rsm"]["last"] or ""


async def since(client: Client, after: str) -> AsyncIterator[tuple[str, Message]]:
    """What came after that place, with its own place."""
    for _ in range(PAGES):
        answer = await _page(client, {"max": PAGE, **({"after": after} if after else {})})
        for result in answer["mam"]["results"]:
            after = result["mam_result"]["id"]
            yield after, result["mam_result"]["forwarded"]["stanza"]
        if not answer["mam"]["results"] or answer["mam_fin"]["complete"] in (True, "true"):
            return


async def _page(client: Client, wanted: dict[str, Any]) -> Any:
    # Without an address, which stands for one's own account: with it, slixmpp misses the answers of
    # servers that leave it out.
    return await client["xep_0313"].retrieve(rsm=wanted, timeout=20)


def is_gone(error: IqError) -> bool:
    """Whether the server no longer knows the place from which we asked."""
    return error.condition == "item-not-found"
