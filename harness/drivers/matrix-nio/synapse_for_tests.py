# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A Synapse for a test: certificate, start, the moment when it listens, and its end."""

import os
from pathlib import Path
import queue
import re
import signal
import subprocess
import threading

TEMPLATES = Path(__file__).parent.parent.parent / "products" / "synapse"
LISTENS = re.compile(r"Synapse now listening on TCP port (\d+) \(TLS\)")

# Seconds until it listens, and until it ends.
START, END = 90.0, 20.0


def certificate(folder: Path, name: str) -> str:
    """A root and a leaf for `name`; answers the root, PEM. As the README of the templates says."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
    openssl("req", "-x509", *key, "-days", "30", "-subj", f"/CN=root of {name}",
            "-keyout", "root.key", "-out", "root.pem")
    openssl("req", *key, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "extendedKeyUsage=serverAuth", "-keyout", "leaf.key", "-out", "leaf.csr")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key",
            "-days", "30", "-copy_extensions", "copy", "-out", "leaf.pem")
    return (folder / "root.pem").read_text()


class Synapse:
    """The server in a folder of its own, on a port that it chose."""

    def __init__(self, python: Path, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.root = certificate(folder, name)
        for template in ("homeserver.yaml", "log.yaml"):
            text = (TEMPLATES / template).read_text()
            text = text.replace("@DIR@", str(folder)).replace("@PORT@", "0").replace("@NAME@", name)
            (folder / template).write_text(text)
        self.lines: queue.Queue = queue.Queue(maxsize=100_000)
        self.process = subprocess.Popen(
            [python, "-m", "synapse.app.homeserver", "-c", folder / "homeserver.yaml"],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self.port = self._listening()
        except BaseException:
            self.end()
            raise

    def _read(self) -> None:
        with open(self.folder / "server.log", "w", encoding="utf-8") as log:
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                if LISTENS.search(line):
                    self.lines.put(line)
        self.lines.put(None)

    def _listening(self) -> int:
        try:
            line = self.lines.get(timeout=START)
        except queue.Empty:
            raise TimeoutError(f"Synapse did not listen within {START:.0f} s") from None
        if line is None:
            raise RuntimeError("Synapse ended: " + (self.folder / "server.log").read_text()[-2000:])
        return int(LISTENS.search(line).group(1))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(END)
        self.reader.join(END)
        self.process.stderr.close()

    def world(self) -> dict:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "name": self.name,
            "trust_anchor": self.root,
        }

    def holds(self, text: str) -> list[str]:
        """The files of database, media store and log in which this text lies, by their names."""
        needle, found = text.encode(), []
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and needle in path.read_bytes():
                found.append(str(path.relative_to(self.folder)))
        return found
