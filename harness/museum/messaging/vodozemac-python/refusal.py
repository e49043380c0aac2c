# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The package's exceptions, as classes of refusal.

They have a type for what was being done, and say only in words why it failed; the words are those
of both pinned versions. What is not listed here was not foreseen, and is an error of the driver.
"""

from typing import Optional

import vodozemac

from protocol import Refused

BY_TEXT: list[tuple[str, str, str]] = [
    ("OlmDecryptionException", "invalid MAC length", "malformed"),
    ("OlmDecryptionException", "invalid MAC", "bad-signature"),
    ("OlmDecryptionException", "invalid padding", "malformed"),
    ("OlmDecryptionException", "can't be created, message index", "old-message"),
    ("OlmDecryptionException", "message gap was too big", "policy"),
    ("OlmDecryptionException", "contributory behavio", "bad-key"),
    ("OlmEncryptionException", "contributory behavio", "bad-key"),
    ("SessionCreationException", "unknown one-time key", "unknown-key"),
    ("SessionCreationException", "doesn't match the one in the pre-key message", "identity-changed"),
    ("SessionCreationException", "contributory behavio", "bad-key"),
    # Why is not said; nearly always it is the MAC.
    ("SessionCreationException", "couldn't be decrypted", "bad-signature"),
    ("SessionCreationException", "invalid MAC length", "malformed"),
    ("SessionCreationException", "invalid MAC", "bad-signature"),
    ("SessionCreationException", "invalid padding", "malformed"),
    ("SessionCreationException", "message gap was too big", "policy"),
    ("DecodeException", "", "malformed"),
    ("KeyException", "", "bad-key"),
]

# The types by their names: one of them is only in the newer version.
LIBRARY = {
    name: kind
    for name in {name for name, _, _ in BY_TEXT}
    if isinstance(kind := getattr(vodozemac, name, None), type)
}


def refusal(error: Exception) -> Optional[Refused]:
    """The refusal that an exception stands for, if it is one that the package makes on purpose."""
    for name, text, refusal_class in BY_TEXT:
        kind = LIBRARY.get(name)
        if kind and isinstance(error, kind) and text in str(error):
            return Refused(refusal_class, f"{name}: {error}")
    return None


def more_telling(one: Optional[Refused], other: Refused) -> Refused:
    """Of two refusals of one message by two sessions, the one that says more about the message.

    A session that a message does not belong to can only find that its tag is wrong; every other
    finding comes from the session to which it does belong.
    """
    return one if one and one.refusal_class != "bad-signature" else other
