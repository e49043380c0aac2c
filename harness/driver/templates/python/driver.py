#!/usr/bin/env python3
"""A Hallmark driver: reads one JSON object per line from stdin, answers with one on stdout.

One process is one device. What is below the line "the candidate" is a TOY. It protects nothing:
whoever sees the public keys can read every message. Replace it, one operation after the other, by
calls of the program that you want to have tested; README.md says in which order.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys

PROTOCOL = "hallmark-driver/2"


class Refused(Exception):
    """The CANDIDATE decided against it. The class is one of bad-signature, bad-key, old-message,
    unknown-key, identity-changed, not-member, policy, malformed, other."""

    def __init__(self, refusal_class, detail):
        super().__init__(detail)
        self.refusal_class = refusal_class


class Unsupported(Exception):
    """The candidate has no such thing, or this driver cannot reach it. What depends on it is
    reported as not tested."""


# Any other exception becomes `error`: the DRIVER failed, and nothing is known of the candidate.


# ---- the protocol: nothing to change here ----


def encode(data):
    return base64.b64encode(data).decode("ascii")


def decode(text):
    return base64.b64decode(text, validate=True)


KINDS = {"text": str, "bytes": str, "count": int, "object": dict}


def read(args, **fields):
    """The arguments that an operation wants, or an exception: `peer="text", plaintext="bytes"`."""
    unknown = set(args) - set(fields)
    if unknown:
        raise ValueError(f"unknown arguments: {', '.join(sorted(unknown))}")
    values = []
    for name, kind in fields.items():
        value = args.get(name)
        if value is None and kind.endswith("?"):
            values.append(None)
            continue
        kind = kind.rstrip("?")
        if not isinstance(value, KINDS[kind]) or isinstance(value, bool):
            raise ValueError(f"argument `{name}` is missing or of another type")
        values.append(decode(value) if kind == "bytes" else value)
    return values[0] if len(values) == 1 else values


def answer(device, line):
    """The answer to one request, and whether it was the last."""
    try:
        request = json.loads(line)
        number, op, args = request["id"], request["op"], request["args"]
    except (ValueError, KeyError, TypeError) as problem:
        return {"id": 0, "error": {"message": f"not a request: {problem}"}}, False
    reply = {"id": number}
    try:
        operation = device.operations().get(op)
        if operation is None:
            raise Unsupported(f"this driver does not offer `{op}`")
        reply["ok"] = operation(args)
    except Refused as refused:
        reply["refused"] = {"class": refused.refusal_class, "detail": str(refused)}
    except Unsupported as unsupported:
        reply["unsupported"] = {"reason": str(unsupported)}
    except Exception as failed:  # whatever it is, it is the driver's own failure
        reply["error"] = {"message": f"{type(failed).__name__}: {failed}"}
    warnings = device.take_warnings()
    if warnings:
        reply["warnings"] = warnings
    return reply, op == "shutdown"


def serve(device):
    for line in sys.stdin.buffer:
        reply, last = answer(device, line)
        sys.stdout.buffer.write(json.dumps(reply).encode("ascii") + b"\n")
        sys.stdout.buffer.flush()
        if last:
            return


def read_secrets():
    """What the manifest's `secrets` names: {"account-password": "…"}. Can be read once."""
    descriptor = os.environ.get("HALLMARK_SECRETS_FD")
    if descriptor is None:
        return {}
    with open(int(descriptor), encoding="utf-8") as pipe:
        return json.load(pipe)


# ---- the candidate: a toy, to be replaced ----


def digest(*parts):
    return hashlib.sha256(b"\0".join(parts)).digest()


def seal(key, count, text):
    """Encrypts and decrypts. TOY: use the candidate's own."""
    stream = b""
    while len(stream) < len(text):
        stream += digest(key, str(count).encode(), str(len(stream)).encode())
    return bytes(a ^ b for a, b in zip(text, stream))


class Device:
    """One device of the candidate, with all its state."""

    def __init__(self):
        self.forget()
        self.warnings = []

    def operations(self):
        """Every operation that works. Delete what your candidate does not have: what is not here
        answers `unsupported`, and is reported as not tested. It never counts as passed."""
        return {
            # control: keep these four
            "hello": self.hello,
            "ping": self.ping,
            "reset": self.reset,
            "shutdown": self.ping,
            # 1. who am I
            "identity.create": self.identity_create,
            "identity.public": self.identity_public,
            # 2. how can others reach me
            "prekeys.publish": self.prekeys_publish,
            "prekeys.import": self.prekeys_import,
            # 3. talking
            "session.start": self.session_start,
            "message.encrypt": self.message_encrypt,
            "message.decrypt": self.message_decrypt,
            # 4. state, on which forward secrecy is tested
            "state.snapshot": self.state_snapshot,
            "state.restore": self.state_restore,
            # 5. the rest
            "session.info": self.session_info,
            "identity.fingerprint": self.identity_fingerprint,
            "identity.sign": self.identity_sign,
            # `hallmark driver run` with the line `ops` lists what there is besides.
        }

    def take_warnings(self):
        """What the candidate showed its user during the last operation."""
        warnings, self.warnings = self.warnings, []
        return warnings

    def warn(self, warning_class, text):
        """The class is one of identity-changed, new-device, new-session, member-added,
        sender-mismatch, unverified, unencrypted, undecryptable, other."""
        self.warnings.append({"class": warning_class, "text": text})

    # control

    def hello(self, args):
        if PROTOCOL not in args["protocols"]:
            raise ValueError(f"this driver speaks {PROTOCOL}")
        control = ("hello", "ping", "reset", "shutdown")
        return {
            "protocol": PROTOCOL,
            "driver": {"name": "example-messenger", "version": "1.0.0"},
            "candidate": {"name": "Toy", "version": "1"},
            # signal, olm, megolm, omemo, mls … or unknown
            "family": "unknown",
            # Which way of calling the candidate is driven: it can decide the verdict.
            "calling": "A toy that comes with the template. It protects nothing.",
            "capabilities": [name for name in self.operations() if name not in control],
            "limits": {"plaintext-bytes": 65536},
        }

    def ping(self, args):
        return {}

    def forget(self):
        self.name = None
        self.secret = b""
        self.peers = {}  # name -> identity key
        self.sent = 0
        self.seen = set()  # (name, count)

    def reset(self, args):
        read(args, seed="count?")
        self.forget()
        return {}

    # identity

    def identity_create(self, args):
        name = read(args, name="text")
        if self.name is not None:
            raise ValueError("there is an identity already")
        self.name, self.secret = name, secrets.token_bytes(32)
        return {}

    def key(self):
        if self.name is None:
            raise ValueError("there is no identity yet")
        return digest(b"identity", self.secret)

    def identity_public(self, args):
        return {"identity_key": encode(self.key())}

    def identity_fingerprint(self, args):
        keys = sorted([self.key(), self.known(read(args, peer="text"))])
        return {"fingerprint": digest(*keys).hex()}

    def sign(self, message):
        # TOY: anybody can compute this from the public key.
        return hmac.digest(self.key(), message, "sha256")

    def identity_sign(self, args):
        return {"signature": encode(self.sign(read(args, message="bytes")))}

    # prekeys

    def prekeys_publish(self, args):
        count = read(args, one_time="count")
        public = digest(b"prekey", self.secret)
        return {
            "prekeys": {
                "identity_key": encode(self.key()),
                "signed_prekey": {
                    "id": 1,
                    "public": encode(public),
                    "signature": encode(self.sign(public)),
                },
                "one_time_prekeys": [
                    {"id": number, "public": encode(digest(b"one-time", str(number).encode()))}
                    for number in range(1, count + 1)
                ],
            }
        }

    def prekeys_import(self, args):
        peer, prekeys = read(args, peer="text", prekeys="object")
        key, signed = decode(prekeys["identity_key"]), prekeys["signed_prekey"]
        wanted = hmac.digest(key, decode(signed["public"]), "sha256")
        if not hmac.compare_digest(wanted, decode(signed["signature"])):
            raise Refused("bad-signature", "the signed prekey is not the owner's")
        if self.peers.setdefault(peer, key) != key:
            raise Refused("identity-changed", f"{peer} has another identity key now")
        return {}

    def known(self, peer):
        if peer not in self.peers:
            raise Refused("unknown-key", f"{peer} is not known")
        return self.peers[peer]

    # talking

    def session_start(self, args):
        self.known(read(args, peer="text"))
        return {"envelopes": []}  # or one of kind `setup`, if one must go first

    def session_info(self, args):
        self.known(read(args, peer="text"))
        return {
            "protocol": "Toy 1",
            "cipher": "none",
            "mac": "HMAC-SHA-256",
            "mac_bits": 256,
            "key_agreement": "none",
        }

    def session_key(self, peer):
        # TOY: anybody who knows both public keys knows this one.
        return digest(b"session", *sorted([self.key(), peer]))

    def message_encrypt(self, args):
        peer, text = read(args, peer="text", plaintext="bytes")
        key = self.session_key(self.known(peer))
        self.sent += 1
        carried = {
            "from": self.name,
            "to": peer,
            "count": self.sent,
            "identity": self.key().hex(),
            "text": seal(key, f"{self.name} {self.sent}", text).hex(),
        }
        carried["mac"] = hmac.digest(key, canonical(carried), "sha256").hex()
        envelope = {"kind": "message", "tag": "toy", "body": encode(json.dumps(carried).encode())}
        return {"envelopes": [envelope]}

    def message_decrypt(self, args):
        sender, envelope = read(args, **{"from": "text", "envelope": "object"})
        try:
            carried = json.loads(decode(envelope["body"]))
            mac = bytes.fromhex(carried.pop("mac"))
            identity = bytes.fromhex(carried["identity"])
            text, count = bytes.fromhex(carried["text"]), carried["count"]
            sealed_from, sealed_to = carried["from"], carried["to"]
            if not isinstance(count, int):
                raise ValueError("the count is none")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Refused("malformed", f"not an envelope: {problem}") from problem
        if self.peers.get(sender, identity) != identity:
            self.warn("identity-changed", f"{sender} has another identity key now")
            raise Refused("identity-changed", f"{sender} has another identity key now")
        key = self.session_key(identity)
        if not hmac.compare_digest(mac, hmac.digest(key, canonical(carried), "sha256")):
            raise Refused("bad-signature", "the message was altered")
        if sealed_from != sender or sealed_to != self.name:
            raise Refused("bad-signature", "from or for somebody else")
        if (sender, count) in self.seen:
            raise Refused("old-message", f"message {count} came before")
        self.seen.add((sender, count))
        self.peers[sender] = identity
        message = {
            "plaintext": encode(seal(key, f"{sender} {count}", text)),
            "sender": sender,
            "position": count,
        }
        return {"messages": [message]}

    # state

    def state_snapshot(self, args):
        state = {
            "name": self.name,
            "secret": self.secret.hex(),
            "peers": {name: key.hex() for name, key in self.peers.items()},
            "sent": self.sent,
            "seen": sorted(self.seen),
        }
        return {"state": encode(json.dumps(state).encode())}

    def state_restore(self, args):
        state = json.loads(read(args, state="bytes"))
        self.name, self.sent = state["name"], state["sent"]
        self.secret = bytes.fromhex(state["secret"])
        self.peers = {name: bytes.fromhex(key) for name, key in state["peers"].items()}
        self.seen = {(name, count) for name, count in state["seen"]}
        return {}


def canonical(carried):
    text = json.dumps(carried, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


if __name__ == "__main__":
    serve(Device())
