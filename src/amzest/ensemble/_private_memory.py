"""A cache of fitted models that no other user can read or write."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import Any

import joblib
from joblib.memory import FileSystemStoreBackend

from amzest.utils import shown

_BACKEND = "amzest-private"


def private_memory(memory: Any) -> Any:
    """Return a joblib.Memory whose folders are private, if `memory` is a path.

    Loading a pickle runs the code in it: whoever can write to the folder can run code
    as the user who loads from it. Raises if others can, warns if the group can.
    """
    if not isinstance(memory, str | os.PathLike):
        return memory
    folder = Path(memory).expanduser()
    _make_private(folder)
    _check_private(folder)
    # joblib stores everything in a subfolder of this name.
    inner = folder / "joblib"
    _make_private(inner)
    _check_private(inner)
    # joblib creates its folders with the umask, in worker processes as well, so that
    # the modes have to be set by the backend.
    joblib.register_store_backend(_BACKEND, PrivateStoreBackend)
    return joblib.Memory(str(folder), backend=_BACKEND, verbose=0)


class PrivateStoreBackend(FileSystemStoreBackend):
    """Stores results in folders of mode 0700, whatever the umask is."""

    def create_location(self, location: str) -> None:
        """Create a folder and its missing parents."""
        _make_private(Path(location))


def _make_private(folder: Path) -> None:
    """Create a folder; `parents=True` of `mkdir` would apply the umask to parents."""
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=0o700, exist_ok=True)


def _check_private(folder: Path) -> None:
    """Raise if other users can write to a folder."""
    if os.name != "posix":
        return
    # Owned by root is accepted: root can write anywhere.
    state = folder.stat()
    advice = (
        "Loading a pickle runs the code in it. Make the folder private "
        "(chmod -R go-rwx), or pass one that does not exist yet."
    )
    name = shown(str(folder), 200)
    if state.st_uid not in (os.geteuid(), 0):
        msg = f"`memory` {name} belongs to another user. {advice}"
        raise ValueError(msg)
    if state.st_mode & stat.S_IWOTH:
        msg = f"`memory` {name} is writable by all users. {advice}"
        raise ValueError(msg)
    if state.st_mode & stat.S_IWGRP:
        warnings.warn(
            f"`memory` {name} is writable by its group. {advice}",
            UserWarning,
            stacklevel=2,
        )
