# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The application's files as bytes, and back."""

import base64
import os
from typing import Any

LARGEST = 8 * 1024 * 1024


def snapshot(folder: str) -> dict[str, str]:
    """Every file of the folder. Nothing writes meanwhile: nio commits before it answers."""
    files, size = {}, 0
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if not entry.is_file(follow_symlinks=False):
            continue
        size += entry.stat().st_size
        if size > LARGEST:
            raise ValueError(f"the application keeps more than {LARGEST} bytes")
        with open(entry.path, "rb") as file:
            files[entry.name] = base64.b64encode(file.read()).decode("ascii")
    return files


def restore(folder: str, files: dict[str, Any]) -> None:
    """The folder holds these files, and no others."""
    try:
        contents = {name: base64.b64decode(text, validate=True) for name, text in files.items()}
    except (ValueError, TypeError) as error:
        raise ValueError(f"not a state of this driver: {error}") from error
    if any(name != os.path.basename(name) or name in ("", ".", "..") for name in contents):
        raise ValueError("not a state of this driver: a file lies elsewhere")
    for entry in list(os.scandir(folder)):
        if entry.is_file(follow_symlinks=False):
            os.unlink(entry.path)
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
