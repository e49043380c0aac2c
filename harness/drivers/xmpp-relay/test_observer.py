# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is read of messages, and that a message which nobody tried to open is no careful app's."""

import asyncio
from pathlib import Path
import sys
from typing import Any, Optional
import unittest
import xml.etree.ElementTree as ET

sys.path.append(str(Path(__file__).resolve().parent.parent / "xmpp"))

from devices import NotOurs  # noqa: E402
from observer import Observer  # noqa: E402
from people import People  # noqa: E402
from protocol import Unsupported  # noqa: E402
from record import Record  # noqa: E402

ALICE, BOB = "alice@chat.test", "bob@chat.test"

LEGACY = """<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><key rid='7'>AA==</key></header>
<payload>AA==</payload></encrypted>"""
TWO = """<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'><keys jid='bob@chat.test'><key rid='9'>AA==</key>
<key rid='x'>AA==</key></keys></header><payload>AA==</payload></encrypted>"""


class Link:
    """An app, whose server may not answer."""

    jid, bare, device = f"{ALICE}/phone", ALICE, None

    def __init__(self, failure: Optional[Exception]) -> None:
        self.failure = failure

    async def ask(self, _: ET.Element) -> ET.Element:
        if self.failure:
            raise self.failure
        items = "<items><item><bundle xmlns='eu.siacs.conversations.axolotl'/></item></items>"
        return ET.fromstring(
            f"<iq><pubsub xmlns='http://jabber.org/protocol/pubsub'>{items}</pubsub></iq>"
        )


class Ghost:
    owner, number = BOB, 7

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    async def open(self, *_: Any) -> str:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Looking(unittest.TestCase):
    def look(
        self, *inside: str, ghost: Any = "text", failure: Optional[Exception] = None,
        view: Optional[str] = ALICE, keys_of: Optional[str] = BOB,
    ) -> Record:
        observer, record = Observer(People("chat.test")), Record()
        observer.hold(Ghost(ghost))
        record.keys_of = keys_of
        for each in inside:
            message = ET.fromstring(f"<message xmlns='jabber:client'><body>fallback</body>{each}</message>")
            asyncio.run(observer.look(Link(failure), message, record, view))
        return record

    def test_recipients_of_both_versions_are_seen(self) -> None:
        seen = self.look(LEGACY + TWO).seen()
        self.assertEqual((seen["read"], seen["recipients"]), (["text"], ["bob/9", "?/7"]))
        seen = self.look(TWO, view=None, keys_of=None).seen()
        self.assertEqual((seen["read"], seen["recipients"]), ([], ["bob/9"]))

    def test_what_keys_of_ours_are_not_for_is_not_taken_for_care(self) -> None:
        for keys_of in (BOB, ALICE):
            with self.assertRaisesRegex(Unsupported, "OMEMO 2"):
                self.look(TWO, keys_of=keys_of).seen()
        for other in ({"keys_of": None}, {"keys_of": "carol@chat.test"}, {"view": BOB}):
            self.assertEqual(self.look(TWO, **other).seen()["read"], [])
        # Another was opened.
        self.assertEqual(self.look(LEGACY, TWO).seen()["read"], ["text"])

    def test_failures_of_our_own_are_not_taken_for_care(self) -> None:
        for failure in (TimeoutError(), ConnectionError("gone")):
            with self.assertRaisesRegex(RuntimeError, type(failure).__name__):
                self.look(LEGACY, failure=failure).seen()
        with self.assertRaisesRegex(RuntimeError, "KeyError"):
            self.look(LEGACY, ghost=KeyError("a fault of ours")).seen()
        # An act that is over, and a message for the real device.
        seen = self.look(LEGACY, failure=TimeoutError(), keys_of=None).seen()
        self.assertEqual((seen["read"], len(seen["log"])), ([], 1))
        self.assertEqual(self.look(LEGACY, ghost=NotOurs("DecryptionFailed")).seen()["read"], [])


if __name__ == "__main__":
    unittest.main()
