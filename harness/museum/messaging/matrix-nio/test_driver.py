# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the driver answers, and the attack that the pair is for. Run with the Python of a pinned
version:

    {target}/peers/museum-matrix-nio-0.20.0/bin/python -B -m unittest
"""

import base64
import json
from pathlib import Path
import subprocess
import sys
import unittest

DRIVER = Path(__file__).parent / "driver.py"
GROUP = "ward"
HANDED_OVER = {"welcome": "group.join", "message": "group.decrypt"}
TEXT = base64.b64encode(b"canary: no milk today").decode()


class Peer:
    """A device in a process of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def create(self) -> None:
        self.version = self.ok("hello", protocols=["hallmark-driver/2"])["candidate"]["version"]
        self.ok("identity.create", name=self.name)

    def call(self, op: str, **args) -> dict:
        self.process.stdin.write(json.dumps({"id": 1, "op": op, "args": args}).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ok(self, op: str, **args) -> dict:
        answer = self.call(op, **args)
        if "ok" not in answer:
            raise AssertionError(f"{op}: {answer}")
        return answer["ok"]

    def knows(self, peer: "Peer") -> None:
        prekeys = peer.ok("prekeys.publish", one_time=1)["prekeys"]
        self.ok("prekeys.import", peer=peer.name, prekeys=prekeys)

    def says(self) -> list:
        """Key shares and message, in this order."""
        return self.ok("group.encrypt", group=GROUP, plaintext=TEXT)["envelopes"]

    def takes(self, sender: str, envelopes: list) -> dict:
        """Takes those that are for this device; the last answer."""
        answer = {}
        for envelope in envelopes:
            if self.name in envelope.get("to", [self.name]):
                op = HANDED_OVER.get(envelope["kind"], "group.process")
                answer = self.call(op, **{"group": GROUP, "from": sender, "envelope": envelope})
        return answer

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Three(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.peers = [Peer(name) for name in ("alice", "bob", "carol")]
        for peer in cls.peers:
            cls.addClassCleanup(peer.end)

    def setUp(self) -> None:
        self.alice, self.bob, self.carol = self.peers
        for peer in self.peers:
            peer.ok("reset")
            peer.create()
        for one in self.peers:
            for other in self.peers:
                if one is not other:
                    one.knows(other)
        self.alice.ok("group.create", group=GROUP)
        told = self.alice.ok("group.add", group=GROUP, members=["bob", "carol"])["envelopes"]
        for peer in (self.bob, self.carol):
            peer.takes("alice", told)

    def test_a_message_is_heard_once_and_a_state_remembers_its_key(self) -> None:
        envelopes = self.alice.says()
        heard = {"id": 1, "ok": {"messages": [{"plaintext": TEXT, "sender": "alice"}]}}
        for peer in (self.bob, self.carol):
            self.assertEqual(peer.takes("alice", envelopes), heard)
        self.assertEqual(self.bob.takes("alice", envelopes[-1:])["refused"]["class"], "old-message")
        state = self.bob.ok("state.snapshot")["state"]
        self.bob.ok("state.restore", state=state)
        self.assertEqual(self.bob.takes("alice", self.alice.says()), heard)

    def test_altered_key_shares_are_never_taken(self) -> None:
        share = next(each for each in self.alice.says() if each.get("to") == ["bob"])
        body = base64.b64decode(share["body"])
        state = self.bob.ok("state.snapshot")["state"]
        refused = 0
        for bit in range(0, 8 * len(body), 17):
            altered = bytearray(body)
            altered[bit // 8] ^= 1 << bit % 8
            answer = self.bob.takes("alice", [{**share, "body": base64.b64encode(altered).decode()}])
            self.assertNotIn("ok", answer, bit)
            refused += "refused" in answer
            if "refused" not in answer:
                # The library does not look whether its fields are there, in either version.
                self.assertRegex(answer["error"]["message"], "^KeyError: '(type|body)'$", bit)
        self.assertGreater(refused, 100)
        # One that says it is of another key spends the one-time key, and then is dropped.
        self.bob.ok("state.restore", state=state)
        self.assertIn("ok", self.bob.takes("alice", [share]))

    def test_a_key_that_was_asked_of_the_own_devices_and_comes_from_another(self) -> None:
        envelopes = self.alice.says()
        self.carol.takes("alice", envelopes)
        unasked = self.forwarded()
        self.assertIn("refused", self.bob.takes("carol", unasked))
        # Now bob asks his own devices for it.
        self.assertEqual(self.bob.takes("alice", envelopes[-1:])["refused"]["class"], "unknown-key")
        taken = self.bob.takes("carol", self.forwarded())
        heard = self.bob.takes("alice", envelopes[-1:])
        if self.bob.version == "0.19.0":
            self.assertIn("ok", taken)
            self.assertEqual(heard["ok"]["messages"], [{"plaintext": TEXT, "sender": "alice"}])
        else:
            self.assertIn("refused", taken)
            self.assertEqual(heard["refused"]["class"], "unknown-key")

    def forwarded(self) -> list:
        return self.carol.ok("group.forward", group=GROUP, sender="alice", to="bob")["envelopes"]


if __name__ == "__main__":
    unittest.main()
