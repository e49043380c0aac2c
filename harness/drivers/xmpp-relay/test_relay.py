# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The interceptor between the real driver and a real server: what each act does, and what the apps do.

Run with the environment that has the packages: `…/peers/xmpp/bin/python -B -m unittest -v` in this
folder. Prosody (Debian) and openssl must be installed. MEASURED.md says the same in words.
"""

import base64
import itertools
import os
from pathlib import Path
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Any, Iterator, Optional
import unittest

from relay_for_tests import HERE, Interceptor, app
from test_xmpp import SECONDS, Driver, Prosody, canary, end, shown_text

NUMBERS = itertools.count(1)

CLEAR = {"what": "plaintext", "view": "x", "from": "y", "conversation": "y"}

FOLDER: Path
SERVER: Prosody
RELAY: Interceptor


def setUpModule() -> None:
    global FOLDER, SERVER, RELAY
    FOLDER = Path(tempfile.mkdtemp(prefix="hallmark-test-xmpp-relay-"))
    unittest.addModuleCleanup(shutil.rmtree, FOLDER)
    SERVER = Prosody(FOLDER / "server")
    unittest.addModuleCleanup(SERVER.end)
    RELAY = Interceptor(SERVER)
    unittest.addModuleCleanup(RELAY.end)


class User:
    """An app of somebody who is nobody's namesake."""

    def __init__(self, case: unittest.TestCase, flavour: str, name: str) -> None:
        self.name = f"{name}{next(NUMBERS)}"
        self.app: Driver = app(flavour, RELAY, FOLDER / self.name)
        case.addCleanup(self.app.end)
        self.app.ok("account.login", user=self.name, password="secret")

    def send(self, conversation: str, text: str) -> dict[str, Any]:
        content = {"kind": "text", "text": text}
        return self.app.call("message.send", conversation=conversation, content=content)

    def warned(self) -> list[str]:
        return [each["class"] for each in self.app.warnings]

    def shown(self, conversation: str) -> list[dict[str, Any]]:
        return self.app.ok("conversation.read", conversation=conversation)["messages"]


class Case(unittest.TestCase):
    flavour = "xmpp-omemo"

    def setUp(self) -> None:
        RELAY.tamper("none")

    def user(self, name: str, flavour: Optional[str] = None) -> User:
        return User(self, flavour or self.flavour, name)

    def pair(self, met: bool = True) -> tuple[User, User]:
        """Two who wrote to each other: what is honest goes through, both ways."""
        alice, bob = self.user("alice"), self.user("bob")
        if met:
            self.talk(alice, bob, bob.name)
            self.talk(bob, alice, alice.name)
        return alice, bob

    def talk(self, sender: User, reader: User, conversation: str, place: str = "") -> None:
        text = canary("honest")
        sender.app.say(conversation, text)
        self.assertIsNotNone(reader.app.hears(place or sender.name, text))

    def group(self, owner: User, *members: User) -> str:
        group = f"ward{next(NUMBERS)}"
        owner.app.ok("group.create", group=group)
        owner.app.ok("group.add", group=group, members=[each.name for each in members])
        for member in members:
            member.shown(group)
        for sender, reader in ((owner, members[0]), (members[0], owner)):
            self.talk(sender, reader, group, group)
        return group

    def verify(self, alice: User, bob: User, policy: str = "blind") -> None:
        alice.app.ok("verify.start", peer=bob.name)
        alice.app.ok("verify.confirm", peer=bob.name, matches=True)
        alice.app.ok("settings.set", name="trust", value=policy)

    def refused(self, answer: dict[str, Any]) -> str:
        self.assertIn("refused", answer)
        return answer["refused"]["class"]

    def applied(self) -> dict[str, Any]:
        """What was seen of an act that had its chance."""
        seen = RELAY.seen()
        self.assertGreater(seen["applied"], 0)
        self.assertGreaterEqual(len(seen["log"]), seen["applied"])
        return seen


class Honest(Case):
    def test_what_is_honest_goes_through(self) -> None:
        for flavour in ("xmpp-omemo", "xmpp-plain"):
            self.flavour = flavour
            RELAY.tamper("none")
            alice, bob = self.pair()
            group = self.group(alice, bob)
            body = base64.b64encode(os.urandom(300_000)).decode()
            file = {"kind": "file", "name": "x.png", "media_type": "image/png", "body": body}
            alice.app.ok("message.send", conversation=bob.name, content=file)
            self.assertEqual(bob.app.hears(alice.name, ".png")["content"]["body"], body)
            text = canary("last")
            alice.app.say(group, text)
            self.assertIsNotNone(bob.app.hears(group, text))
            seen = RELAY.seen()
            self.assertEqual((seen["applied"], seen["log"]), (0, []))
            self.assertEqual(text in seen["read"], flavour == "xmpp-plain")
            who = {each.split("/")[0] for each in seen["recipients"]}
            self.assertEqual(who, {alice.name, bob.name} if flavour == "xmpp-omemo" else set())

    def test_the_apps_check_whom_they_talk_to(self) -> None:
        stranger = self.driver_without_root()
        self.assertEqual(stranger.refusal("account.login", user="eve", password="x"), "bad-key")

    def driver_without_root(self) -> Driver:
        driver = app("xmpp-plain", RELAY, FOLDER / f"eve{next(NUMBERS)}")
        self.addCleanup(driver.end)
        anchor = SERVER.endpoint()["trust_anchor"]
        driver.ok("world.set", server={**RELAY.endpoint(), "trust_anchor": anchor})
        return driver

    def test_the_server_is_checked(self) -> None:
        other = Prosody(FOLDER / f"other{next(NUMBERS)}", certified="other.test")
        self.addCleanup(other.end)
        with self.assertRaisesRegex(AssertionError, "bad-key"):
            Interceptor(other)

    def test_what_makes_no_sense_is_said(self) -> None:
        for args, outcome in (
            ({"what": "levitate"}, "unsupported"),
            ({"what": "replay", "view": "alice"}, "error"),
            ({"what": "replay", "view": "alice", "from": "bob@elsewhere"}, "error"),
            ({"what": "none", "view": "alice"}, "error"),
            ({**CLEAR, "text": "\0"}, "error"),
            ({**CLEAR, "text": "nobody of that name is connected"}, "error"),
        ):
            self.assertIn(outcome, RELAY.call("relay.tamper", **args), args)
        self.assertEqual(RELAY.seen()["applied"], 0)
        self.assertIn("unsupported", RELAY.call("account.login"))
        self.assertIn("error", RELAY.call("relay.open", server=SERVER.endpoint(), further={}))


class GhostDevice(Case):
    def begin(self, alice: User, bob: User) -> str:
        RELAY.tamper("ghost-device", view=alice.name, user=bob.name)
        return canary("secret")

    def test_trusted_blindly_it_reads_and_the_user_is_told(self) -> None:
        alice, bob = self.pair()
        secret = self.begin(alice, bob)
        self.assertIn("ok", alice.send(bob.name, secret))
        self.assertEqual(alice.warned(), ["new-device"])
        seen = self.applied()
        self.assertIn(secret, seen["read"])
        self.assertEqual(len(seen["recipients"]), 2)
        # The app forgets it when the server is honest again.
        RELAY.tamper("none")
        self.talk(alice, bob, bob.name)
        self.assertEqual(len(RELAY.seen()["recipients"]), 1)

    def test_after_verification_nothing_is_sent(self) -> None:
        for policy in ("blind", "manual"):
            alice, bob = self.pair()
            self.verify(alice, bob, policy)
            secret = self.begin(alice, bob)
            self.assertEqual(self.refused(alice.send(bob.name, secret)), "policy")
            self.assertEqual(alice.warned(), ["unverified"])
            seen = self.applied()
            self.assertEqual((seen["read"], seen["recipients"]), ([], []))
            RELAY.tamper("none")
            self.talk(alice, bob, bob.name)

    def test_at_first_contact_it_is_one_of_two(self) -> None:
        alice, bob = self.pair(met=False)
        secret = self.begin(alice, bob)
        self.assertIn("ok", alice.send(bob.name, secret))
        self.assertEqual(alice.warned(), ["unverified", "unverified"])
        self.assertIn(secret, self.applied()["read"])

    def test_undecided_nothing_is_sent(self) -> None:
        alice, bob = self.pair(met=False)
        alice.app.ok("settings.set", name="trust", value="manual")
        secret = self.begin(alice, bob)
        self.assertEqual(self.refused(alice.send(bob.name, secret)), "policy")
        self.assertIn("unverified", alice.warned())
        self.assertEqual(self.applied()["read"], [])

    def test_an_account_of_ones_own_can_be_haunted(self) -> None:
        alice, bob = self.pair()
        secret = self.begin(alice, alice)
        self.assertIn("ok", alice.send(bob.name, secret))
        self.assertEqual(alice.warned(), ["unverified"])
        self.assertIn(secret, self.applied()["read"])

    def test_in_a_group_it_reads_as_well(self) -> None:
        alice, bob = self.pair()
        group = self.group(alice, bob)
        secret = self.begin(alice, bob)
        self.assertIn("ok", alice.send(group, secret))
        self.assertEqual(alice.warned(), ["new-device"])
        self.assertIn(secret, self.applied()["read"])


class DeviceKeys(Case):
    def begin(self, alice: User, bob: User) -> str:
        RELAY.tamper("device-keys", view=alice.name, user=bob.name)
        return canary("secret")

    def test_at_first_contact_they_are_trusted_blindly(self) -> None:
        alice, bob = self.pair(met=False)
        secret = self.begin(alice, bob)
        self.assertIn("ok", alice.send(bob.name, secret))
        self.assertEqual(alice.warned(), ["unverified"])
        self.assertIn(secret, self.applied()["read"])
        # Each holds on to what it took, also when the server is honest again.
        RELAY.tamper("none")
        for sender, reader in ((alice, bob), (bob, alice)):
            lost = canary("lost")
            self.assertIn("ok", sender.send(reader.name, lost))
            self.assertNotIn(lost, map(shown_text, reader.shown(sender.name)))
            self.assertIn("undecryptable", reader.warned())

    def test_undecided_nothing_is_sent_and_the_fingerprints_differ(self) -> None:
        alice, bob = self.pair(met=False)
        alice.app.ok("settings.set", name="trust", value="manual")
        secret = self.begin(alice, bob)
        self.assertEqual(self.refused(alice.send(bob.name, secret)), "policy")
        shown = alice.app.ok("verify.start", peer=bob.name)["fingerprint"]
        self.assertEqual(self.applied()["read"], [])
        RELAY.tamper("none")
        self.assertNotEqual(shown, bob.app.ok("identity.fingerprint", peer=alice.name)["fingerprint"])

    def test_with_a_session_a_changed_key_is_refused(self) -> None:
        for policy in (None, "blind", "manual"):
            alice, bob = self.pair()
            if policy:
                self.verify(alice, bob, policy)
            secret = self.begin(alice, bob)
            self.assertEqual(len(alice.shown(bob.name)), 2)
            self.assertEqual(alice.warned(), ["undecryptable"])
            self.assertIn("PublicDataInconsistency", alice.app.warnings[0]["text"])
            alice.app.say(bob.name, secret)
            self.assertIsNotNone(bob.app.hears(alice.name, secret))
            self.assertEqual(self.applied()["read"], [])
            RELAY.tamper("none")
            self.talk(bob, alice, alice.name)

    def test_verified_before_the_first_message_they_are_taken_silently(self) -> None:
        # The library trusts the key that was compared, and encrypts with the bundle that it fetches.
        for policy in ("blind", "manual"):
            alice, bob = self.pair(met=False)
            self.verify(alice, bob, policy)
            secret = self.begin(alice, bob)
            self.assertIn("ok", alice.send(bob.name, secret))
            self.assertEqual(alice.warned(), [])
            self.assertIn(secret, self.applied()["read"])


class StrippedMarker(Case):
    def hide(self, alice: User, conversation: str) -> None:
        RELAY.tamper("stripped-marker", view=alice.name, conversation=conversation)

    def nothing_is_sent(self, alice: User, conversation: str) -> None:
        secret = canary("secret")
        self.assertEqual(self.refused(alice.send(conversation, secret)), "unknown-key")
        seen = self.applied()
        self.assertEqual((seen["read"], seen["recipients"]), ([], []))

    def test_without_devices_nothing_is_sent(self) -> None:
        for policy in (None, "manual"):
            alice, bob = self.pair()
            if policy:
                self.verify(alice, bob, policy)
            self.hide(alice, bob.name)
            self.nothing_is_sent(alice, bob.name)
            RELAY.tamper("none")
            self.talk(alice, bob, bob.name)

    def test_nor_to_somebody_who_was_never_written_to(self) -> None:
        alice, bob = self.pair(met=False)
        self.hide(alice, bob.name)
        self.nothing_is_sent(alice, bob.name)

    def test_nor_in_a_group(self) -> None:
        alice, bob = self.pair()
        group = self.group(alice, bob)
        self.hide(alice, group)
        self.nothing_is_sent(alice, group)
        RELAY.tamper("none")
        self.talk(alice, bob, group, group)

    def test_nor_after_a_restart(self) -> None:
        alice, bob = self.pair()
        state = alice.app.ok("state.snapshot")["state"]
        alice.app.ok("shutdown")
        self.hide(alice, bob.name)
        alice.app = app("xmpp-omemo", RELAY, FOLDER / f"{alice.name}-again")
        self.addCleanup(alice.app.end)
        alice.app.ok("state.restore", state=state)
        self.nothing_is_sent(alice, bob.name)


class AddedMember(Case):
    def group_with_mallory(self, known: bool) -> tuple[User, User, User, str]:
        alice, bob = self.pair()
        mallory = self.user("mallory")
        if known:
            self.talk(alice, mallory, mallory.name)
            self.talk(mallory, alice, alice.name)
        return alice, bob, mallory, self.group(alice, bob)

    def begin(self, alice: User, mallory: User, group: str) -> str:
        RELAY.tamper("added-member", view=alice.name, group=group, user=mallory.name)
        return canary("secret")

    def test_content_is_encrypted_for_whom_nobody_added(self) -> None:
        for known, verified in itertools.product((False, True), repeat=2):
            alice, bob, mallory, group = self.group_with_mallory(known)
            warned = [] if known else ["unverified"]
            if verified:
                self.verify(alice, bob)
            secret = self.begin(alice, mallory, group)
            self.assertIn("ok", alice.send(group, secret))
            self.assertEqual(alice.warned(), warned)
            who = {each.split("/")[0] for each in self.applied()["recipients"]}
            self.assertEqual(who, {bob.name, mallory.name})
            RELAY.tamper("none")
            self.talk(alice, bob, group, group)
            who = {each.split("/")[0] for each in RELAY.seen()["recipients"]}
            self.assertEqual(who, {bob.name})

    def test_undecided_nothing_is_sent(self) -> None:
        alice, bob, mallory, group = self.group_with_mallory(known=False)
        self.verify(alice, bob, "manual")
        secret = self.begin(alice, mallory, group)
        self.assertEqual(self.refused(alice.send(group, secret)), "policy")
        self.assertEqual(self.applied()["recipients"], [])
        RELAY.tamper("none")
        self.talk(alice, bob, group, group)

    def test_verified_for_herself_she_is_taken_into_the_group_silently(self) -> None:
        alice, bob, mallory, group = self.group_with_mallory(known=True)
        self.verify(alice, mallory)
        self.verify(alice, bob, "manual")
        secret = self.begin(alice, mallory, group)
        self.assertIn("ok", alice.send(group, secret))
        self.assertEqual(alice.warned(), [])
        who = {each.split("/")[0] for each in self.applied()["recipients"]}
        self.assertEqual(who, {bob.name, mallory.name})


class Messages:
    """Acts on messages, with and without OMEMO."""

    is_encrypted = True

    def places(self) -> Iterator[tuple[User, User, User, str, str]]:
        """Alice, Bob and Carol; where Alice writes, and where Bob reads her.

        The last time Bob has verified Alice, and trusts nobody else.
        """
        alice, bob = self.pair()
        carol = self.user("carol")
        self.talk(carol, bob, bob.name)
        group = self.group(alice, bob, carol)
        yield alice, bob, carol, bob.name, alice.name
        yield alice, bob, carol, group, group
        if self.is_encrypted:
            self.verify(bob, alice, "manual")
            yield alice, bob, carol, bob.name, alice.name
            yield alice, bob, carol, group, group

    def texts(self, reader: User, conversation: str, text: str) -> list[dict[str, Any]]:
        return [each for each in reader.shown(conversation) if shown_text(each) == text]

    def test_another_sender(self) -> None:
        for alice, bob, carol, there, here in self.places():
            RELAY.tamper("sender", view=bob.name, **{"from": alice.name, "to": carol.name})
            forged = canary("forged")
            alice.app.say(there, forged)
            place = here if here == there else carol.name
            # An answer that comes after it ends the wait.
            self.talk(carol, bob, there, place)
            shown = [each["sender"] for each in self.texts(bob, place, forged)]
            self.assertEqual(shown, [] if self.is_encrypted else [carol.name])
            self.applied()
            RELAY.tamper("none")
            self.talk(alice, bob, there, here)

    def test_the_same_again(self) -> None:
        for alice, bob, _, there, here in self.places():
            RELAY.tamper("replay", view=bob.name, **{"from": alice.name})
            text = canary("again")
            alice.app.say(there, text)
            self.assertIsNotNone(bob.app.hears(here, text))
            self.assertEqual(len(self.texts(bob, here, text)), 1 if self.is_encrypted else 2)
            self.assertEqual(self.applied()["applied"], 1)
            RELAY.tamper("none")
            self.talk(alice, bob, there, here)

    def test_a_text_in_clear(self) -> None:
        for alice, bob, _, there, here in self.places():
            text = canary("clear")
            told = {"from": alice.name, "text": text, "conversation": here}
            RELAY.tamper("plaintext", view=bob.name, **told)
            heard = bob.app.hears(here, text)
            self.assertEqual((heard["sender"], heard["encrypted"]), (alice.name, False))
            words = ["unencrypted"] if self.is_encrypted else []
            self.assertEqual((heard.get("marks", []), bob.warned()), (words, words))
            self.assertEqual(self.applied()["applied"], 1)
            RELAY.tamper("none")
            self.talk(alice, bob, there, here)


class MessagesWithOmemo(Messages, Case):
    """As they are."""


class MessagesWithoutOmemo(Messages, Case):
    flavour, is_encrypted = "xmpp-plain", False

    def test_what_has_no_devices_has_none_to_show(self) -> None:
        alice, bob = self.pair()
        for what, told in (
            ("ghost-device", {"user": bob.name}),
            ("device-keys", {"user": bob.name}),
            ("stripped-marker", {"conversation": bob.name}),
        ):
            answer = RELAY.call("relay.tamper", what=what, view=alice.name, **told)
            self.assertIn("no OMEMO devices", answer["unsupported"]["reason"])
        answer = RELAY.call("relay.claim", user=bob.name, claims=1)
        self.assertIn("no OMEMO devices", answer["unsupported"]["reason"])

    def test_a_member_whom_nobody_added(self) -> None:
        alice, bob = self.pair()
        group = self.group(alice, bob)
        mallory = self.user("mallory")
        RELAY.tamper("added-member", view=alice.name, group=group, user=mallory.name)
        text = canary("text")
        self.assertIn("ok", alice.send(group, text))
        seen = self.applied()
        self.assertEqual((seen["read"], seen["recipients"]), ([text], []))


class Claim(Case):
    def test_prekeys_are_public_and_not_used_up(self) -> None:
        alice, bob = self.pair()
        counts = RELAY.ok("relay.claim", user=bob.name, claims=40)
        self.assertEqual(counts, {"handed": 40, "distinct": 100, "last_resort": 0, "refused": 0})
        self.assertIn("error", RELAY.call("relay.claim", user=bob.name, claims=10**9))
        self.talk(alice, bob, bob.name)
        # The stranger left.
        accounts = SERVER.folder.glob("data/*/accounts/stranger*")
        self.assertEqual(list(accounts), [])


class Apps(Case):
    """What is no app: the interceptor is on loopback, and whatever connects may be anything."""

    def connect(self) -> socket.socket:
        near = socket.create_connection(("127.0.0.1", RELAY.place["port"]), SECONDS)
        self.addCleanup(near.close)
        return near

    def test_no_xmpp_ends_the_connection(self) -> None:
        for sent in (b"GET / HTTP/1.1\r\n\r\n", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", b"\x16\x03\x01"):
            near = self.connect()
            near.sendall(sent)
            self.assertEqual(near.recv(1), b"")

    def test_one_connection_too_many_is_closed(self) -> None:
        some = [self.connect() for _ in range(64)]
        for each in some:
            each.sendall(b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>")
            self.assertNotEqual(each.recv(1), b"")
        self.assertEqual(self.connect().recv(1), b"")


class Ending(Case):
    """Nothing is left, however it ends."""

    def start(self) -> tuple[Interceptor, Path]:
        temporary = Path(tempfile.mkdtemp(prefix="temporary-", dir=FOLDER))
        relay = Interceptor(SERVER, temporary)
        self.addCleanup(relay.end)
        driver = app("xmpp-omemo", relay, FOLDER / f"anna{next(NUMBERS)}")
        self.addCleanup(driver.end)
        driver.ok("account.login", user=f"anna{next(NUMBERS)}", password="secret")
        return relay, temporary

    def nothing_is_left(self, place: dict[str, Any], temporary: Path) -> None:
        self.assertEqual(list(temporary.iterdir()), [])
        ports = [place["port"], int(place["further"]["upload-endpoint"].rpartition(":")[2])]
        for port in ports:
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), SECONDS)

    def test_after_shutdown(self) -> None:
        relay, temporary = self.start()
        relay.ok("shutdown")
        self.assertEqual(relay.process.wait(SECONDS), 0)
        self.nothing_is_left(relay.place, temporary)

    def test_after_the_end_of_input(self) -> None:
        relay, temporary = self.start()
        relay.process.stdin.close()
        self.assertEqual(relay.process.wait(SECONDS), 0)
        self.nothing_is_left(relay.place, temporary)

    def test_after_the_end_of_input_within_an_operation(self) -> None:
        relay, temporary = self.start()
        bob = self.user("bob")
        request = {"id": 99, "op": "relay.claim", "args": {"user": bob.name, "claims": 10_000}}
        relay.process.stdin.write(str(request).replace("'", '"').encode() + b"\n")
        relay.process.stdin.close()
        self.assertEqual(relay.process.wait(SECONDS), 0)
        self.nothing_is_left(relay.place, temporary)

    def test_after_the_harness_was_killed(self) -> None:
        temporary = Path(tempfile.mkdtemp(prefix="temporary-", dir=FOLDER))
        harness = subprocess.Popen(
            [sys.executable, "-B", "-c", HARNESS, str(HERE), str(SERVER.port), str(temporary)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(end, harness)
        anchor = SERVER.endpoint()["trust_anchor"]
        harness.stdin.write(anchor.encode() + b"\n\n")
        harness.stdin.flush()
        number, port = map(int, harness.stdout.readline().split())
        socket.create_connection(("127.0.0.1", port), SECONDS).close()
        process = os.pidfd_open(number)
        self.addCleanup(os.close, process)
        harness.send_signal(signal.SIGKILL)
        self.assertTrue(select.select([process], [], [], SECONDS)[0], "the interceptor lives on")
        self.assertEqual(list(temporary.iterdir()), [])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), SECONDS)


# What starts an interceptor, tells where it is, and then does nothing until it is killed.
HARNESS = """
import json, os, subprocess, sys
here, port, temporary = sys.argv[1:]
environment = {**os.environ, "TMPDIR": temporary}
relay = subprocess.Popen([sys.executable, "-B", here + "/run.py"], env=environment,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
anchor = "".join(iter(sys.stdin.readline, "\\n"))
server = {"host": "127.0.0.1", "port": int(port), "name": "chat.test", "trust_anchor": anchor}
request = {"id": 1, "op": "relay.open", "args": {"server": server, "further": {}}}
relay.stdin.write(json.dumps(request).encode() + b"\\n")
relay.stdin.flush()
place = json.loads(relay.stdout.readline())["ok"]
print(relay.pid, place["port"], flush=True)
sys.stdin.read()
"""


if __name__ == "__main__":
    unittest.main()
