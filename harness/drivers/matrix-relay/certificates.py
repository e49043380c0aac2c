# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A root of the relay's own, and a certificate with the names of the server's."""

import asyncio
from pathlib import Path
import re
import ssl
import subprocess
import tempfile

# What may stand in a certificate's list of names, and nothing that `openssl` would read as more.
DNS_NAME = re.compile(r"[A-Za-z0-9*._-]{1,253}")
ADDRESS = re.compile(r"[0-9A-Fa-f.:]{2,45}")
NAMES = 32

# Seconds for one run of `openssl`, and for a handshake.
PATIENCE = 30


async def names_of(host: str, port: int, name: str, trusted: ssl.SSLContext) -> list[str]:
    """The names in the certificate of the server, which must be one that we trust."""
    opening = asyncio.open_connection(host, port, ssl=trusted, server_hostname=name)
    _, writer = await asyncio.wait_for(opening, PATIENCE)
    try:
        found = writer.get_extra_info("peercert").get("subjectAltName", ())
    finally:
        writer.transport.abort()
    names = [f"DNS:{value}" for kind, value in found if kind == "DNS" and DNS_NAME.fullmatch(value)]
    names += [
        f"IP:{value}" for kind, value in found if kind == "IP Address" and ADDRESS.fullmatch(value)
    ]
    if not 0 < len(names) <= NAMES:
        raise ValueError(f"the server's certificate carries {len(names)} names, not 1 to {NAMES}")
    return names


def mint(names: list[str]) -> tuple[str, ssl.SSLContext]:
    """The root, PEM, and what a server with these names needs. No key stays on disk."""
    with tempfile.TemporaryDirectory(prefix="hallmark-matrix-relay-") as folder:

        def openssl(*arguments: str) -> None:
            subprocess.run(
                ["openssl", *arguments],
                cwd=folder,
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
            )

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")
        openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=root of the relay",
                "-keyout", "root.key", "-out", "root.pem")
        openssl("req", *key, "-subj", "/CN=relay", "-addext", f"subjectAltName={','.join(names)}",
                "-addext", "basicConstraints=critical,CA:FALSE",
                "-addext", "extendedKeyUsage=serverAuth", "-keyout", "leaf.key", "-out", "leaf.csr")
        openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key",
                "-days", "30", "-copy_extensions", "copy", "-out", "leaf.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(Path(folder) / "leaf.pem", Path(folder) / "leaf.key")
        return (Path(folder) / "root.pem").read_text(), context
