# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Three real driver processes on a real Synapse: what users see, and what the server is left with.

Run by the driver's own environment; Synapse has its own, beside it, or where
`HALLMARK_SYNAPSE_PYTHON` says: `{target}/peers/matrix-nio/bin/python -B -m unittest -v test_matrix_nio`.
Python 3.11 or newer. With `HALLMARK_DRIVER_LOG` set, what the drivers log is shown.
"""

import base64
import json
import os
from pathlib import Path
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
import urllib.request

from synapse_for_tests import Synapse, certificate

DRIVER = Path(__file__).parent / "driver.py"
BESIDE = Path(sys.prefix).parent / "synapse" / "bin" / "python"
SYNAPSE_PYTHON = Path(os.environ.get("HALLMARK_SYNAPSE_PYTHON", BESIDE))

NAME = "synapse.test"
PASSWORD = "pass word of a test"

# Seconds for one answer.
PATIENCE = 60.0


class Process:
    """A driver process."""

    def __init__(self, mode: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-B", DRIVER, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stderr if os.environ.get("HALLMARK_DRIVER_LOG") else subprocess.DEVNULL,
        )
        self.number = 0

    def ask(self, op: str, **args) -> dict:
        """The answer, whatever it is."""
        self.number += 1
        line = json.dumps({"id": self.number, "op": op, "args": args}).encode() + b"\n"
        # A process that does not answer is ended, and its output with it.
        hung = threading.Timer(PATIENCE, self.process.kill)
        hung.start()
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
            answered = self.process.stdout.readline()
        finally:
            hung.cancel()
        if not answered:
            raise AssertionError(f"no answer to `{op}`")
        answer = json.loads(answered)
        if answer.pop("id") != self.number:
            raise AssertionError(f"another request's answer to `{op}`")
        return answer

    def do(self, op: str, **args):
        """What an operation answers that must succeed."""
        answer = self.ask(op, **args)
        if "ok" not in answer:
            raise AssertionError(f"`{op}`: {answer}")
        return answer["ok"]

    def refused(self, op: str, **args) -> str:
        """The class of a refusal that must come."""
        answer = self.ask(op, **args)
        if "refused" not in answer:
            raise AssertionError(f"`{op}` was not refused: {answer}")
        return answer["refused"]["class"]

    def end(self) -> None:
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()


def canary(what: str) -> str:
    return f"{what}{secrets.token_hex(12)}"


def text_of(conversation: str, text: str) -> dict:
    return {"conversation": conversation, "content": {"kind": "text", "text": text}}


class WithDriver(unittest.TestCase):
    """Processes that are ended with the test, whatever comes of it."""

    MODE = "encrypted"

    def setUp(self) -> None:
        self.run_id = secrets.token_hex(4)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def process(self, mode: str | None = None) -> Process:
        made = Process(mode or self.MODE)
        self.addCleanup(made.end)
        made.do("hello", protocols=["hallmark-driver/2"])
        return made


class Alone(WithDriver):
    def test_what_is_not_of_the_protocol_is_an_error(self) -> None:
        device = self.process()
        for op, args in (
            ("account.login", {"user": "x", "password": "y"}),
            ("message.send", {"conversation": "x", "content": {"kind": "text", "text": "y"}}),
            ("world.set", {"server": {"host": "x", "port": 1, "trust_anchor": "/etc/passwd"}}),
            ("conversation.read", {}),
            ("state.restore", {"state": base64.b64encode(b"{}").decode()}),
        ):
            self.assertIn("error", device.ask(op, **args), op)
        for op, args in (("message.encrypt", {}), ("world.set", {"clock": "2030-01-01T00:00:00Z"})):
            self.assertIn("unsupported", device.ask(op, **args), op)

    def test_plain_rooms_have_nothing_to_rotate_or_to_back_up(self) -> None:
        device = self.process("plain")
        for op in ("group.rotate", "backup.export", "backup.import"):
            self.assertIn("unsupported", device.ask(op), op)

    def test_a_server_that_is_not_there_is_an_error_and_no_refusal(self) -> None:
        device = self.process()
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            device.do("world.set", server={"host": "127.0.0.1", "port": port})
            self.assertIn("error", device.ask("account.login", user="x", password="y"))


class WithSynapse(WithDriver):
    """One server for the tests of a class; each test has users of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        if not SYNAPSE_PYTHON.exists():
            raise unittest.SkipTest(f"Synapse is not installed: no {SYNAPSE_PYTHON}")
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="hallmark-synapse-"))
        cls.server = Synapse(SYNAPSE_PYTHON, Path(folder), NAME)
        cls.addClassCleanup(cls.server.end)

    def user(self, name: str) -> str:
        return f"{name}-{self.run_id}"

    def device(self, user: str, storage: str, mode: str | None = None, **login) -> Process:
        made = self.process(mode)
        made.do("world.set", server=self.server.world(), storage=str(self.folder / storage))
        made.do("account.login", user=self.user(user), password=PASSWORD, **login)
        return made

    def awaited(self, device: Process, conversation: str, text: str) -> dict:
        """The message that is shown, and the warnings that come with it."""
        answer = device.ask("message.await", conversation=conversation, contains=text, millis=20_000)
        self.assertIn("ok", answer)
        for each in answer["ok"]["messages"]:
            if text in (each["content"].get("text") or each["content"].get("name") or ""):
                return {**each, "warnings": [w["class"] for w in answer.get("warnings", [])]}
        self.fail(f"`{text}` is not shown: {answer}")

    def converse(self) -> dict[str, str]:
        """Direct and group messages and a file among three; answers the canaries by kind."""
        words = {kind: canary(kind) for kind in ("direct", "group", "body", "name", "after")}
        shown = {kind: canary(kind) for kind in ("display", "title")}
        alice = self.device("alice", "alice", display_name=shown["display"])
        bob, carol = self.device("bob", "bob"), self.device("carol", "carol")

        alice.do("message.send", **text_of(self.user("bob"), words["direct"]))
        message = self.awaited(bob, self.user("alice"), words["direct"])
        self.assertEqual(message["sender"], self.user("alice"))
        self.assertEqual(message["encrypted"], self.MODE == "encrypted")

        answer = canary("answer")
        bob.do("message.send", **text_of(self.user("alice"), answer))
        self.assertEqual(self.awaited(alice, self.user("bob"), answer)["sender"], self.user("bob"))
        words["answer"] = answer

        members = [self.user("bob"), self.user("carol")]
        alice.do("group.create", group="ward", title=shown["title"])
        alice.do("group.add", group="ward", members=members)
        alice.do("message.send", **text_of("ward", words["group"]))
        for member in (bob, carol):
            self.assertEqual(self.awaited(member, "ward", words["group"])["sender"], self.user("alice"))

        body = words["body"].encode() * 100
        file = {"kind": "file", "name": words["name"], "media_type": "text/plain"}
        file["body"] = base64.b64encode(body).decode()
        alice.do("message.send", conversation="ward", content=file)
        for member in (bob, carol):
            self.assertEqual(self.awaited(member, "ward", words["name"])["content"], file)

        alice.do("group.remove", group="ward", members=[self.user("carol")])
        alice.do("message.send", **text_of("ward", words["after"]))
        self.awaited(bob, "ward", words["after"])
        contents = json.dumps(carol.do("conversation.read", conversation="ward"))
        self.assertIn(words["group"], contents)
        self.assertNotIn(words["after"], contents)
        self.assertEqual(carol.refused("message.send", **text_of("ward", "still here")), "not-member")
        for device in (alice, bob, carol):
            device.do("shutdown")
        return {**words, **shown}


class Encrypted(WithSynapse):
    def test_the_server_is_left_with_nothing_but_what_it_has_to_know(self) -> None:
        words = self.converse()
        for control in ("display", "title"):
            self.assertIn("homeserver.db", " ".join(self.server.holds(words.pop(control))), control)
        for kind, word in words.items():
            self.assertEqual(self.server.holds(word), [], kind)

    def test_how_a_file_is_uploaded_decides_what_the_server_is_left_with(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        for setting, value, name_is_there, body_is_there in (
            ("file-names", "withheld", False, False),
            ("file-names", "uploaded", True, False),
            ("file-encryption", "off", True, True),
        ):
            alice.do("settings.set", name=setting, value=value)
            name, body = canary("name"), canary("body")
            content = {"kind": "file", "name": name, "media_type": "image/png"}
            content["body"] = base64.b64encode(body.encode()).decode()
            alice.do("message.send", conversation=self.user("bob"), content=content)
            if value == "off":
                # The recipient's nio takes no file from an encrypted message but an encrypted one.
                there = bob.do("conversation.read", conversation=self.user("alice"))
                self.assertNotIn(name, json.dumps(there))
            else:
                shown = self.awaited(bob, self.user("alice"), name)
                self.assertEqual((shown["content"], shown["encrypted"]), (content, True))
            self.assertEqual(bool(self.server.holds(name)), name_is_there, setting)
            self.assertEqual(bool(self.server.holds(body)), body_is_there, setting)
        self.assertIn("error", alice.ask("settings.set", name="file-names", value="hidden"))
        self.assertIn("unsupported", alice.ask("settings.get", name="no such setting"))

    def test_verification_is_by_the_same_fingerprint_on_both_sides(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        alice.do("message.send", **text_of(self.user("bob"), "before"))
        before = self.awaited(bob, self.user("alice"), "before")
        self.assertFalse(before["verified"])
        self.assertIn("unverified", before["warnings"])
        alice.do("settings.set", name="trust", value="verified-only")
        self.assertEqual(alice.refused("message.send", **text_of(self.user("bob"), "no")), "policy")
        shown = alice.do("verify.start", peer=self.user("bob"))
        self.assertEqual(shown, bob.do("verify.start", peer=self.user("alice")))
        alice.do("verify.confirm", peer=self.user("bob"), matches=True)
        bob.do("verify.confirm", peer=self.user("alice"), matches=True)
        alice.do("message.send", **text_of(self.user("bob"), "verified now"))
        self.assertTrue(self.awaited(bob, self.user("alice"), "verified now")["verified"])

        # A device more: not verified, so nothing is sent before it is.
        bob.do("device.add", device="tablet")
        listed = bob.do("device.list", user=self.user("bob"))["devices"]
        self.assertEqual(len(listed), 2)
        self.assertIn("tablet", listed)
        self.assertNotEqual(shown, alice.do("identity.fingerprint", peer=self.user("bob")))
        self.assertNotIn("tablet", alice.do("device.list", user=self.user("bob"))["devices"])
        self.assertEqual(alice.refused("message.send", **text_of(self.user("bob"), "no")), "policy")
        alice.do("settings.set", name="trust", value="ignore-unverified")
        self.assertIn("tablet", alice.do("device.list", user=self.user("bob"))["devices"])
        alice.do("message.send", **text_of(self.user("bob"), "to whoever is there"))
        bob.do("device.remove", device="tablet")
        self.assertNotIn("tablet", alice.do("device.list", user=self.user("bob"))["devices"])

    def test_a_second_device_reads_what_comes_after_it_and_a_backup_what_came_before(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        early, late = canary("early"), canary("late")
        alice.do("message.send", **text_of(self.user("bob"), early))
        self.awaited(bob, self.user("alice"), early)
        second = self.device("bob", "second")
        alice.do("message.send", **text_of(self.user("bob"), late))
        self.awaited(second, self.user("alice"), late)
        self.awaited(bob, self.user("alice"), late)
        answer = second.ask("conversation.read", conversation=self.user("alice"))
        self.assertNotIn(early, json.dumps(answer["ok"]))
        self.assertIn("undecryptable", [each["class"] for each in answer["warnings"]])

        backup = bob.do("backup.export")["backup"]
        self.assertNotIn(early.encode(), base64.b64decode(backup))
        spoilt = bytearray(base64.b64decode(backup))
        spoilt[len(spoilt) // 2] ^= 0x04
        spoilt = base64.b64encode(bytes(spoilt)).decode()
        self.assertIn(second.refused("backup.import", backup=spoilt), ("bad-signature", "malformed"))
        second.do("settings.set", name="backup.passphrase", value="another")
        self.assertEqual(second.refused("backup.import", backup=backup), "bad-signature")
        second.do("settings.set", name="backup.passphrase", value="correct horse battery")
        second.do("backup.import", backup=backup)
        self.awaited(second, self.user("alice"), early)

    def test_state_moves_to_another_process_and_a_storage_is_taken_up_again(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        one, two, three = canary("one"), canary("two"), canary("three")
        alice.do("message.send", **text_of(self.user("bob"), one))
        self.awaited(bob, self.user("alice"), one)
        state = bob.do("state.snapshot")["state"]
        devices = bob.do("device.list", user=self.user("bob"))
        bob.do("shutdown")

        moved = self.process()
        moved.do("world.set", server=self.server.world(), storage=str(self.folder / "moved"))
        moved.do("state.restore", state=state)
        self.awaited(moved, self.user("alice"), one)
        alice.do("message.send", **text_of(self.user("bob"), two))
        self.awaited(moved, self.user("alice"), two)
        moved.process.kill()

        again = self.device("bob", "moved")
        self.assertEqual(again.do("device.list", user=self.user("bob")), devices)
        alice.do("message.send", **text_of(self.user("bob"), three))
        for word in (one, two, three):
            self.awaited(again, self.user("alice"), word)

    def test_an_app_that_is_started_again_at_once_knows_its_conversations(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        early, late = canary("early"), canary("late")
        alice.do("message.send", **text_of(self.user("bob"), early))
        self.awaited(bob, self.user("alice"), early)
        alice.do("shutdown")
        again = self.device("alice", "alice")
        self.assertIn(early, json.dumps(again.do("conversation.read", conversation=self.user("bob"))))
        again.do("message.send", **text_of(self.user("bob"), late))
        self.awaited(bob, self.user("alice"), late)
        session = json.loads((self.folder / "alice" / "session.json").read_text())
        self.assertEqual(len(self.api(session, "GET", "joined_rooms", {})["joined_rooms"]), 1)

    def test_a_message_without_encryption_is_told_from_the_others(self) -> None:
        alice = self.device("alice", "alice")
        bob = self.device("bob", "bob", mode="plain")
        alice.do("message.send", **text_of(self.user("bob"), "sealed"))
        self.assertTrue(self.awaited(bob, self.user("alice"), "sealed")["encrypted"])
        bob.do("group.create", group="open")
        bob.do("group.add", group="open", members=[self.user("alice")])
        bob.do("message.send", **text_of("open", "in the clear"))
        self.assertFalse(self.awaited(alice, "open", "in the clear")["encrypted"])

    def test_members_who_come_and_go_are_told_of_and_the_key_follows_them(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        group = "ward 7 – night: a--b"
        alice.do("group.create", group=group)
        alice.do("group.add", group=group, members=[self.user("bob")])
        early, late = canary("early"), canary("late")
        alice.do("message.send", **text_of(group, early))
        self.assertNotIn("member-added", self.awaited(bob, group, early)["warnings"])
        carol = self.device("carol", "carol")
        bob.do("group.add", group=group, members=[self.user("carol")])
        bob.do("message.send", **text_of(group, late))
        self.assertIn("member-added", self.awaited(alice, group, late)["warnings"])
        self.awaited(carol, group, late)
        self.assertNotIn(early, json.dumps(carol.do("conversation.read", conversation=group)))
        everybody = sorted(self.user(name) for name in ("alice", "bob", "carol"))
        self.assertEqual(carol.do("group.info", group=group)["members"], everybody)

        # The same name for another group, of others.
        dave = self.device("dave", "dave")
        self.assertEqual(dave.refused("message.send", **text_of(group, "let me in")), "not-member")
        self.assertEqual(dave.refused("group.info", group=group), "not-member")
        dave.do("group.create", group=group)
        self.assertEqual(dave.do("group.info", group=group)["members"], [self.user("dave")])

        # An invitation that is taken back.
        alice.do("group.add", group=group, members=[self.user("erin")])
        alice.do("group.remove", group=group, members=[self.user("erin")])
        self.assertEqual(alice.refused("group.remove", group=group, members=["nobody"]), "not-member")
        self.assertEqual(alice.do("group.info", group=group)["members"], everybody)

    def test_only_the_named_server_under_the_trusted_root_is_spoken_to(self) -> None:
        good = self.server.world()
        other = self.folder / "other"
        other.mkdir()
        stranger = certificate(other, NAME)
        login = {"user": self.user("dave"), "password": PASSWORD}
        for world in ({**good, "trust_anchor": stranger}, {**good, "name": "elsewhere.test"}):
            device = self.process()
            device.do("world.set", server=world)
            self.assertEqual(device.refused("account.login", **login), "policy")
        keys = self.folder / "keys.log"
        device = self.process()
        device.do("world.set", server=good, keylog=str(keys))
        device.do("account.login", **login)
        self.assertIn("CLIENT_TRAFFIC_SECRET_0", keys.read_text())
        self.assertEqual(device.do("conversation.read", conversation="x"), {"messages": []})
        device.do("world.set", server={**good, "trust_anchor": stranger})
        self.assertEqual(device.refused("conversation.read", conversation="x"), "policy")
        device.do("reset")
        device.do("world.set", server=good)
        wrong = {**login, "password": "another"}
        self.assertEqual(device.refused("account.login", **wrong), "policy")

    def test_what_a_member_sends_without_encryption_into_an_encrypted_room_is_marked(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        alice.do("message.send", **text_of(self.user("bob"), "sealed"))
        self.awaited(bob, self.user("alice"), "sealed")
        session = json.loads((self.folder / "bob" / "session.json").read_text())
        room = self.api(session, "GET", "joined_rooms", {})["joined_rooms"][0]
        path = f"rooms/{urllib.parse.quote(room)}/send/m.room.message/1"
        self.api(session, "PUT", path, {"msgtype": "m.text", "body": "not sealed"})
        shown = self.awaited(alice, self.user("bob"), "not sealed")
        self.assertFalse(shown["encrypted"])
        self.assertIn("unencrypted", shown["warnings"])
        self.assertTrue(self.awaited(alice, self.user("bob"), "sealed")["encrypted"])

    def test_a_file_that_the_server_altered_is_not_shown(self) -> None:
        alice, bob = self.device("alice", "alice"), self.device("bob", "bob")
        content = {"kind": "file", "name": canary("name"), "media_type": "text/plain"}
        content["body"] = base64.b64encode(b"as it was").decode()
        before = set(self.server.folder.glob("media/local_content/**/*"))
        alice.do("message.send", conversation=self.user("bob"), content=content)
        stored = set(self.server.folder.glob("media/local_content/**/*")) - before
        [stored] = [path for path in stored if path.is_file()]
        stored.write_bytes(bytes(byte ^ 1 for byte in stored.read_bytes()))
        shown = self.awaited(bob, self.user("alice"), content["name"])
        self.assertEqual(shown["content"], {**content, "body": ""})
        self.assertIn("undecryptable file", shown["marks"][0])
        self.assertIn("undecryptable", shown["warnings"])

    def api(self, session: dict, method: str, path: str, body: dict) -> dict:
        """What a client of another make could ask of the server."""
        context = ssl.create_default_context(cadata=self.server.root)
        # The name is checked by the driver's own tests; here it is only a way to the server.
        context.check_hostname = False
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.server.port}/_matrix/client/v3/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {session['access_token']}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            return json.loads(answer.read())


class Plain(WithSynapse):
    MODE = "plain"

    def test_the_server_reads_everything(self) -> None:
        words = self.converse()
        for kind, word in words.items():
            where = self.server.holds(word)
            expected = "media/local_content" if kind == "body" else "homeserver.db"
            self.assertIn(expected, " ".join(where), kind)


if __name__ == "__main__":
    unittest.main()
