# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the driver answers, on two processes. Run with the Python of a pinned version:

    {target}/peers/museum-vodozemac-0.10.0/bin/python -B -m unittest
"""

import base64
import json
from pathlib import Path
import subprocess
import sys
import unittest

DRIVER = Path(__file__).parent / "driver.py"
TEXT = base64.b64encode(b"canary: no milk today").decode()


class Peer:
    """A device in a process of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
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

    def prekeys(self) -> dict:
        return self.ok("prekeys.publish", one_time=1)["prekeys"]

    def meets(self, peer: "Peer") -> None:
        self.ok("prekeys.import", peer=peer.name, prekeys=peer.prekeys())
        self.ok("session.start", peer=peer.name)

    def says(self, peer: "Peer") -> dict:
        return self.ok("message.encrypt", peer=peer.name, plaintext=TEXT)["envelopes"][0]

    def hears(self, peer: "Peer", envelope: dict) -> dict:
        return self.ok("message.decrypt", **{"from": peer.name, "envelope": envelope})["messages"][0]

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


class Pair(unittest.TestCase):
    def setUp(self) -> None:
        self.alice, self.bob = Peer("alice"), Peer("bob")
        self.addCleanup(self.alice.end)
        self.addCleanup(self.bob.end)

    def test_two_devices_talk_and_count(self) -> None:
        self.alice.meets(self.bob)
        for position in range(2):
            heard = self.bob.hears(self.alice, self.alice.says(self.bob))
            self.assertEqual(heard, {"plaintext": TEXT, "sender": "alice", "position": position})
        self.assertEqual(self.alice.hears(self.bob, self.bob.says(self.alice))["position"], 0)

    def test_altered_messages_are_refused_or_mean_the_same_and_never_an_error(self) -> None:
        # The package authenticates what it read and not the bytes: another writing of a default
        # is accepted.
        self.alice.meets(self.bob)
        self.bob.hears(self.alice, self.alice.says(self.bob))
        self.alice.hears(self.bob, self.bob.says(self.alice))
        refused = 0
        for sender, hearer in ((self.bob, self.alice), (self.alice, self.bob)):
            envelope = sender.says(hearer)
            state = hearer.ok("state.snapshot")["state"]
            body = base64.b64decode(envelope["body"])
            for bit in range(0, 8 * len(body), 3):
                altered = bytearray(body)
                altered[bit // 8] ^= 1 << bit % 8
                forged = {**envelope, "body": base64.b64encode(altered).decode()}
                answer = hearer.call("message.decrypt", **{"from": sender.name, "envelope": forged})
                refused += "refused" in answer
                if "refused" not in answer:
                    self.assertEqual(answer["ok"]["messages"][0]["plaintext"], TEXT, bit)
                    hearer.ok("state.restore", state=state)
            hearer.hears(sender, envelope)
        self.assertGreater(refused, 300)

    def test_a_replay_is_old_and_a_state_remembers_it(self) -> None:
        self.alice.meets(self.bob)
        envelope = self.alice.says(self.bob)
        before = self.bob.ok("state.snapshot")["state"]
        self.bob.hears(self.alice, envelope)
        again = {"from": "alice", "envelope": envelope}
        self.assertEqual(self.bob.refused("message.decrypt", **again), "old-message")
        self.bob.ok("state.restore", state=before)
        self.bob.hears(self.alice, envelope)

    def test_the_pair_is_told_apart_by_a_key_that_is_zero(self) -> None:
        prekeys = self.bob.prekeys()
        prekeys["one_time_prekeys"][0]["public"] = base64.b64encode(bytes(32)).decode()
        self.alice.ok("prekeys.import", peer="bob", prekeys=prekeys)
        version = self.alice.hello["candidate"]["version"]
        if version == "0.9.0":
            self.alice.ok("session.start", peer="bob")
            self.alice.says(self.bob)
        else:
            self.assertEqual(self.alice.refused("session.start", peer="bob"), "bad-key")


if __name__ == "__main__":
    unittest.main()
