# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the driver answers with each release, on two processes. Build both first; then:

    python3 -B -m unittest

`HALLMARK_SNOW_BUILDS` names the folder with both builds, where that is not the usual one.
"""

import base64
import json
import os
from pathlib import Path
import subprocess
import unittest

HERE = Path(__file__).resolve().parent
USUAL = HERE.parents[3] / "target" / "release" / "peers"
BUILDS = Path(os.environ.get("HALLMARK_SNOW_BUILDS", USUAL))
VULNERABLE, FIXED = RELEASES = ("0.9.4", "0.9.5")
TEXT = base64.b64encode(b"canary: no milk today").decode()

# A tag of AES-GCM: nothing shorter reaches the cipher.
TAG = 16


class Peer:
    """A device in a process of its own."""

    def __init__(self, release: str, name: str) -> None:
        program = BUILDS / "museum-snow" / "release" / f"museum-snow-{release.replace('.', '-')}"
        self.name = name
        self.process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.hello = self.ok("hello", protocols=["hallmark-driver/2"])
        self.ok("identity.create", name=name)

    def call(self, op: str, **args) -> dict:
        self.process.stdin.write(json.dumps({"id": 1, "op": op, "args": args}).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ok(self, op: str, **args) -> dict:
        answer = self.call(op, **args)
        if "ok" not in answer:
            raise AssertionError(f"{op}: {answer}")
        return answer["ok"]

    def refused(self, op: str, **args) -> str:
        answer = self.call(op, **args)
        if "refused" not in answer:
            raise AssertionError(f"{op}: {answer}")
        return answer["refused"]["class"]

    def meets(self, peer: "Peer") -> None:
        prekeys = peer.ok("prekeys.publish", one_time=1)["prekeys"]
        self.ok("prekeys.import", peer=peer.name, prekeys=prekeys)
        self.ok("session.start", peer=peer.name)

    def says(self, peer: "Peer") -> dict:
        answer = self.ok("message.encrypt", peer=peer.name, plaintext=TEXT)
        return answer["envelopes"][0]

    def hears(self, peer: "Peer", envelope: dict) -> dict:
        answer = self.ok("message.decrypt", **{"from": peer.name, "envelope": envelope})
        return answer["messages"][0]

    def rejects(self, peer: "Peer", envelope: dict) -> str:
        return self.refused("message.decrypt", **{"from": peer.name, "envelope": envelope})

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def altered(envelope: dict, body: bytes) -> dict:
    return {**envelope, "body": base64.b64encode(body).decode()}


class Pair(unittest.TestCase):
    def meet(self, release: str) -> tuple[Peer, Peer]:
        """Two devices that have heard each other."""
        alice, bob = Peer(release, "alice"), Peer(release, "bob")
        self.addCleanup(alice.end)
        self.addCleanup(bob.end)
        alice.meets(bob)
        bob.hears(alice, alice.says(bob))
        alice.hears(bob, bob.says(alice))
        return alice, bob

    def test_the_driver_says_which_release_it_was_built_with(self) -> None:
        for release in RELEASES:
            alice, _ = self.meet(release)
            self.assertEqual(alice.hello["candidate"], {"name": "snow", "version": release})

    def test_two_devices_talk_and_count(self) -> None:
        for release in RELEASES:
            alice, bob = self.meet(release)
            for position in (1, 2):
                heard = bob.hears(alice, alice.says(bob))
                said = {"plaintext": TEXT, "sender": "alice", "position": position}
                self.assertEqual(heard, said)

    def test_the_pair_is_told_apart_by_the_message_after_junk(self) -> None:
        for release in RELEASES:
            for length in (TAG, TAG + 1, 40, 1000):
                with self.subTest(release=release, length=length):
                    alice, bob = self.meet(release)
                    envelope, after = alice.says(bob), alice.says(bob)
                    junk = altered(envelope, bytes(length))
                    self.assertEqual(bob.rejects(alice, junk), "bad-signature")
                    if release == VULNERABLE:
                        self.assertEqual(bob.rejects(alice, envelope), "bad-signature")
                        self.assertEqual(bob.rejects(alice, after), "bad-signature")
                    else:
                        self.assertEqual(bob.hears(alice, envelope)["position"], 1)
                        self.assertEqual(bob.hears(alice, after)["position"], 2)

    def test_what_is_too_short_for_the_cipher_changes_nothing_in_either(self) -> None:
        for release in RELEASES:
            alice, bob = self.meet(release)
            envelope = alice.says(bob)
            for length in (0, 1, TAG - 1):
                short = altered(envelope, bytes(length))
                self.assertEqual(bob.rejects(alice, short), "bad-signature")
            self.assertEqual(bob.hears(alice, envelope)["position"], 1)

    def test_a_first_message_that_is_refused_changes_nothing_in_either(self) -> None:
        for release in RELEASES:
            alice, bob = self.meet(release)
            alice.ok("session.start", peer="bob")
            envelope = alice.says(bob)
            body = bytearray(base64.b64decode(envelope["body"]))
            body[-1] ^= 1
            self.assertEqual(bob.rejects(alice, altered(envelope, bytes(body))), "bad-signature")
            self.assertEqual(bob.rejects(alice, altered(envelope, bytes(body[:20]))), "malformed")
            self.assertEqual(bob.hears(alice, envelope)["position"], 0)
            self.assertEqual(bob.rejects(alice, envelope), "old-message")

    def test_refusals_of_the_application_around_it(self) -> None:
        for release in RELEASES:
            alice, bob = self.meet(release)
            envelope = alice.says(bob)
            self.assertEqual(bob.rejects(alice, {**envelope, "tag": "other"}), "malformed")
            stranger = {"from": "mallory", "envelope": envelope}
            self.assertEqual(bob.refused("message.decrypt", **stranger), "unknown-key")
            short = {"peer": "carol", "prekeys": {"identity_key": TEXT}}
            self.assertEqual(bob.refused("prekeys.import", **short), "bad-key")
            other = base64.b64encode(bytes(32)).decode()
            changed = {"peer": "alice", "prekeys": {"identity_key": other}}
            self.assertEqual(bob.refused("prekeys.import", **changed), "identity-changed")
            long = base64.b64encode(bytes(65_520)).decode()
            self.assertEqual(bob.refused("message.encrypt", peer="alice", plaintext=long), "policy")
            self.assertIn("unsupported", bob.call("state.snapshot"))
            self.assertIn("error", bob.call("identity.create", name="bob"))


if __name__ == "__main__":
    unittest.main()
