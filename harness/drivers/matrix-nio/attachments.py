# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Files, by way of the server's media store."""

import io
from typing import Any

from nio import AsyncClient, DownloadError, RoomEncryptedMedia
from nio.crypto.attachments import decrypt_attachment
from nio.exceptions import EncryptionError

from refusal import accepted

MSGTYPES = {"image": "m.image", "audio": "m.audio", "video": "m.video"}
OCTETS = "application/octet-stream"


class NotShown(Exception):
    """There is a file, and its user does not get to see it."""

    def __init__(self, reason: str, undecryptable: bool) -> None:
        super().__init__(reason)
        self.undecryptable = undecryptable


async def upload(nio: AsyncClient, file: dict[str, Any], encrypted: bool, named: bool) -> dict:
    """The content of the message that tells of the file. A plain file goes with its name."""
    body, media_type = file["body"], file["media_type"] or OCTETS
    answer, keys = await nio.upload(
        io.BytesIO(body),
        content_type=media_type,
        filename=file["name"] if named or not encrypted else None,
        encrypt=encrypted,
        filesize=len(body),
    )
    url = accepted(answer).content_uri
    message = {
        "msgtype": MSGTYPES.get(media_type.partition("/")[0], "m.file"),
        "body": file["name"],
        "info": {"mimetype": media_type, "size": len(body)},
    }
    where = {"url": url} if keys is None else {"file": {**keys, "url": url}}
    return {**message, **where}


async def download(nio: AsyncClient, event: Any) -> bytes:
    """What the user gets of the file that an event tells of."""
    answer = await nio.download(mxc=event.url)
    if isinstance(answer, DownloadError):
        raise NotShown(f"no download: {answer}", undecryptable=False)
    if not isinstance(event, RoomEncryptedMedia):
        return answer.body
    try:
        return decrypt_attachment(answer.body, event.key["k"], event.hashes["sha256"], event.iv)
    except (EncryptionError, KeyError) as error:
        reason = f"undecryptable file: {type(error).__name__}: {error}"
        raise NotShown(reason, undecryptable=True) from error


def media_type(event: Any) -> str:
    info = event.source["content"].get("info")
    named = info.get("mimetype") if isinstance(info, dict) else None
    return named if isinstance(named, str) else OCTETS
