"""A folder of fitted models that no other user can read or write."""

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
    """Turn the name of a folder into a memory whose folders are the user's alone.

    Loading a pickle runs the code in it: who can write into the folder can run code as
    the user who loads from it.

    Parameters
    ----------
    memory : str, path-like or object
        A folder, which is made if it is not there. Anything else is returned as it is.

    Returns
    -------
    object
        With the interface of joblib.Memory.

    Raises
    ------
    ValueError
        If the folder is there, and all users may write into it.

    Warns
    -----
    UserWarning
        If the folder is there, and the users of its group may write into it.
    """
    if not isinstance(memory, str | os.PathLike):
        return memory
    folder = Path(memory).expanduser()
    _make_private(folder)
    _check_private(folder)
    # joblib keeps everything below a folder of this name.
    inner = folder / "joblib"
    _make_private(inner)
    _check_private(inner)
    joblib.register_store_backend(_BACKEND, PrivateStoreBackend)
    return joblib.Memory(str(folder), backend=_BACKEND, verbose=0)


class PrivateStoreBackend(FileSystemStoreBackend):
    """Keeps results in folders of mode 0700, whatever the umask is."""

    def create_location(self, location: str) -> None:
        """Make a folder, and those above it that are not there."""
        _make_private(Path(location))


def _make_private(folder: Path) -> None:
    """Make a folder and those above it; `parents` of `mkdir` would follow the umask."""
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=0o700, exist_ok=True)


def _check_private(folder: Path) -> None:
    """Refuse a folder that others can write into."""
    if os.name != "posix":
        return
    state = folder.stat()
    advice = (
        "Loading a pickle runs the code in it. Make the folder yours alone "
        "(chmod -R go-rwx), or name one that is not there yet."
    )
    name = shown(str(folder), 200)
    if state.st_uid not in (os.geteuid(), 0):
        msg = f"`memory` {name} belongs to another user. {advice}"
        raise ValueError(msg)
    if state.st_mode & stat.S_IWOTH:
        msg = f"`memory` {name} can be written by all users. {advice}"
        raise ValueError(msg)
    if state.st_mode & stat.S_IWGRP:
        warnings.warn(
            f"`memory` {name} can be written by the users of its group. {advice}",
            UserWarning,
            stacklevel=2,
        )
