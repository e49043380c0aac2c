# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Stanzas as text, without prefixes, as XMPP is used to; and names of namespaces."""

from typing import Optional
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

CLIENT = "{jabber:client}"
STREAM = "{http://etherx.jabber.org/streams}"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
BIND = "{urn:ietf:params:xml:ns:xmpp-bind}"
PUBSUB = "{http://jabber.org/protocol/pubsub}"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
MUC = "{http://jabber.org/protocol/muc}"
MUC_USER = "{http://jabber.org/protocol/muc#user}"
MUC_ADMIN = "{http://jabber.org/protocol/muc#admin}"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"
STANZA_ERROR = "{urn:ietf:params:xml:ns:xmpp-stanzas}"

XML = "{http://www.w3.org/XML/1998/namespace}"


def written(element: ET.Element) -> bytes:
    # Elements of the stream's own namespace need its prefix or a declaration: this declares.
    return _written(element, "").encode()


def _written(element: ET.Element, around: str) -> str:
    space, name = _parts(element.tag)
    attributes = "" if space == around else f" xmlns={quoteattr(space)}"
    for count, (key, value) in enumerate(element.items()):
        attributes += f" {_attribute(key, count)}={quoteattr(value)}"
    inside = escape(element.text or "") + "".join(
        _written(child, space) + escape(child.tail or "") for child in element
    )
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _attribute(key: str, count: int) -> str:
    space, name = _parts(key)
    if not space:
        return name
    if f"{{{space}}}" == XML:
        return f"xml:{name}"
    return f"xmlns:a{count}={quoteattr(space)} a{count}:{name}"


def _parts(name: str) -> tuple[str, str]:
    space, _, local = name[1:].partition("}") if name.startswith("{") else ("", "", name)
    return space, local


def child(parent: ET.Element, tag: str, text: Optional[str] = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, tag, attributes)
    made.text = text
    return made


def bare(jid: Optional[str]) -> str:
    return (jid or "").split("/", 1)[0].lower()


def resource(jid: Optional[str]) -> str:
    return (jid or "").partition("/")[2]
