"""The folder of unfinished work, used by one call at a time.

All intermediate files are in it, so that nothing else next to the table is ever written
or removed.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from amzest.utils import try_lock

_MARKER = "made-by-amzest.json"
_MADE_BY = "amzest.datasets.prepare_products"
#: Names of the files that are written into the folder. Any other file is not ours.
_OURS = re.compile(
    r"(?:\d{5,}(?:-\d+)?|table)\.(?:parquet|json|lines)(?:\.\d+\.unfinished)?"
)
_UNFINISHED = re.compile(r".*\.\d+\.unfinished")


class WorkFolder:
    """Context manager of the folder `path`, next to the table `target`."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.parts")
        self._target = target
        self._marker = self.path / _MARKER
        self._lock = -1
        self._existed = False

    def __enter__(self) -> WorkFolder:
        """Create the folder or reuse it, and lock it."""
        self._make()
        self._check_owner()
        self._lock = self._take()
        if not self._check_owner():
            self._write_marker()
        for path in self._files():
            if _UNFINISHED.fullmatch(path.name):
                path.unlink()  # of a call that was killed
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unlock the folder for the next call, which resumes the work in it."""
        os.close(self._lock)

    def remove(self) -> None:
        """Remove the files written here, and the folder if it was created here."""
        for path in self._files():
            path.unlink()
        if set(os.listdir(self.path)) != {_MARKER}:
            return
        if sys.platform == "win32":  # open files cannot be removed
            os.close(self._lock)
            self._lock = os.open(os.devnull, os.O_RDONLY)
        self._marker.unlink()
        if not self._existed:
            self.path.rmdir()

    def _make(self) -> None:
        """Create the folder unless it exists."""
        self._existed = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir()
        except FileExistsError:
            self._existed = True
            if not self.path.is_dir():
                self._raise_exists("it is a file")
        except OSError as error:
            msg = (
                f"Cannot create a folder next to `out` {str(self._target)!r} "
                f"({error.strerror}). Pass a file in a writable folder."
            )
            raise type(error)(msg) from error

    def _check_owner(self) -> bool:
        """Raise if the folder has other files; return whether its marker is written."""
        is_written = self._marker.exists() and self._marker.stat().st_size > 0
        if is_written:
            try:
                note = json.loads(self._marker.read_bytes())
                if note["made by"] != _MADE_BY:
                    raise ValueError(note["made by"])
                self._existed = bool(note["was there"])
            except (ValueError, TypeError, KeyError, RecursionError):
                self._raise_exists(f"its marker {str(self._marker)!r} is damaged")
        elif any(name != _MARKER for name in os.listdir(self.path)):
            self._raise_exists("it contains files that this version did not write")
        return is_written

    def _raise_exists(self, reason: str) -> NoReturn:
        msg = (
            f"prepare_products needs {str(self.path)!r} for unfinished work, but "
            f"{reason}. Move it, or pass another `out`; nothing was changed."
        )
        raise FileExistsError(msg)

    def _take(self) -> int:
        """Lock the marker until it is closed or this process ends."""
        while True:
            descriptor = os.open(self._marker, os.O_RDWR | os.O_CREAT, 0o666)
            if not try_lock(descriptor):
                os.close(descriptor)
                msg = (
                    f"Another call is writing {str(self._target)!r} right now. Wait "
                    "until it has ended, or pass another `out`."
                )
                raise BlockingIOError(msg)
            if os.fstat(descriptor).st_nlink:
                return descriptor
            # The call that held the lock has just ended and removed the folder.
            os.close(descriptor)
            self._make()

    def _write_marker(self) -> None:
        note = {"made by": _MADE_BY, "was there": self._existed}
        os.lseek(self._lock, 0, os.SEEK_SET)
        os.write(self._lock, json.dumps(note).encode())

    def _files(self) -> list[Path]:
        """List the files written here."""
        return [
            path
            for path in self.path.iterdir()
            if _OURS.fullmatch(path.name) and path.is_file()
        ]
