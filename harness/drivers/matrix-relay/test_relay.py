# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The relay between real apps (the driver of matrix-nio) and a real Synapse.

Run like the tests of that driver: `{target}/peers/matrix-nio/bin/python -B -m unittest -v test_relay`.
What each act came to is printed as a line that begins with `measured:`.
"""

import contextlib
import http.client
import json
import os
from pathlib import Path
import secrets
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.append(str(Path(__file__).parent.parent / "matrix-nio"))

from synapse_for_tests import Synapse
from test_matrix_nio import NAME, PASSWORD, PATIENCE, SYNAPSE_PYTHON, Process, canary, text_of

RELAY = Path(__file__).parent / "driver.py"
POLICIES = ("ignore-unverified", "verified-only")

# Seconds for the relay to end by itself.
END = 5


class RelayProcess(Process):
    """The relay, driven like any driver."""

    def __init__(self, temporary: Path) -> None:  # pylint: disable=super-init-not-called
        self.number = 0
        self.process = subprocess.Popen(
            [sys.executable, "-B", RELAY],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sys.stderr if os.environ.get("HALLMARK_DRIVER_LOG") else subprocess.DEVNULL,
        )


class WithRelay(unittest.TestCase):
    """One Synapse for the tests of a class; each test has a relay and users of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        if not SYNAPSE_PYTHON.exists():
            raise unittest.SkipTest(f"Synapse is not installed: no {SYNAPSE_PYTHON}")
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="hallmark-synapse-"))
        cls.server = Synapse(SYNAPSE_PYTHON, Path(folder), NAME)
        cls.addClassCleanup(cls.server.end)

    def setUp(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new relay, and names that nobody has yet."""
        self.run_id = secrets.token_hex(4)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.temporary = self.folder / "temporary of the relay"
        self.temporary.mkdir()
        self.relay = RelayProcess(self.temporary)
        self.addCleanup(self.relay.end)
        self.relay.do("hello", protocols=["hallmark-driver/2"])
        self.opened = self.relay.do("relay.open", server=self.server.world(), further={})

    # ---- apps ----

    def user(self, name: str) -> str:
        return f"{name}-{self.run_id}"

    def app(self, user: str, storage: str | None = None, mode: str = "encrypted") -> Process:
        """An app that takes the relay for its server."""
        made = Process(mode)
        self.addCleanup(made.end)
        made.do("hello", protocols=["hallmark-driver/2"])
        world = {key: self.opened[key] for key in ("host", "port", "trust_anchor")}
        made.do("world.set", server={**world, "name": NAME}, storage=str(self.folder / (storage or user)))
        made.do("account.login", user=self.user(user), password=PASSWORD)
        return made

    def send(self, app: Process, conversation: str, what: str) -> str:
        """A message that must go out; its text."""
        text = canary(what)
        app.do("message.send", **text_of(conversation, text))
        return text

    def shown(self, app: Process, conversation: str, text: str, millis: int = 20_000) -> list[dict]:
        """The messages with this text, each with the classes of the warnings that were shown."""
        asked = {"conversation": conversation, "contains": text, "millis": millis}
        answer = app.ask("message.await", **asked)
        self.assertIn("ok", answer)
        warnings = sorted({each["class"] for each in answer.get("warnings", [])})
        found = [each for each in answer["ok"]["messages"] if text in each["content"].get("text", "")]
        return [{**each, "warnings": warnings} for each in found]

    def arrives(self, app: Process, conversation: str, text: str) -> dict:
        found = self.shown(app, conversation, text)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def attempt(self, app: Process, conversation: str, what: str) -> tuple[str, dict]:
        """A message that the app may refuse to send; its text, and what came of it, with warnings."""
        text = canary(what)
        answer = app.ask("message.send", **text_of(conversation, text))
        told = {"told": answer["warnings"]} if answer.get("warnings") else {}
        return text, {"sent": True, **told} if "ok" in answer else answer

    def assert_refused(self, answer: dict) -> None:
        self.assertEqual(answer["refused"]["class"], "policy")
        self.assertIn("OlmUnverifiedDeviceError", answer["refused"]["detail"])

    def pair(self, policy: str = POLICIES[0], group: str | None = None) -> tuple[Process, Process]:
        """Alice and Bob, who have written to each other through the relay, both ways."""
        alice, bob = self.app("alice"), self.app("bob")
        to_bob, to_alice = self.user("bob"), self.user("alice")
        if group is not None:
            alice.do("group.create", group=group)
            alice.do("group.add", group=group, members=[to_bob])
            to_bob = to_alice = group
        self.arrives(bob, to_alice, self.send(alice, to_bob, "there"))
        self.arrives(alice, to_bob, self.send(bob, to_alice, "back"))
        if policy == "verified-only":
            self.verify(alice, bob)
            for app in (alice, bob):
                app.do("settings.set", name="trust", value=policy)
            found = self.arrives(bob, to_alice, self.send(alice, to_bob, "verified"))
            self.assertTrue(found["verified"])
            self.arrives(alice, to_bob, self.send(bob, to_alice, "verified"))
        return alice, bob

    def verify(self, alice: Process, bob: Process) -> None:
        one = alice.do("verify.start", peer=self.user("bob"))
        self.assertEqual(one, bob.do("verify.start", peer=self.user("alice")))
        alice.do("verify.confirm", peer=self.user("bob"), matches=True)
        bob.do("verify.confirm", peer=self.user("alice"), matches=True)

    def api(self, app: str, path: str, query: str = "") -> dict:
        """What an app of another make could ask of the relay, as the device of one of ours."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.opened['port']}/_matrix/client/v3/{path}?{query}",
            headers={"Authorization": f"Bearer {self.token(app)}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE, context=self.tls()) as answer:
            return json.loads(answer.read())

    def token(self, app: str) -> str:
        return json.loads((self.folder / app / "session.json").read_text())["access_token"]

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.opened["trust_anchor"])
        # The name is checked by the apps; here it is only a way to the relay.
        context.check_hostname = False
        return context

    # ---- the relay ----

    def tamper(self, what: str, **args: str) -> None:
        self.relay.do("relay.tamper", what=what, **args)

    def applied(self) -> dict:
        """What was seen, of an act that had its chance."""
        seen = self.relay.do("relay.seen")
        self.assertGreater(seen["applied"], 0, seen)
        return seen

    def measured(self, act: str, policy: str, **found: object) -> None:
        print(f"measured: {act} / {policy}: {json.dumps(found, ensure_ascii=False)}", flush=True)


class Transparent(WithRelay):
    def test_everything_passes_as_it_is_and_keys_go_to_the_two_alone(self) -> None:
        alice, bob = self.pair()
        seen = self.relay.do("relay.seen")
        self.assertEqual((seen["applied"], seen["read"]), (0, []))
        users = {each.partition("/")[0] for each in seen["recipients"]}
        self.assertEqual(users, {self.user("alice"), self.user("bob")})
        # A file is more than one chunk.
        content = {"kind": "file", "name": "x-ray", "media_type": "image/png"}
        content["body"] = "A" * 1_000_000
        alice.do("message.send", conversation=self.user("bob"), content=content)
        answer = bob.do("message.await", conversation=self.user("alice"), contains="x-ray", millis=20_000)
        self.assertIn(content, [each["content"] for each in answer["messages"]])

    def test_what_is_sent_in_the_clear_is_read(self) -> None:
        alice, bob = self.app("alice", mode="plain"), self.app("bob", mode="plain")
        text = self.send(alice, self.user("bob"), "clear")
        self.arrives(bob, self.user("alice"), text)
        self.assertEqual(self.relay.do("relay.seen")["read"], [text])

    def test_a_server_under_another_root_is_not_spoken_to(self) -> None:
        other = RelayProcess(self.temporary)
        self.addCleanup(other.end)
        server = {**self.server.world(), "trust_anchor": self.opened["trust_anchor"]}
        answer = other.ask("relay.open", server=server)
        self.assertIn("CERTIFICATE_VERIFY_FAILED", answer["error"]["message"])

    def test_what_makes_no_sense_is_said(self) -> None:
        self.assertIn("unsupported", self.relay.ask("relay.tamper", what="no such act"))
        for args in ({}, {"what": "replay"}, {"what": "none", "view": "x"}):
            self.assertIn("error", self.relay.ask("relay.tamper", **args), args)
        self.assertIn("error", self.relay.ask("relay.tamper", what="replay", view="x", **{"from": "y"}))
        self.assertIn("error", self.relay.ask("relay.open", server=self.server.world()))
        self.assertIn("unsupported", self.relay.ask("message.send"))

    def test_an_app_that_polls_is_answered_when_an_act_comes_on(self) -> None:
        alice, bob = self.pair()
        since = self.api("bob", "sync")["next_batch"]
        answers: list[dict] = []
        polling = threading.Thread(
            target=lambda: answers.append(self.api("bob", "sync", f"timeout=45000&since={since}"))
        )
        polling.start()
        # Whatever the relay did before this answer, it did after the poll had begun.
        self.api("alice", "sync")
        started, text = time.monotonic(), canary("forged")
        self.tamper("plaintext", view=self.user("bob"), text=text, conversation=self.user("alice"),
                    **{"from": self.user("alice")})
        polling.join(PATIENCE)
        self.assertLess(time.monotonic() - started, 20)
        self.assertIn(text, json.dumps(answers))
        # What the relay made of the token is understood by it, and by nobody else.
        self.assertNotIn(text, json.dumps(self.api("bob", "sync", f"since={answers[0]['next_batch']}")))
        for app in (alice, bob):
            app.do("ping")

    def test_what_was_not_taken_is_handed_over_again_to_each_device(self) -> None:
        _, bob = self.pair()
        self.app("bob", storage="tablet").do("ping")
        tokens = {app: self.api(app, "sync")["next_batch"] for app in ("bob", "tablet")}
        text = canary("forged")
        self.tamper("plaintext", view=self.user("bob"), text=text, conversation=self.user("alice"),
                    **{"from": self.user("alice")})
        for number, (app, since) in enumerate(tokens.items()):
            # The first answer may have been lost: the app comes back with the token that it had.
            answers = [self.api(app, "sync", f"since={since}") for _ in range(2)]
            self.assertEqual([text in json.dumps(each) for each in answers], [True, True])
            self.assertEqual(self.applied()["applied"], 2 * number + 2)
            after = self.api(app, "sync", f"since={answers[1]['next_batch']}")
            self.assertNotIn(text, json.dumps(after))
            self.assertEqual(self.applied()["applied"], 2 * number + 2)
        bob.do("ping")

    def test_sliding_sync_is_not_offered(self) -> None:
        self.app("alice")
        for version in ("unstable/org.matrix.simplified_msc3575", "unstable/org.matrix.msc3575", "v4"):
            request = urllib.request.Request(
                f"https://127.0.0.1:{self.opened['port']}/_matrix/client/{version}/sync?timeout=0",
                data=b"{}", headers={"Authorization": f"Bearer {self.token('alice')}"},
            )
            with self.assertRaises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(request, timeout=PATIENCE, context=self.tls())
            with raised.exception as answer:
                self.assertEqual(answer.code, 404)
                self.assertEqual(json.loads(answer.read())["errcode"], "M_UNRECOGNIZED")

    def test_more_connections_or_bytes_than_it_holds_are_turned_away(self) -> None:
        self.app("alice")
        address, held = ("127.0.0.1", self.opened["port"]), []
        with self.assertRaises(OSError):
            for _ in range(65):
                near = self.tls().wrap_socket(socket.create_connection(address, timeout=END))
                self.addCleanup(near.close)
                # A handshake is over for the client before the server has taken the connection.
                near.sendall(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: x\r\n\r\n")
                if not near.recv(1):
                    raise ConnectionResetError
                held.append(near)
        self.assertGreater(len(held), 32)
        for each in held:
            each.shutdown(socket.SHUT_WR)
        for each in held:
            # The relay closes its end when it has let go of the connection.
            while each.recv(4096):
                pass
            each.close()
        self.assertIn("next_batch", self.api("alice", "sync"))
        token = self.token("alice")
        request = urllib.request.Request(
            f"https://127.0.0.1:{address[1]}/_matrix/client/v3/sendToDevice/m.room.encrypted/1",
            method="PUT", data=b" " * (33 * 1024 * 1024), headers={"Authorization": f"Bearer {token}"},
        )
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request, timeout=PATIENCE, context=self.tls())
        self.assertEqual(raised.exception.code, 413)
        raised.exception.close()

    def test_nothing_is_left(self) -> None:
        self.relay.do("shutdown")
        self.assert_gone()
        # Without a word, and while an app polls.
        self.begin()
        alice = self.app("alice")
        poll = self.poll("alice", self.api("alice", "sync")["next_batch"])
        # Whatever the relay did before this answer, it did after the poll had begun.
        self.api("alice", "joined_rooms")
        poll.sock.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError):
            poll.sock.recv(1)
        poll.sock.settimeout(PATIENCE)
        self.relay.process.stdin.close()
        self.assert_gone()
        with self.assertRaises((OSError, http.client.HTTPException)):
            poll.getresponse()
        self.assertIn("error", alice.ask("conversation.read", conversation="x"))

    def poll(self, app: str, since: str) -> http.client.HTTPSConnection:
        """A request that is under way when this returns."""
        polling = http.client.HTTPSConnection(
            "127.0.0.1", self.opened["port"], timeout=PATIENCE, context=self.tls()
        )
        self.addCleanup(polling.close)
        query = urllib.parse.urlencode({"timeout": 45_000, "since": since})
        headers = {"Authorization": f"Bearer {self.token(app)}"}
        polling.request("GET", f"/_matrix/client/v3/sync?{query}", headers=headers)
        return polling

    def assert_gone(self) -> None:
        self.assertEqual(self.relay.process.wait(END), 0)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.opened["port"]), timeout=END)
        self.assertEqual(list(self.temporary.iterdir()), [])


class Messages(WithRelay):
    """In the view of Bob, of what Alice sends."""

    def test_another_sender(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.app("carol").do("ping")
                self.tamper("sender", view=self.user("bob"), to=self.user("carol"),
                            **{"from": self.user("alice")})
                text = self.send(alice, self.user("bob"), "mine")
                found = self.arrives(bob, self.user("alice"), text)
                self.applied()
                self.measured("sender", policy, sender=found["sender"], encrypted=found["encrypted"],
                              verified=found["verified"], warnings=found["warnings"])
                self.assertEqual(found["sender"], self.user("carol"))
                self.assertTrue(found["encrypted"])
                self.assertFalse(found["verified"])
                self.assertIn("unverified", found["warnings"])

    def test_a_message_twice(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("replay", view=self.user("bob"), **{"from": self.user("alice")})
                text = self.send(alice, self.user("bob"), "once")
                found = self.shown(bob, self.user("alice"), text)
                self.applied()
                second = bob.do("conversation.read", conversation=self.user("alice"))["messages"][-1]
                self.measured("replay", policy, times=len(found), verified=found[0]["verified"],
                              second=second, warnings=found[0]["warnings"])
                self.assertEqual(len(found), 1)
                self.assertEqual((second["content"]["text"], second["marks"]), ("", ["undecryptable"]))

    def test_a_message_in_the_clear(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                text = canary("forged")
                self.tamper("plaintext", view=self.user("bob"), text=text,
                            conversation=self.user("alice"), **{"from": self.user("alice")})
                found = self.arrives(bob, self.user("alice"), text)
                self.applied()
                self.arrives(bob, self.user("alice"), self.send(alice, self.user("bob"), "after"))
                self.measured("plaintext", policy, sender=found["sender"],
                              encrypted=found["encrypted"], warnings=found["warnings"])
                self.assertEqual((found["sender"], found["encrypted"]), (self.user("alice"), False))
                self.assertIn("unencrypted", found["warnings"])


class Devices(WithRelay):
    """In the view of Alice, of what Bob has."""

    def test_a_ghost_device(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("ghost-device", view=self.user("alice"), user=self.user("bob"))
                text, answer = self.attempt(alice, self.user("bob"), "haunted")
                seen = self.applied()
                ghosts = [each for each in seen["recipients"] if "/GHOST" in each]
                self.measured("ghost-device", policy, answer=answer, read=seen["read"],
                              recipients=seen["recipients"])
                if policy == "verified-only":
                    self.assert_refused(answer)
                    self.assertEqual((ghosts, seen["read"]), ([], []))
                    continue
                # She is told nothing.
                self.assertEqual(answer, {"sent": True})
                self.assertEqual((len(ghosts), seen["read"]), (1, [text]))
                # Later messages need no new key.
                self.arrives(bob, self.user("alice"), text)
                self.arrives(alice, self.user("bob"), self.send(bob, self.user("alice"), "back"))
                texts = [text, self.send(alice, self.user("bob"), "same key")]
                self.assertEqual([each for each in self.applied()["read"] if each in texts], texts)

    def test_other_keys_for_a_known_device(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("device-keys", view=self.user("alice"), user=self.user("bob"))
                text = self.send(alice, self.user("bob"), "known")
                seen = self.applied()
                found = self.arrives(bob, self.user("alice"), text)
                told = alice.ask("conversation.read", conversation=self.user("bob")).get("warnings")
                self.measured("device-keys (known device)", policy, answer={"sent": True},
                              read=seen["read"], verified=found["verified"], told=told)
                self.assertEqual(seen["read"], [])
                self.assertEqual(found["verified"], policy == "verified-only")
                self.assertLessEqual({each["class"] for each in told or []}, {"unverified"})

    def test_other_keys_for_a_device_never_seen_before(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.app("alice"), self.app("bob")
                self.tamper("device-keys", view=self.user("alice"), user=self.user("bob"))
                alice.do("settings.set", name="trust", value=policy)
                text, answer = self.attempt(alice, self.user("bob"), "new")
                seen = self.applied()
                one = alice.do("verify.start", peer=self.user("bob"))
                other = bob.do("verify.start", peer=self.user("alice"))
                self.measured("device-keys (new device)", policy, answer=answer, read=seen["read"],
                              recipients=seen["recipients"], same_fingerprint=one == other)
                self.assertNotEqual(one, other)
                if policy == "verified-only":
                    self.assert_refused(answer)
                self.assertEqual(seen["read"], [text] if policy == POLICIES[0] else [])


class Rooms(WithRelay):
    """In the view of Alice, of the rooms that she is in."""

    def test_a_member_whom_nobody_added(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                self.app("mallory").do("ping")
                alice, bob = self.pair(policy, group="ward")
                self.tamper("added-member", view=self.user("alice"), group="ward",
                            user=self.user("mallory"))
                text, answer = self.attempt(alice, "ward", "added")
                seen = self.applied()
                members = alice.do("group.info", group="ward")["members"]
                told = alice.ask("conversation.read", conversation="ward").get("warnings")
                self.measured("added-member", policy, answer=answer, recipients=seen["recipients"],
                              members=members, told=told)
                self.assertIn(self.user("mallory"), members)
                self.assertIn("member-added", json.dumps(told))
                if policy == "verified-only":
                    self.assert_refused(answer)
                    self.assertEqual(seen["recipients"], [])
                else:
                    self.assertIn(self.user("mallory"), json.dumps(seen["recipients"]))
                    self.arrives(bob, "ward", text)

    def test_a_conversation_that_does_not_look_encrypted(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                alice.do("shutdown")
                alice = self.app("alice")
                alice.do("settings.set", name="trust", value=policy)
                # Started again: the same device, whose honest message is encrypted.
                text = self.send(alice, self.user("bob"), "control")
                self.assertTrue(self.arrives(bob, self.user("alice"), text)["encrypted"])

                self.tamper("stripped-marker", view=self.user("alice"), conversation=self.user("bob"))
                text = self.send(alice, self.user("bob"), "running")
                seen = self.relay.do("relay.seen")
                found = self.arrives(bob, self.user("alice"), text)
                self.measured("stripped-marker (running app)", policy, applied=seen["applied"],
                              read=seen["read"], encrypted=found["encrypted"])
                # Nothing was to be said of encryption, so nothing could be hidden.
                self.assertEqual((seen["applied"], seen["read"]), (0, []))
                self.assertTrue(found["encrypted"])

                alice.do("shutdown")
                alice = self.app("alice")
                alice.do("settings.set", name="trust", value=policy)
                text = self.send(alice, self.user("bob"), "again")
                seen = self.applied()
                found = self.arrives(bob, self.user("alice"), text)
                self.measured("stripped-marker (app started again)", policy, applied=seen["applied"],
                              read=seen["read"], encrypted=found["encrypted"])
                self.assertTrue(found["encrypted"])
                self.assertEqual(seen["read"], [])

                anew = self.app("alice", storage="another phone of alice")
                anew.do("settings.set", name="trust", value=policy)
                text = self.send(anew, self.user("bob"), "anew")
                seen = self.applied()
                found = self.arrives(bob, self.user("alice"), text)
                told = anew.ask("conversation.read", conversation=self.user("bob")).get("warnings")
                self.measured("stripped-marker (new login)", policy, read=seen["read"],
                              encrypted=found["encrypted"], warnings=found["warnings"], told=told)
                self.assertFalse(found["encrypted"])
                self.assertIn("unencrypted", found["warnings"])
                self.assertEqual(seen["read"], [text])

    def test_only_the_one_conversation_is_stripped(self) -> None:
        alice, bob = self.pair()
        alice.do("group.create", group="ward")
        alice.do("group.add", group="ward", members=[self.user("bob")])
        self.arrives(bob, "ward", self.send(alice, "ward", "there"))
        self.tamper("stripped-marker", view=self.user("alice"), conversation="ward")
        rooms = self.api("alice", "joined_rooms")["joined_rooms"]
        hidden = []
        for room in rooms:
            path = f"rooms/{urllib.parse.quote(room)}/state"
            state = self.api("alice", path)
            listed = any(event["type"] == "m.room.encryption" for event in state)
            try:
                self.assertEqual(listed, bool(self.api("alice", path + "/m.room.encryption")))
            except urllib.error.HTTPError as error:
                self.assertEqual((error.code, listed), (404, False))
                error.close()
            hidden.append(not listed)
        self.assertEqual(sorted(hidden), [False, True])
        for room, is_hidden in zip(rooms, hidden):
            # Bob is told the truth.
            path = f"rooms/{urllib.parse.quote(room)}/state/m.room.encryption"
            self.assertIn("algorithm", self.api("bob", path), is_hidden)


class Claims(WithRelay):
    def test_a_stranger_asks_for_keys(self) -> None:
        alice, bob = self.app("alice"), self.app("bob")
        few = self.relay.do("relay.claim", user=self.user("bob"), claims=3)
        self.assertEqual(few, {"handed": 3, "distinct": 3, "last_resort": 0, "refused": 0})
        many = self.relay.do("relay.claim", user=self.user("bob"), claims=60)
        self.assertEqual(many, {"handed": 47, "distinct": 47, "last_resort": 0, "refused": 0})
        # What it means for the two: nobody can write to Bob, and his app uploads no new keys.
        text = self.send(alice, self.user("bob"), "too late")
        self.assertEqual(self.shown(bob, self.user("alice"), text, 3_000), [])
        shown = bob.do("conversation.read", conversation=self.user("alice"))["messages"]
        again = self.relay.do("relay.claim", user=self.user("bob"), claims=1)
        self.measured("claim", "63 of 50 keys", claimed=many, shown=shown, again=again)
        self.assertEqual([each["marks"] for each in shown], [["undecryptable"]])
        self.assertEqual((again["handed"], again["last_resort"]), (0, 0))
        # The strangers left.
        with contextlib.closing(sqlite3.connect(self.server.folder / "homeserver.db")) as database:
            found = database.execute("SELECT deactivated FROM users WHERE name LIKE '@stranger-%'")
            self.assertEqual(found.fetchall(), [(1,)] * 3)
        self.assertIn("error", self.relay.ask("relay.claim", user=self.user("nobody"), claims=1))
        self.assertIn("error", self.relay.ask("relay.claim", user=self.user("bob"), claims=0))


if __name__ == "__main__":
    unittest.main()
