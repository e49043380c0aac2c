# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The OMEMO library's exceptions, as classes of refusal.

An exception often stands for several reasons; its causes tell them apart. What is not listed here
was not foreseen, and is an error of the driver.
"""

from typing import Iterator, Optional

import doubleratchet
import doubleratchet.aead
import google.protobuf.message
import omemo
import omemo.session_manager as manager
from omemo.storage import StorageException
from omemo.types import OMEMOException
import x3dh
import xeddsa
import xmlschema

from protocol import Refused

# In this order: the more telling first.
BY_TYPE: list[tuple[type, str]] = [
    (doubleratchet.DuplicateMessageException, "old-message"),
    (doubleratchet.DoSProtectionException, "policy"),
    (doubleratchet.aead.AuthenticationFailedException, "bad-signature"),
    (doubleratchet.aead.DecryptionFailedException, "malformed"),
    (xeddsa.bindings.XEdDSAException, "bad-key"),
    (google.protobuf.message.DecodeError, "malformed"),
    (xmlschema.XMLSchemaValidationError, "malformed"),
    (manager.PublicDataInconsistency, "identity-changed"),
    (manager.SenderDistrusted, "policy"),
    (manager.StillUndecided, "policy"),
    (manager.MessageNotForUs, "unknown-key"),
    (manager.SenderNotFound, "unknown-key"),
    (manager.NoSession, "unknown-key"),
    (manager.NoEligibleDevices, "unknown-key"),
]

# Exceptions that only their text tells apart; the texts are those of the pinned versions.
BY_TEXT: list[tuple[type, str, str]] = [
    (x3dh.KeyAgreementException, "signature of the signed pre key", "bad-signature"),
    (x3dh.KeyAgreementException, "not available any more", "unknown-key"),
    (x3dh.KeyAgreementException, "does not contain a pre key", "unknown-key"),
    (x3dh.KeyAgreementException, "does not use a pre key", "policy"),
    (omemo.KeyExchangeFailed, "pre key with id", "unknown-key"),
    # Raised by the package XEdDSA, and let through by the library.
    (ValueError, "Expected size of", "bad-key"),
    (omemo.DecryptionFailed, "Authentication tag", "bad-signature"),
]

# Failures of the storage, which is ours, and of the exchange with the server: nobody decided.
NO_DECISION = (StorageException, manager.XMPPInteractionFailed)


def refusal(error: BaseException) -> Optional[Refused]:
    """The refusal that an exception stands for, if it is one that the library makes on purpose."""
    found = next((found for each in chain(error) if (found := classify(each))), None)
    if found is None and isinstance(error, OMEMOException) and not isinstance(error, NO_DECISION):
        found = "other"
    return None if found is None else Refused(found, describe(error))


def classify(error: BaseException) -> Optional[str]:
    by_type = (name for kind, name in BY_TYPE if isinstance(error, kind))
    by_text = (
        name for kind, text, name in BY_TEXT if isinstance(error, kind) and text in str(error)
    )
    return next(by_type, None) or next(by_text, None)


def chain(error: BaseException) -> Iterator[BaseException]:
    """The innermost cause first."""
    causes = [error]
    while causes[-1].__cause__ is not None and len(causes) < 8:
        causes.append(causes[-1].__cause__)
    return reversed(causes)


def describe(error: BaseException) -> str:
    return "; ".join(
        f"{type(each).__name__}: {each}".rstrip(": ") for each in reversed(list(chain(error)))
    )
