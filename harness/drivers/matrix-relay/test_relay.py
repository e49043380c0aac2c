# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The relay between real apps (the driver of matrix-nio) and a real Synapse.

Run like the tests of that driver: `{target}/peers/matrix-nio/bin/python -B -m unittest -v test_relay`.
What each act came to is printed as a line that begins with `measured:`.
"""

import json
import os
from pathlib import Path
import secrets
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(Path(__file__).parent.parent / "matrix-nio"))

from synapse_for_tests import Synapse
from test_matrix_nio import NAME, PASSWORD, SYNAPSE_PYTHON, Process, canary, text_of

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
        answer = other.ask("relay.open", server={**self.server.world(), "trust_anchor": self.opened["trust_anchor"]})
        self.assertIn("CERTIFICATE_VERIFY_FAILED", answer["error"]["message"])

    def test_what_makes_no_sense_is_said(self) -> None:
        self.assertIn("unsupported", self.relay.ask("relay.tamper", what="no such act"))
        for args in ({}, {"what": "replay"}, {"what": "none", "view": "x"}):
            self.assertIn("error", self.relay.ask("relay.tamper", **args), args)
        self.assertIn("error", self.relay.ask("relay.tamper", what="replay", view="x", **{"from": "y"}))
        self.assertIn("error", self.relay.ask("relay.open", server=self.server.world()))
        self.assertIn("unsupported", self.relay.ask("message.send"))

    def test_nothing_is_left(self) -> None:
        for orderly in (True, False):
            if orderly:
                self.relay.do("shutdown")
            else:
                self.begin()
            alice = self.app("alice") if not orderly else None
            self.relay.process.stdin.close()
            self.assertEqual(self.relay.process.wait(END), 0)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.opened["port"]), timeout=END)
            self.assertEqual(list(self.temporary.iterdir()), [])
            if alice:
                self.assertIn("error", alice.ask("conversation.read", conversation="x"))


class Messages(WithRelay):
    def test_another_sender(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                carol = self.app("carol")
                self.assertIn("ok", carol.ask("ping"))
                self.tamper("sender", view=self.user("bob"), to=self.user("carol"), **{"from": self.user("alice")})
                text = self.send(alice, self.user("bob"), "mine")
                found = self.shown(bob, self.user("alice"), text, 5_000)
                seen = self.applied()
                self.measured("sender", policy, shown=found, log=seen["log"][-1:])

    def test_a_message_twice(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("replay", view=self.user("bob"), **{"from": self.user("alice")})
                text = self.send(alice, self.user("bob"), "once")
                found = self.shown(bob, self.user("alice"), text)
                self.applied()
                everything = bob.ask("conversation.read", conversation=self.user("alice"))
                self.measured("replay", policy, shown=found, times=len(found),
                              all=everything["ok"]["messages"][-2:], warnings=everything.get("warnings"))

    def test_a_message_in_the_clear(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                text = canary("forged")
                self.tamper("plaintext", view=self.user("bob"), text=text, conversation=self.user("alice"),
                            **{"from": self.user("alice")})
                found = self.shown(bob, self.user("alice"), text)
                self.applied()
                self.arrives(bob, self.user("alice"), self.send(alice, self.user("bob"), "after"))
                self.measured("plaintext", policy, shown=found)


class Devices(WithRelay):
    def attempt(self, app: Process, conversation: str, what: str) -> tuple[str, dict]:
        """A message that the app may refuse to send; its text, and the answer."""
        text = canary(what)
        answer = app.ask("message.send", **text_of(conversation, text))
        return text, {key: value for key, value in answer.items() if key != "ok"} or {"sent": True}

    def test_a_ghost_device(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("ghost-device", view=self.user("alice"), user=self.user("bob"))
                text, answer = self.attempt(alice, self.user("bob"), "haunted")
                seen = self.applied()
                shown = self.shown(bob, self.user("alice"), text, 3_000) if "sent" in answer else []
                self.measured("ghost-device", policy, answer=answer, read=seen["read"] == [text],
                              recipients=seen["recipients"], shown=shown, log=seen["log"])
                self.assertEqual("GHOST" in json.dumps(seen["recipients"]), seen["read"] == [text])

    def test_other_keys_for_a_known_device(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("device-keys", view=self.user("alice"), user=self.user("bob"))
                text, answer = self.attempt(alice, self.user("bob"), "known")
                seen = self.applied()
                shown = self.shown(bob, self.user("alice"), text, 3_000)
                self.measured("device-keys (known device)", policy, answer=answer, read=seen["read"],
                              shown=shown, recipients=seen["recipients"], log=seen["log"])

    def test_other_keys_for_a_device_never_seen_before(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.app("alice"), self.app("bob")
                self.tamper("device-keys", view=self.user("alice"), user=self.user("bob"))
                alice.do("settings.set", name="trust", value=policy)
                text, answer = self.attempt(alice, self.user("bob"), "new")
                seen = self.applied()
                shown = self.shown(bob, self.user("alice"), text, 3_000) if "sent" in answer else []
                one = alice.do("verify.start", peer=self.user("bob"))
                other = bob.do("verify.start", peer=self.user("alice"))
                self.measured("device-keys (new device)", policy, answer=answer, read=seen["read"],
                              shown=shown, recipients=seen["recipients"], same_fingerprint=one == other)


class Rooms(Devices):
    test_a_ghost_device = test_other_keys_for_a_known_device = None
    test_other_keys_for_a_device_never_seen_before = None

    def test_a_member_whom_nobody_added(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                mallory = self.app("mallory")
                alice, bob = self.pair(policy, group="ward")
                self.tamper("added-member", view=self.user("alice"), group="ward", user=self.user("mallory"))
                text, answer = self.attempt(alice, "ward", "added")
                seen = self.applied()
                shown = self.shown(bob, "ward", text, 3_000) if "sent" in answer else []
                members = alice.do("group.info", group="ward")["members"]
                told = alice.ask("conversation.read", conversation="ward").get("warnings")
                self.measured("added-member", policy, answer=answer, recipients=seen["recipients"],
                              shown=shown, members=members, told=told)
                self.assertIn("ok", mallory.ask("ping"))

    def test_a_conversation_that_does_not_look_encrypted(self) -> None:
        for policy in POLICIES:
            with self.subTest(policy):
                self.begin()
                alice, bob = self.pair(policy)
                self.tamper("stripped-marker", view=self.user("alice"), conversation=self.user("bob"))
                text, answer = self.attempt(alice, self.user("bob"), "running")
                seen = self.relay.do("relay.seen")
                self.measured("stripped-marker (running app)", policy, answer=answer,
                              applied=seen["applied"], read=seen["read"])
                alice.do("shutdown")
                again = self.app("alice")
                again.do("settings.set", name="trust", value=policy)
                text, answer = self.attempt(again, self.user("bob"), "restarted")
                seen = self.applied()
                shown = self.shown(bob, self.user("alice"), text)
                self.measured("stripped-marker (restarted app)", policy, answer=answer,
                              read=seen["read"], shown=shown, log=seen["log"])
                anew = self.app("alice", storage="another phone of alice")
                anew.do("settings.set", name="trust", value=policy)
                text, answer = self.attempt(anew, self.user("bob"), "anew")
                seen = self.applied()
                shown = self.shown(bob, self.user("alice"), text)
                self.measured("stripped-marker (new login)", policy, answer=answer,
                              read=seen["read"], shown=shown)


class Claims(WithRelay):
    def test_a_stranger_asks_for_keys(self) -> None:
        bob = self.app("bob")
        found = self.relay.do("relay.claim", user=self.user("bob"), claims=60)
        self.measured("claim", "60 times", **found)
        self.assertIn("ok", bob.ask("ping"))


if __name__ == "__main__":
    unittest.main()
