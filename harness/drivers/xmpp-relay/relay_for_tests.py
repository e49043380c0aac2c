# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The interceptor and apps behind it, as processes that a test talks to."""

import json
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any, Optional

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "xmpp"))

from test_xmpp import SECONDS, Driver, Lines, Prosody, end  # noqa: E402


class Interceptor:
    """One process of the interceptor, open."""

    def __init__(self, server: Prosody, temporary: Optional[Path] = None) -> None:
        command = [sys.executable, "-B", str(HERE / "run.py")]
        environment = {**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self.lines, self.number = Lines(self.process.stdout), 0
        try:
            self.ok("hello", protocols=["hallmark-driver/2"])
            upload = {"upload-endpoint": f"127.0.0.1:{server.https}"}
            self.place = self.ok("relay.open", server=server.endpoint(), further=upload)
        except BaseException:
            self.end()
            raise

    def call(self, op: str, **args: Any) -> dict[str, Any]:
        self.number += 1
        request = json.dumps({"id": self.number, "op": op, "args": args})
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.lines.next(time.monotonic() + SECONDS))

    def ok(self, op: str, **args: Any) -> dict[str, Any]:
        answer = self.call(op, **args)
        if "ok" not in answer:
            raise AssertionError(f"{op}: {json.dumps(answer)[:500]}")
        return answer["ok"]

    def tamper(self, what: str, **told: str) -> None:
        self.ok("relay.tamper", what=what, **told)

    def seen(self) -> dict[str, Any]:
        return self.ok("relay.seen")

    def endpoint(self, **_: Any) -> dict[str, Any]:
        """The server as apps are told of it."""
        place = {key: self.place[key] for key in ("host", "port", "trust_anchor")}
        return {**place, "name": "chat.test"}

    def end(self) -> None:
        end(self.process)


def app(flavour: str, place: Any, folder: Path) -> Driver:
    """An app whose server is the interceptor."""
    folder.mkdir()
    driver = Driver(flavour, place, folder)
    upload = place.place["further"]["upload-endpoint"]
    driver.ok("settings.set", name="upload-endpoint", value=upload)
    return driver
