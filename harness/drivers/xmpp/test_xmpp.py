# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Three users of the real driver on a real server, and what then lies in the server's folder.

Run with the environment that has the packages: `…/peers/xmpp/bin/python -B -m unittest -v` in this
folder. Prosody (Debian) and openssl must be installed.
"""

import base64
import json
import os
from pathlib import Path
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Optional
import unittest

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parent.parent / "products" / "prosody" / "prosody.cfg.lua"
DOMAIN = "chat.test"
SECONDS = 60


def canary(what: str) -> str:
    return f"canary{what}{secrets.token_hex(12)}"


class Lines:
    """Lines of a process, each waited for until a deadline."""

    def __init__(self, pipe: Any) -> None:
        self.pipe, self.buffer = pipe, b""

    def next(self, deadline: float) -> bytes:
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.pipe], [], [], left)[0]:
                raise TimeoutError("no line before the deadline")
            read = os.read(self.pipe.fileno(), 1 << 16)
            if not read:
                raise EOFError("the process closed its output")
            self.buffer += read
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line


class Prosody:
    """The server, started and ended as its README says."""

    def __init__(self, folder: Path, certified: str = DOMAIN) -> None:
        self.folder = folder
        for name in ("data", "log", "tls"):
            (folder / name).mkdir(parents=True)
        self._certificates(certified)
        self.port, self.https = free_ports(2)
        text = TEMPLATE.read_text(encoding="utf-8")
        for name, value in {
            "@DIR@": str(folder),
            "@C2S_PORT@": str(self.port),
            "@HTTPS_PORT@": str(self.https),
            "@DOMAIN@": DOMAIN,
        }.items():
            text = text.replace(name, value)
        (folder / "prosody.cfg.lua").write_text(text, encoding="utf-8")
        command = ["prosody", "-F", "--config", str(folder / "prosody.cfg.lua")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            ports = (("c2s", self.port), ("https", self.https))
            self._await_ready({f"'{name}' on [127.0.0.1]:{port}" for name, port in ports})
        except BaseException:
            self.end()
            raise

    def _await_ready(self, missing: set[str]) -> None:
        lines, deadline = Lines(self.process.stdout), time.monotonic() + 30
        while missing:
            line = lines.next(deadline).decode(errors="replace")
            missing = {each for each in missing if each not in line}

    def _certificates(self, domain: str) -> None:
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "30"]
        names = f"DNS:{domain},DNS:conference.{domain},DNS:upload.{domain}"
        root = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=test root"]
        root += ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        leaf = ["-CA", "root.pem", "-CAkey", "root.key", "-keyout", "leaf.key", "-out", "leaf.pem"]
        leaf += ["-subj", f"/CN={domain}", "-addext", f"subjectAltName={names}"]
        leaf += ["-addext", "basicConstraints=critical,CA:FALSE"]
        for options in (root, leaf):
            command = ["openssl", "req", "-x509", *curve, *options]
            subprocess.run(command, cwd=self.folder / "tls", check=True, capture_output=True)

    def endpoint(self, **changes: Any) -> dict[str, Any]:
        anchor = (self.folder / "tls" / "root.pem").read_text(encoding="ascii")
        server = {"host": "127.0.0.1", "port": self.port, "name": DOMAIN, "trust_anchor": anchor}
        return {**server, **changes}

    def holds(self, text: str) -> bool:
        """Whether a file of the server's holds this."""
        files = [*self.folder.joinpath("data").rglob("*"), *self.folder.joinpath("log").rglob("*")]
        return any(file.is_file() and text.encode() in file.read_bytes() for file in files)

    def end(self) -> None:
        end(self.process)


class Driver:
    """One process of the driver: one device."""

    def __init__(self, flavour: str, server: Prosody, folder: Path) -> None:
        self.folder, self.number, self.warnings = folder, 0, []
        program = HERE / f"run_{flavour.removeprefix('xmpp-')}.py"
        command = [sys.executable, "-B", str(program)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = Lines(self.process.stdout)
        try:
            self.ok("hello", protocols=["hallmark-driver/2"])
            self.ok(
                "world.set",
                server=server.endpoint(),
                storage=str(folder / "storage"),
                keylog=str(folder / "keylog"),
            )
        except BaseException:
            self.end()
            raise

    def call(self, op: str, **args: Any) -> dict[str, Any]:
        self.number += 1
        request = json.dumps({"id": self.number, "op": op, "args": args})
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.lines.next(time.monotonic() + SECONDS))
        if answer["id"] != self.number:
            raise AssertionError(f"an answer to {answer['id']} in place of {self.number}")
        self.warnings = answer.get("warnings", [])
        return answer

    def ok(self, op: str, **args: Any) -> dict[str, Any]:
        answer = self.call(op, **args)
        if "ok" not in answer:
            raise AssertionError(f"{op}: {json.dumps(answer)[:500]}")
        return answer["ok"]

    def refusal(self, op: str, **args: Any) -> Optional[str]:
        answer = self.call(op, **args)
        if "refused" not in answer:
            raise AssertionError(f"{op} is not refused: {json.dumps(answer)[:500]}")
        return answer["refused"]["class"]

    def say(self, conversation: str, text: str) -> None:
        self.ok("message.send", conversation=conversation, content={"kind": "text", "text": text})

    def hears(self, conversation: str, text: str, millis: int = 20_000) -> Optional[dict[str, Any]]:
        answer = self.ok("message.await", conversation=conversation, contains=text, millis=millis)
        found = [each for each in answer["messages"] if text in shown_text(each)]
        return found[-1] if found else None

    def end(self) -> None:
        end(self.process)


def shown_text(message: dict[str, Any]) -> str:
    content = message["content"]
    return content["text"] if content["kind"] == "text" else content["name"]


def end(process: subprocess.Popen) -> None:
    """Ends the process that we started, and takes its pipes."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Relay:
    """Carries one connection after the other to a port, and counts them."""

    def __init__(self, port: int) -> None:
        self.to, self.connections = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.near: Optional[socket.socket] = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self.near, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with self.near as near, socket.create_connection(("127.0.0.1", self.to)) as far:
                self._carry(near, far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        ways = {near: far, far: near}
        while True:
            ready, _, _ = select.select(ways, [], [], SECONDS)
            for source in ready:
                data = source.recv(1 << 16)
                if not data:
                    return
                ways[source].sendall(data)
            if not ready:
                return

    def cut(self) -> None:
        """Ends the connection that is there."""
        self.near.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        # Closing alone does not wake a thread that accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(SECONDS)


class Case(unittest.TestCase):
    """A server, and drivers that end with the test, however it ends."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hallmark-test-xmpp-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Prosody(self.folder / "server")
        self.addCleanup(self.server.end)

    def driver(self, flavour: str, name: str) -> Driver:
        folder = self.folder / name
        folder.mkdir()
        driver = Driver(flavour, self.server, folder)
        self.addCleanup(driver.end)
        return driver

    def user(self, flavour: str, user: str, device: str = "", **more: str) -> Driver:
        driver = self.driver(flavour, user + device)
        driver.ok("account.login", user=user, password=f"password of {user}", **more)
        return driver


class Exchange:
    """The same story with and without OMEMO; what lies at the server afterwards differs."""

    flavour = ""
    encrypts = False

    def test_the_server_keeps_what_it_can_read(self) -> None:
        display = canary("display")
        alice = self.user(self.flavour, "alice", display_name=display)
        bob, carol = self.user(self.flavour, "bob"), self.user(self.flavour, "carol")

        direct, answer = canary("direct"), canary("answer")
        alice.say("bob", direct)
        heard = bob.hears("alice", direct)
        self.assertEqual(heard["sender"], "alice")
        self.assertEqual(heard["encrypted"], self.encrypts)
        bob.say("alice", answer)
        self.assertEqual(alice.hears("bob", answer)["sender"], "bob")

        title, inside, reply = canary("title"), canary("group"), canary("reply")
        alice.ok("group.create", group="ward", title=title)
        alice.ok("group.add", group="ward", members=["bob", "carol"])
        bob.ok("conversation.read", conversation="ward")
        carol.ok("conversation.read", conversation="ward")
        alice.say("ward", inside)
        for member in (bob, carol):
            heard = member.hears("ward", inside)
            self.assertEqual((heard["sender"], heard["encrypted"]), ("alice", self.encrypts))
        carol.say("ward", reply)
        self.assertEqual(alice.hears("ward", reply)["sender"], "carol")

        body = canary("file")
        file = {
            "kind": "file",
            "name": canary("name") + ".txt",
            "media_type": "text/plain",
            "body": base64.b64encode(body.encode()).decode(),
        }
        alice.ok("message.send", conversation="bob", content=file)
        heard = bob.hears("alice", ".txt")
        self.assertEqual(heard["content"]["body"], file["body"])
        # XEP-0454 as slixmpp does it hides the name.
        self.assertEqual(heard["content"]["name"] == file["name"], not self.encrypts)

        after = canary("after")
        alice.ok("group.remove", group="ward", members=["carol"])
        alice.say("ward", after)
        self.assertIsNotNone(bob.hears("ward", after))
        shown = carol.ok("conversation.read", conversation="ward")["messages"]
        self.assertFalse(any(after in shown_text(each) for each in shown))
        speech = {"kind": "text", "text": "still here?"}
        self.assertEqual(
            carol.refusal("message.send", conversation="ward", content=speech), "not-member"
        )

        # The control: where the search works, it finds what is published in clear.
        self.assertTrue(self.server.holds(display))
        self.assertTrue(self.server.holds(title))
        for secret in (direct, answer, inside, reply, body, file["name"], after):
            self.assertEqual(self.server.holds(secret), not self.encrypts, secret)
        for driver in (alice, bob):
            secrets_logged = (driver.folder / "keylog").read_text(encoding="ascii")
            # Of the stream, and of the upload or download.
            self.assertGreaterEqual(secrets_logged.count("CLIENT_TRAFFIC_SECRET_0"), 2)


class WithOmemo(Exchange, Case):
    flavour, encrypts = "xmpp-omemo", True


class WithoutOmemo(Exchange, Case):
    flavour, encrypts = "xmpp-plain", False


class Login(Case):
    def test_a_server_with_a_foreign_root_is_refused(self) -> None:
        driver = self.driver("xmpp-plain", "alice")
        driver.ok("world.set", server=self.server.endpoint(trust_anchor=self._foreign_root()))
        refused = driver.refusal("account.login", user="alice", password="secret")
        self.assertEqual(refused, "bad-key")
        driver.ok("world.set", server=self.server.endpoint())
        driver.ok("account.login", user="alice", password="secret")

    def test_a_server_with_another_name_is_refused(self) -> None:
        other = Prosody(self.folder / "other", certified="other.test")
        self.addCleanup(other.end)
        driver = self.driver("xmpp-plain", "alice")
        driver.ok("world.set", server=other.endpoint())
        refused = driver.refusal("account.login", user="alice", password="secret")
        self.assertEqual(refused, "bad-key")

    def test_another_password_does_not_open_the_account(self) -> None:
        self.user("xmpp-plain", "alice")
        thief = self.driver("xmpp-plain", "thief")
        self.assertEqual(thief.refusal("account.login", user="alice", password="guess"), "policy")

    def test_a_lost_connection_is_made_again(self) -> None:
        relay = Relay(self.server.port)
        self.addCleanup(relay.end)
        alice = self.user("xmpp-omemo", "alice")
        bob = self.driver("xmpp-omemo", "bob")
        bob.ok("world.set", server=self.server.endpoint(port=relay.port))
        bob.ok("account.login", user="bob", password="secret")
        connections = relay.connections
        relay.cut()
        text = canary("lost")
        alice.say("bob", text)
        self.assertTrue(bob.hears("alice", text)["encrypted"])
        self.assertEqual(relay.connections, connections + 1)

    def test_nobody_is_written_to(self) -> None:
        speech = {"kind": "text", "text": "hello"}
        for flavour, why in (("xmpp-plain", "other"), ("xmpp-omemo", "unknown-key")):
            driver = self.user(flavour, "alice", flavour)
            refused = driver.refusal("message.send", conversation="nobody", content=speech)
            self.assertEqual(refused, why)

    def test_nobody_listening_is_an_error_and_no_refusal(self) -> None:
        driver = self.driver("xmpp-plain", "alice")
        driver.ok("world.set", server=self.server.endpoint(port=free_ports(1)[0]))
        self.assertIn("error", driver.call("account.login", user="alice", password="secret"))

    def _foreign_root(self) -> str:
        folder = self.folder / "foreign"
        folder.mkdir()
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=foreign"]
        command += ["-keyout", "key.pem", "-out", "root.pem"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (folder / "root.pem").read_text(encoding="ascii")


class Devices(Case):
    def test_a_second_device_reads_along_and_is_announced(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        first = canary("first")
        alice.say("bob", first)
        self.assertIsNotNone(bob.hears("alice", first))
        tablet = self.user("xmpp-omemo", "bob", "-tablet")
        self.assertEqual(len(alice.ok("device.list", user="bob")["devices"]), 2)
        second = canary("second")
        alice.say("bob", second)
        self.assertIn("new-device", [each["class"] for each in alice.warnings])
        for device in (bob, tablet):
            self.assertTrue(device.hears("alice", second)["encrypted"])
        # What one device sends, the other shows as well.
        third = canary("third")
        tablet.say("alice", third)
        self.assertEqual(bob.hears("alice", third)["sender"], "bob")

    def test_a_device_that_is_taken_off_the_list_gets_nothing(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        first = bob.ok("device.list", user="bob")["devices"]
        tablet = self.user("xmpp-omemo", "bob", "-tablet")
        lost = set(tablet.ok("device.list", user="bob")["devices"]) - set(first)
        self.assertEqual(len(lost), 1)
        tablet.ok("shutdown")
        bob.ok("device.remove", device=lost.pop())
        self.assertEqual(alice.ok("device.list", user="bob")["devices"], first)
        self.assertEqual(bob.refusal("device.remove", device="1"), "unknown-key")

    def test_manual_trust_sends_nothing_undecided(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        alice.ok("settings.set", name="trust", value="manual")
        speech = {"kind": "text", "text": canary("undecided")}
        refused = alice.refusal("message.send", conversation="bob", content=speech)
        self.assertEqual(refused, "policy")
        shown = alice.ok("verify.start", peer="bob")["fingerprint"]
        self.assertEqual(shown, bob.ok("identity.fingerprint", peer="alice")["fingerprint"])
        alice.ok("verify.confirm", peer="bob", matches=True)
        alice.ok("message.send", conversation="bob", content=speech)
        self.assertIsNotNone(bob.hears("alice", speech["text"]))
        self.assertFalse(self.server.holds(speech["text"]))
        answer = canary("answer")
        bob.say("alice", answer)
        self.assertTrue(alice.hears("bob", answer)["verified"])

    def test_a_message_in_clear_is_marked(self) -> None:
        alice, mallory = self.user("xmpp-omemo", "alice"), self.user("xmpp-plain", "mallory")
        text = canary("clear")
        mallory.say("alice", text)
        heard = alice.hears("mallory", text)
        self.assertEqual((heard["encrypted"], heard["marks"]), (False, ["unencrypted"]))
        self.assertIn("unencrypted", [each["class"] for each in alice.warnings])

    def test_a_snapshot_is_the_whole_device(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        first = canary("first")
        alice.say("bob", first)
        self.assertIsNotNone(bob.hears("alice", first))
        bob.ok("settings.set", name="trust", value="manual")
        state = bob.ok("state.snapshot")["state"]
        bob.ok("shutdown")
        again = self.driver("xmpp-omemo", "bob-again")
        again.ok("state.restore", state=state)
        self.assertEqual(again.ok("settings.get", name="trust")["value"], "manual")
        self.assertIsNotNone(again.hears("alice", first))
        second = canary("second")
        alice.say("bob", second)
        self.assertTrue(again.hears("alice", second)["encrypted"])

    def test_a_message_that_was_read_cannot_be_read_from_the_keys_again(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        alice.say("bob", "hello")
        self.assertIsNotNone(bob.hears("alice", "hello"))
        before = json.loads(base64.b64decode(bob.ok("state.snapshot")["state"]))
        alice.say("bob", read := canary("read"))
        self.assertIsNotNone(bob.hears("alice", read))
        after = json.loads(base64.b64decode(bob.ok("state.snapshot")["state"]))
        bob.ok("shutdown")
        # The archive hands the message out again: to the keys of before, and to those of after.
        for keys, readable in ((before, True), (after, False)):
            state = json.dumps({**before, "omemo": keys["omemo"]}).encode()
            thief = self.driver("xmpp-omemo", f"thief-{readable}")
            thief.ok("state.restore", state=base64.b64encode(state).decode())
            shown = thief.ok("conversation.read", conversation="alice")["messages"]
            self.assertEqual(read in map(shown_text, shown), readable)
            classes = [each["class"] for each in thief.warnings]
            self.assertEqual("undecryptable" in classes, not readable)
            thief.ok("shutdown")

    def test_what_came_meanwhile_is_there_after_a_return(self) -> None:
        for flavour in ("xmpp-omemo", "xmpp-plain"):
            alice = self.user(flavour, "alice", flavour)
            name = "bob" + flavour[-5:]
            bob = self.user(flavour, name)
            alice.say(name, "hello")
            self.assertIsNotNone(bob.hears("alice", "hello"))
            before = bob.ok("state.snapshot")["state"]
            bob.ok("shutdown")
            alice.say(name, meanwhile := canary("meanwhile"))
            for attempt in ("once", "twice"):
                # The same state twice: what a place forgets, the archive tells again.
                again = self.driver(flavour, name + attempt)
                again.ok("state.restore", state=before)
                self.assertIsNotNone(again.hears("alice", meanwhile), attempt)
                shown = again.ok("conversation.read", conversation="alice")["messages"]
                self.assertEqual([shown_text(each) for each in shown], ["hello", meanwhile])
                after = again.ok("state.snapshot")["state"]
                again.ok("shutdown")
            # And what it remembers is not shown again.
            again = self.driver(flavour, name + "after")
            again.ok("state.restore", state=after)
            shown = again.ok("conversation.read", conversation="alice")["messages"]
            self.assertEqual([shown_text(each) for each in shown], ["hello", meanwhile])


class Groups(Case):
    def test_devices_and_strangers_come_and_go(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        carol = self.user("xmpp-omemo", "carol")
        alice.ok("group.create", group="ward")
        alice.ok("group.add", group="ward", members=["bob"])
        bob.ok("conversation.read", conversation="ward")
        # One who is not a member does not get in, and adds nobody.
        speech = {"kind": "text", "text": canary("stranger")}
        alice.ok("message.send", conversation="ward", content=speech)
        self.assertEqual(bob.refusal("group.add", group="ward", members=["carol"]), "policy")
        self.assertEqual(carol.ok("conversation.read", conversation="ward"), {"messages": []})
        # The others are told of one who comes.
        alice.ok("group.add", group="ward", members=["carol"])
        carol.ok("conversation.read", conversation="ward")
        bob.ok("conversation.read", conversation="ward")
        self.assertEqual([each["class"] for each in bob.warnings], ["member-added"])
        # A second device finds the group by itself.
        tablet = self.user("xmpp-omemo", "bob", "-tablet")
        self.assertIsNotNone(tablet.ok("conversation.read", conversation="ward"))
        text = canary("all")
        carol.say("ward", text)
        for device in (alice, bob, tablet):
            heard = device.hears("ward", text)
            self.assertEqual((heard["sender"], heard["encrypted"]), ("carol", True))
        # One may leave, and one is put out.
        bob.ok("group.remove", group="ward", members=["bob"])
        self.assertEqual(
            bob.refusal("message.send", conversation="ward", content=speech), "not-member"
        )

    def test_a_member_who_returns_sees_what_was_said_once(self) -> None:
        for flavour, alice_name, bob_name, group in (
            ("xmpp-omemo", "alice", "bob", "ward"),
            ("xmpp-plain", "ann", "ben", "desk"),
        ):
            alice, bob = self.user(flavour, alice_name), self.user(flavour, bob_name)
            alice.ok("group.create", group=group)
            alice.ok("group.add", group=group, members=[bob_name])
            bob.ok("conversation.read", conversation=group)
            alice.say(group, one := canary("one"))
            self.assertIsNotNone(bob.hears(group, one))
            bob.say(group, two := canary("two"))
            state = bob.ok("state.snapshot")["state"]
            bob.ok("shutdown")
            alice.say(group, three := canary("three"))
            again = self.driver(flavour, bob_name + "-again")
            again.ok("state.restore", state=state)
            self.assertIsNotNone(again.hears(group, three))
            shown = again.ok("conversation.read", conversation=group)["messages"]
            self.assertEqual([shown_text(each) for each in shown], [one, two, three])

    def test_a_name_that_is_taken_is_refused(self) -> None:
        alice, bob = self.user("xmpp-plain", "alice"), self.user("xmpp-plain", "bob")
        alice.ok("group.create", group="ward")
        self.assertEqual(bob.refusal("group.create", group="ward"), "not-member")
        self.assertEqual(alice.refusal("group.create", group="ward"), "other")


class Files(Case):
    def test_files_go_through_the_relay_that_is_set(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        relay = Relay(self.server.https)
        self.addCleanup(relay.end)
        for driver in (alice, bob):
            value = f"127.0.0.1:{relay.port}"
            driver.ok("settings.set", name="upload-endpoint", value=value)
            self.assertEqual(driver.ok("settings.get", name="upload-endpoint")["value"], value)
        body = base64.b64encode(secrets.token_bytes(300_000)).decode()
        file = {"kind": "file", "name": "x-ray.png", "media_type": "image/png", "body": body}
        alice.ok("message.send", conversation="bob", content=file)
        self.assertEqual(bob.hears("alice", ".png")["content"]["body"], body)
        self.assertEqual(relay.connections, 2)

    def test_an_altered_file_is_not_shown(self) -> None:
        alice, bob = self.user("xmpp-omemo", "alice"), self.user("xmpp-omemo", "bob")
        state = bob.ok("state.snapshot")["state"]
        bob.ok("shutdown")
        body = secrets.token_bytes(1000)
        file = {"kind": "file", "name": "x-ray.png", "media_type": "image/png"}
        file["body"] = base64.b64encode(body).decode()
        alice.ok("message.send", conversation="bob", content=file)
        stored = [each for each in self.server.folder.rglob("*") if len_of(each) == len(body) + 16]
        self.assertEqual(len(stored), 1)
        altered = bytearray(stored[0].read_bytes())
        altered[500] ^= 1
        stored[0].write_bytes(altered)
        again = self.driver("xmpp-omemo", "bob-again")
        again.ok("state.restore", state=state)
        shown = again.ok("conversation.read", conversation="alice")["messages"]
        self.assertEqual([each["content"]["kind"] for each in shown], ["text"])
        self.assertIn("undecryptable", [each["class"] for each in again.warnings])


def len_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


if __name__ == "__main__":
    unittest.main()
