# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The driver's end of the protocol: lines of JSON in, lines of JSON out."""

import asyncio
import base64
import json
from typing import Any, BinaryIO, Callable

# Best first.
VERSIONS = ("hallmark-driver/2", "hallmark-driver/1")

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


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return [_text(each) for each in value]


def _object(value: Any) -> dict:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


KINDS: dict[str, Callable[[Any], Any]] = {
    "any": lambda value: value,
    "bytes": lambda value: decode(_text(value)),
    "count": _count,
    "object": _object,
    "text": _text,
    "texts": _texts,
    "truth": _truth,
}


def read(fields: dict[str, str], args: Any) -> dict[str, Any]:
    """Reads an object; `fields` says which kind each field has, `?` that it may be absent."""
    if not isinstance(args, dict):
        raise ValueError("bad arguments: not an object")
    unknown = next((name for name in args if name not in fields), None)
    if unknown is not None:
        raise ValueError(f"bad arguments: unknown field `{unknown}`")
    absent = next((name for name, kind in fields.items() if kind == "any" and name not in args), None)
    if absent is not None:
        raise ValueError(f"bad arguments: field `{absent}` is absent")
    return {name: _field(name, kind, args.get(name)) for name, kind in fields.items()}


def _field(name: str, kind: str, value: Any) -> Any:
    if kind.endswith("?") and value is None:
        return None
    try:
        return KINDS[kind.rstrip("?")](value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"bad arguments: field `{name}`: {error}") from error


async def answer_line(device: Any, line: bytes) -> tuple[dict[str, Any], bool]:
    """Answers one request line; the second value says that the request was `shutdown`."""
    try:
        request = read({"id": "count", "op": "text", "args": "object"}, json.loads(line))
    except (ValueError, RecursionError) as error:
        return {"id": 0, "error": {"message": f"the request is not of the protocol: {error}"}}, False
    op = request["op"]
    try:
        answer = {"ok": await device.run(op, request["args"])}
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


async def serve(device: Any, requests: BinaryIO, answers: BinaryIO) -> None:
    """Serves requests, one after the other, until the input ends or asks to shut down.

    The application goes on receiving in between: nothing here blocks but the writing of an answer.
    """
    lines = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), requests)
    while line := await lines.readline():
        answer, last = await answer_line(device, line)
        answers.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        answers.flush()
        if last:
            return
