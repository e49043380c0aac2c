# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Streams are cut where their stanzas end, byte for byte, and what is no XMPP is refused."""

import random
import unittest
import xml.etree.ElementTree as ET

from link import without_binding
from markup import written
from stanzas import DEEPEST, LARGEST, Kind, NotXmpp, Stanzas

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' a='x>y'"
    b" xmlns:stream='http://etherx.jabber.org/streams'>"
)

STANZAS = [
    b"<presence/>",
    b" \n",
    b"<message to='a>b' xml:lang=\"en\"><body>x &lt; y &#233; \xc3\xa9</body></message>",
    b"<iq><ns:a xmlns:ns='urn:x' ns:b='/'/></iq>",
    b"<a></a>",
    b"<b><c/></b>",
]

END = b"</stream:stream>"

MECHANISMS = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
    b"<mechanism>SCRAM-SHA-1-PLUS</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms>"
    b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>"
    b"</sasl-channel-binding></stream:features>"
)


def cut(*chunks: bytes) -> list:
    stanzas = Stanzas()
    return [piece for chunk in chunks for piece in stanzas.feed(chunk)]


class Cutting(unittest.TestCase):
    def test_every_split_gives_the_same_bytes_and_stanzas(self) -> None:
        whole = HEADER + b"".join(STANZAS) + END
        expected = [each for each in STANZAS if each.strip()]
        chance = random.Random(1)
        for _ in range(300):
            marks = sorted(chance.sample(range(1, len(whole)), chance.randrange(0, 12)))
            edges = [0, *marks, len(whole)]
            pieces = cut(*(whole[a:b] for a, b in zip(edges, edges[1:])))
            self.assertEqual(b"".join(piece.raw for piece in pieces), whole)
            found = [piece.raw.strip() for piece in pieces if piece.kind is Kind.STANZA]
            self.assertEqual(found, expected)
            self.assertIs(pieces[-1].kind, Kind.END)

    def test_a_stanza_is_there_with_its_last_byte(self) -> None:
        stanzas = Stanzas()
        self.assertEqual([each.kind for each in stanzas.feed(HEADER)], [Kind.HEADER])
        for stanza in STANZAS:
            self.assertEqual(stanzas.feed(stanza[:-1]) if stanza.strip() else [], [])
            pieces = stanzas.feed(stanza[-1:])
            self.assertEqual(len(pieces), 1)

    def test_what_is_written_means_the_same(self) -> None:
        for stanza in STANZAS:
            if stanza.strip():
                element = cut(HEADER, stanza)[-1].element
                again = cut(HEADER, written(element))[-1].element
                meanings = [ET.canonicalize(ET.tostring(each)) for each in (element, again)]
                self.assertEqual(*meanings)

    def test_what_is_no_xmpp_is_refused(self) -> None:
        deep = b"<a>" * (DEEPEST + 1)
        for bad in (
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            HEADER + b"<a>&b;</a>",
            HEADER + b"<!-- a -->",
            HEADER + b"<?a b?>",
            HEADER + b"text",
            HEADER + b"<a></b>",
            HEADER + b"<x:a/>",
            HEADER + b"<a>\xff</a>",
            HEADER + deep,
            HEADER + b"<a>" + b"x" * LARGEST,
            HEADER + b"<a b='" + b"x" * LARGEST,
        ):
            with self.assertRaises(NotXmpp, msg=bad[:60]):
                cut(bad)

    def test_a_stream_begins_anew(self) -> None:
        stanzas = Stanzas()
        stanzas.feed(HEADER + STANZAS[0])
        stanzas.restart()
        pieces = stanzas.feed(HEADER + STANZAS[2])
        self.assertEqual([each.kind for each in pieces], [Kind.HEADER, Kind.STANZA])
        stanzas.feed(b"<mess")
        with self.assertRaises(NotXmpp):
            stanzas.restart()

    def test_binding_to_the_connection_is_not_offered(self) -> None:
        changed = without_binding(cut(HEADER, MECHANISMS)[-1].element)
        text = written(changed[0]).decode()
        self.assertIn(">SCRAM-SHA-1<", text)
        self.assertNotIn("PLUS", text)
        self.assertNotIn("sasl-cb", text)


if __name__ == "__main__":
    unittest.main()
