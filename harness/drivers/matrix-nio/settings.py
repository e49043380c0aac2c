# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Settings of the application, `trust` apart, which belongs to who is logged in."""

from typing import Any

from protocol import Unsupported

WITHHELD, UPLOADED, ON, OFF = "withheld", "uploaded", "on", "off"

# The values that they may have, the first from the start; any text where there are none.
VALUES: dict[str, tuple[str, ...]] = {
    "file-names": (WITHHELD, UPLOADED),
    "file-encryption": (ON, OFF),
    "backup.passphrase": (),
}

# What a user might choose, so that a backup can be made before one is set.
PASSPHRASE = "correct horse battery"


class Settings:
    """By name."""

    def __init__(self) -> None:
        self.values = {name: (*values, PASSPHRASE)[0] for name, values in VALUES.items()}

    def get(self, name: str) -> str:
        if name not in self.values:
            raise Unsupported(f"there is no setting `{name}`")
        return self.values[name]

    def set(self, name: str, value: Any) -> None:
        self.get(name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"bad arguments: `{name}` is a text")
        if VALUES[name] and value not in VALUES[name]:
            raise ValueError(f"bad arguments: `{name}` is {' or '.join(VALUES[name])}")
        self.values[name] = value

    @property
    def names_files(self) -> bool:
        return self.get("file-names") == UPLOADED

    @property
    def encrypts_files(self) -> bool:
        return self.get("file-encryption") == ON

    @property
    def passphrase(self) -> str:
        return self.get("backup.passphrase")
