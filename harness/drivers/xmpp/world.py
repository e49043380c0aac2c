# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the harness chooses: the server, the key log, the storage."""

from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import ssl
import tempfile
from typing import Any, Optional

# Largest state that is kept: it must fit a line of the protocol, in base64.
LARGEST_STATE = 11 * 1024 * 1024


@dataclass(frozen=True)
class Server:
    """Where the server is, and how it is to prove that."""

    host: str
    port: int
    # The XMPP domain, and the name that its certificate must carry.
    name: str
    # PEM; the system's roots where there is none.
    trust_anchor: Optional[str]


@dataclass
class World:
    server: Optional[Server] = None
    keylog: Optional[str] = None
    # Where uploads and downloads connect to, in place of the server's host and the URL's port.
    upload_endpoint: Optional[tuple[str, int]] = None
    _folder: Optional[Path] = None
    _private: Any = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._private = tempfile.TemporaryDirectory(prefix="hallmark-xmpp-")
            self._folder = Path(self._private.name)
        return self._folder

    @folder.setter
    def folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._folder = path

    def tls(self) -> ssl.SSLContext:
        """A new context: the anchor alone is trusted, names are checked, secrets are logged.

        The defaults are those with which slixmpp makes its own.
        """
        anchor = self.server.trust_anchor if self.server else None
        context = ssl.create_default_context(cadata=anchor)
        if self.keylog:
            context.keylog_filename = self.keylog
        return context


class Store:
    """Named JSON documents in a folder: all that the application keeps."""

    NAMES = ("account", "history", "omemo")

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def read(self, name: str) -> dict[str, Any]:
        try:
            return json.loads(self.path(name).read_bytes())
        except FileNotFoundError:
            return {}

    def write(self, name: str, value: dict[str, Any]) -> None:
        """In one piece: whoever copies the folder meanwhile finds the old or the new."""
        path = self.path(name)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(value), encoding="utf-8")
        os.replace(fresh, path)

    def snapshot(self) -> bytes:
        state = json.dumps({name: self.read(name) for name in self.NAMES}).encode()
        if len(state) > LARGEST_STATE:
            raise ValueError("the state is larger than a line of the protocol")
        return state

    def restore(self, state: bytes) -> None:
        documents = json.loads(state)
        if not isinstance(documents, dict) or set(documents) != set(self.NAMES):
            raise ValueError("not a state of this driver")
        for name, value in documents.items():
            self.write(name, value)

    def clear(self) -> None:
        for name in self.NAMES:
            self.path(name).unlink(missing_ok=True)
