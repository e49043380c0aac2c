# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Exceptions of the client and its libraries, and errors of the server, as classes of refusal.

What is not listed here was not foreseen, and is an error of the driver.
"""

import ssl
from typing import Any, Iterator, Optional

import aiohttp
from nio import ErrorResponse
from nio.exceptions import EncryptionError, OlmUnverifiedDeviceError

from protocol import Refused

# What OpenSSL says of a handshake that the client does not go along with.
HANDSHAKE = {
    "UNSUPPORTED_PROTOCOL": "policy",
    "NO_PROTOCOLS_AVAILABLE": "policy",
    "DH_KEY_TOO_SMALL": "policy",
    "EE_KEY_TOO_SMALL": "policy",
    "WRONG_CIPHER_RETURNED": "policy",
    "BAD_SIGNATURE": "bad-signature",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "bad-signature",
    "DIGEST_CHECK_FAILED": "bad-signature",
    "WRONG_VERSION_NUMBER": "malformed",
}

# `M_FORBIDDEN` says what the operation makes of it.
BY_CODE = {
    "M_UNKNOWN_TOKEN": "policy",
    "M_USER_DEACTIVATED": "policy",
    "M_TOO_LARGE": "policy",
    "M_WEAK_PASSWORD": "policy",
    "M_PASSWORD_TOO_SHORT": "policy",
    "M_INVALID_USERNAME": "malformed",
}


def refusal(error: BaseException) -> Optional[Refused]:
    """The refusal that an exception stands for, if it is one that is made on purpose."""
    for each in chain(error):
        if isinstance(each, OlmUnverifiedDeviceError):
            return Refused("policy", f"OlmUnverifiedDeviceError: {each}")
        if isinstance(each, (ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError)):
            return Refused("policy", f"the certificate is not accepted: {each}")
        if isinstance(each, ssl.SSLError) and each.reason in HANDSHAKE:
            return Refused(HANDSHAKE[each.reason], f"TLS handshake failed: {each.reason}")
    return None


def backup_refusal(error: EncryptionError) -> Refused:
    """Why a file of exported keys was not taken; the texts are those of the pinned version."""
    text = str(error)
    if "HMAC check failed" in text:
        return Refused("bad-signature", text)
    return Refused("malformed", text)


def accepted(response: Any, forbidden: str = "policy") -> Any:
    """The response, unless it is an error; `forbidden` is the class of the server's `M_FORBIDDEN`."""
    if not isinstance(response, ErrorResponse):
        return response
    code = {"M_FORBIDDEN": forbidden, **BY_CODE}.get(response.status_code or "")
    if code is None:
        raise ServerError(response)
    raise Refused(code, f"the server answers {response.status_code}: {response.message}")


class ServerError(Exception):
    """The server answered with an error that stands for no decision."""

    def __init__(self, response: ErrorResponse) -> None:
        super().__init__(f"the server answers {response.status_code}: {response.message}")
        self.code = response.status_code


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, also those that libraries only keep as an attribute."""
    waiting, seen = [error], 0
    while waiting and seen < 16:
        each = waiting.pop(0)
        seen += 1
        yield each
        causes = (each.__cause__, each.__context__, getattr(each, "os_error", None))
        waiting += [cause for cause in causes if isinstance(cause, BaseException)]
