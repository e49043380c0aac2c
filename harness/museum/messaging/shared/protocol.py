# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The end of the protocol that the Python drivers of the museum share: lines of JSON in and out."""

import base64
import json
from typing import Any, BinaryIO, Callable

PROTOCOL = "hallmark-driver/2"

# Longest line that the protocol allows.
MAX_LINE = 16 * 1024 * 1024


class Refused(Exception):
    """The candidate decided against it."""

    def __init__(self, refusal_class: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal_class = refusal_class


class Unsupported(Exception):
    """There is no such thing behind this driver."""


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Standard base64 with padding (RFC 4648, section 4), and nothing that only looks like it."""
    data = base64.b64decode(text, validate=True)
    if encode(data) != text:
        raise ValueError("not standard base64")
    return data


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value


def _list(value: Any) -> list:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _object(value: Any) -> dict:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


KINDS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "bytes": lambda value: decode(_text(value)),
    "count": _count,
    "list": _list,
    "object": _object,
}


def read(fields: dict[str, str], args: Any) -> dict[str, Any]:
    """Reads an object; `fields` says which kind each field has, `?` that it may be absent."""
    if not isinstance(args, dict):
        raise ValueError("bad arguments: not an object")
    unknown = next((name for name in args if name not in fields), None)
    if unknown is not None:
        raise ValueError(f"bad arguments: unknown field `{unknown}`")
    return {name: _field(name, kind, args.get(name)) for name, kind in fields.items()}


def _field(name: str, kind: str, value: Any) -> Any:
    if kind.endswith("?") and value is None:
        return None
    try:
        return KINDS[kind.rstrip("?")](value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"bad arguments: field `{name}`: {error}") from error


def answer_line(device: Any, line: bytes) -> tuple[dict[str, Any], bool]:
    """Answers one request line; the second value says that the request was `shutdown`."""
    try:
        request = read({"id": "count", "op": "text", "args": "object"}, json.loads(line))
    except (ValueError, RecursionError) as error:
        return {"id": 0, "error": {"message": f"the request is not of the protocol: {error}"}}, False
    op = request["op"]
    try:
        answer = {"ok": device.run(op, request["args"])}
    except Refused as refused:
        answer = {"refused": {"class": refused.refusal_class, "detail": str(refused)}}
    except Unsupported as unsupported:
        answer = {"unsupported": {"reason": str(unsupported)}}
    except Exception as error:  # pylint: disable=broad-except
        # Whatever was not foreseen is the driver's own failure, never the candidate's decision.
        answer = {"error": {"message": f"{type(error).__name__}: {error}"}}
    if warnings := device.take_warnings():
        answer["warnings"] = warnings
    return {"id": request["id"], **answer}, op == "shutdown" and "ok" in answer


def hello(protocols: list, driver: str, candidate: dict[str, str], **said: Any) -> dict[str, Any]:
    """The answer to `hello`, where the harness speaks our version."""
    if PROTOCOL not in protocols:
        raise ValueError(f"this driver speaks {PROTOCOL} only")
    return {
        "protocol": PROTOCOL,
        "driver": {"name": driver, "version": "0.1.0"},
        "candidate": candidate,
        **said,
    }


def serve(device: Any, requests: BinaryIO, answers: BinaryIO) -> None:
    """Serves requests, one after the other, until the input ends or asks to shut down."""
    while line := requests.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise ValueError("a request line is longer than the protocol allows")
        answer, last = answer_line(device, line)
        answers.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        answers.flush()
        if last:
            return
