# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An XML stream, cut into its header, its stanzas and its end, each with the bytes that it came as."""

from dataclasses import dataclass
from enum import Enum
import re
from typing import Any, Optional
import xml.etree.ElementTree as ET
from xml.parsers import expat

# Largest stanza: more than servers take (Prosody: 256 KiB). With what waits to be read, 64 connections
# hold 64 MiB at most, both ways together.
LARGEST = 384 * 1024

DEEPEST = 100

TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


class Kind(Enum):
    HEADER = "header"
    STANZA = "stanza"
    SPACE = "space"
    END = "end"


@dataclass(frozen=True)
class Piece:
    kind: Kind
    raw: bytes
    element: Optional[ET.Element] = None


class NotXmpp(Exception):
    """What came is no XML stream, or more than is carried."""


class Stanzas:
    """Cuts one direction of one stream."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        parser = expat.ParserCreate("utf-8", "}")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._finish
        parser.CharacterDataHandler = self._text
        # Forbidden in XMPP (RFC 6120, 11.1), and what parsers are attacked with.
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._forbidden
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._forbidden
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)
        self.parser, self.depth = parser, 0
        # What was not handed out yet; its first byte is the parser's byte number `before`.
        self.raw, self.before = bytearray(), 0
        self.builder: Optional[ET.TreeBuilder] = None
        # Where a stanza without an end tag ends.
        self.ends: Optional[int] = None
        self.pieces: list[Piece] = []

    def restart(self) -> None:
        """As both sides do after the login: what follows is a new document."""
        if self.raw.strip():
            raise NotXmpp("something was sent before the stream was begun anew")
        self._begin()

    def feed(self, data: bytes) -> list[Piece]:
        self.raw += data
        try:
            self.parser.Parse(data, False)
        except expat.ExpatError as error:
            raise NotXmpp(f"not well-formed: {error}") from error
        if len(self.raw) > LARGEST:
            raise NotXmpp(f"a stanza is larger than {LARGEST} bytes")
        if self.raw and self.builder is None and not self.raw.strip():
            self._cut(Kind.SPACE, self.before + len(self.raw))
        pieces, self.pieces = self.pieces, []
        return pieces

    def _cut(self, kind: Kind, end: int, element: Optional[ET.Element] = None) -> None:
        length = end - self.before
        self.pieces.append(Piece(kind, bytes(self.raw[:length]), element))
        del self.raw[:length]
        self.before = end

    def _end_of_tag(self) -> tuple[bytes, int]:
        at = self.parser.CurrentByteIndex
        tag = TAG.match(self.raw, at - self.before)
        if tag is None:
            raise NotXmpp("a tag has no end")
        return tag.group(), tag.end() + self.before

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth >= DEEPEST:
            raise NotXmpp(f"elements lie more than {DEEPEST} deep")
        if self.depth == 0:
            self._cut(Kind.HEADER, self._end_of_tag()[1])
        else:
            if self.depth == 1:
                self.builder = ET.TreeBuilder()
                tag, end = self._end_of_tag()
                self.ends = end if tag.endswith(b"/>") else None
            named = {_name(key): value for key, value in attributes.items()}
            self.builder.start(_name(name), named)
        self.depth += 1

    def _finish(self, name: str) -> None:
        self.depth -= 1
        if self.depth == 0:
            self._cut(Kind.END, self._end_of_tag()[1])
            return
        self.builder.end(_name(name))
        if self.depth == 1:
            end = self.ends or self._end_of_tag()[1]
            element, self.builder, self.ends = self.builder.close(), None, None
            self._cut(Kind.STANZA, end, element)

    def _text(self, text: str) -> None:
        if self.builder is not None:
            self.builder.data(text)
        elif text.strip():
            raise NotXmpp("there is text between stanzas")

    def _forbidden(self, *_: Any) -> None:
        raise NotXmpp("document types, entities, comments and instructions are not allowed")


def _name(of_expat: str) -> str:
    return "{" + of_expat if "}" in of_expat else of_expat
