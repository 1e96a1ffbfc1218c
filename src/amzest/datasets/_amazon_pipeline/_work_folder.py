"""The folder of unfinished work: found again by its marker, used by one call at a time.

Everything that is made on the way to a table lies in it, so that nothing else beside
the table is ever written or removed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import NoReturn

_MARKER = "made-by-amzest.json"
_MADE_BY = "amzest.datasets.prepare_products"
#: What calls write into the folder; anything else in it is somebody else's.
_OURS = re.compile(r"(?:\d{5}|table)\.(?:parquet|json)(?:\.\d+\.unfinished)?")
_UNFINISHED = re.compile(r".*\.\d+\.unfinished")


class WorkFolder:
    """Context in which a folder is there for the parts of a table.

    Parameters
    ----------
    target : Path
        The table. The folder lies beside it, with `.parts` after its name.

    Attributes
    ----------
    path : Path
        The folder.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.parts")
        self._target = target
        self._marker = self.path / _MARKER
        self._lock = -1
        self._was_there = False

    def __enter__(self) -> WorkFolder:
        """Make the folder or go on with it, and lock it."""
        self._make()
        self._check_owner()
        self._lock = self._take()
        if not self._check_owner():
            self._sign()
        for path in self._files():
            if _UNFINISHED.fullmatch(path.name):
                path.unlink()  # by a call that was killed
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the folder for the next call, which goes on with what is in it."""
        os.close(self._lock)

    def remove(self) -> None:
        """Remove what calls wrote, and the folder if a call made it."""
        for path in self._files():
            path.unlink()
        if set(os.listdir(self.path)) != {_MARKER}:
            return
        if sys.platform == "win32":  # where no open file can be removed
            os.close(self._lock)
            self._lock = os.open(os.devnull, os.O_RDONLY)
        self._marker.unlink()
        if not self._was_there:
            self.path.rmdir()

    def _make(self) -> None:
        """Make the folder, unless it is there."""
        self._was_there = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir()
        except FileExistsError:
            self._was_there = True
            if not self.path.is_dir():
                self._refuse("it is a file")
        except OSError as error:
            msg = (
                f"No folder can be made beside `out` {str(self._target)!r} "
                f"({error.strerror}). Name a file in a folder that can be written to."
            )
            raise type(error)(msg) from error

    def _check_owner(self) -> bool:
        """Raise an error if the files in the folder are no call's; tell if signed."""
        signed = self._marker.exists() and self._marker.stat().st_size > 0
        if signed:
            try:
                note = json.loads(self._marker.read_bytes())
                if note["made by"] != _MADE_BY:
                    raise ValueError(note["made by"])
                self._was_there = bool(note["was there"])
            except (ValueError, TypeError, KeyError, RecursionError):
                self._refuse(
                    f"{str(self._marker)!r}, which should say who made the folder, is "
                    "damaged"
                )
        elif any(name != _MARKER for name in os.listdir(self.path)):
            self._refuse("it holds files that this version of it did not make")
        return signed

    def _refuse(self, reason: str) -> NoReturn:
        msg = (
            f"prepare_products needs {str(self.path)!r} for unfinished work, but "
            f"{reason}. Move it away, or pass another `out`; nothing was changed."
        )
        raise FileExistsError(msg)

    def _take(self) -> int:
        """Lock the marker, until it is closed or this process ends in any way."""
        while True:
            descriptor = os.open(self._marker, os.O_RDWR | os.O_CREAT, 0o666)
            if not _try_lock(descriptor):
                os.close(descriptor)
                msg = (
                    f"Another call is preparing {str(self._target)!r} right now. Wait "
                    "until it has ended, or pass another `out`."
                )
                raise BlockingIOError(msg)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            # The call that had it has just ended and removed the folder.
            os.close(descriptor)
            self._make()

    def _sign(self) -> None:
        note = {"made by": _MADE_BY, "was there": self._was_there}
        os.lseek(self._lock, 0, os.SEEK_SET)
        os.write(self._lock, json.dumps(note).encode())

    def _files(self) -> list[Path]:
        """List what calls wrote."""
        return [
            path
            for path in self.path.iterdir()
            if _OURS.fullmatch(path.name) and path.is_file()
        ]


def _try_lock(descriptor: int) -> bool:
    """Lock an open file, if no other process or thread has; tell whether it is."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 2**30, os.SEEK_SET)  # what is locked cannot be read
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
