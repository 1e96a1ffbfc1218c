"""A folder of predictions in parts, which a later call can complete."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from amzest.distributed._argument_names import ArgumentNames
from amzest.distributed._source_tables import Part
from amzest.distributed._table_output import check_parent, replaced, unfinished_path
from amzest.utils import try_lock

#: Hidden for readers of Parquet folders, such as pyarrow, dask and Spark.
MANIFEST, SUMMARY = "_amzest_predictions.json", "_amzest_parts.json"
_MADE_BY = "amzest.distributed.predict_table"
_FORMAT = 1
#: Names of files of calls that were killed.
_UNFINISHED = re.compile(
    r"\.(?:part-\d{5}\.parquet|model|rows|_amzest_parts\.json)"
    r"\.[0-9a-f]{12}\.unfinished"
)
_MAX_PARTS = 100_000


def part_path(folder: Path, part: Part) -> Path:
    """Return the file of a part."""
    if part.number >= _MAX_PARTS:
        msg = f"The source has more than {_MAX_PARTS:,} parts. Raise `rows_per_part`."
        raise ValueError(msg)
    return folder / f"part-{part.number:05d}.parquet"


class PredictionFolder:
    """Context manager that creates the folder, or reuses it, and locks it.

    A manifest states what the predictions depend on. Parts that are there are complete,
    because a part gets its name when it is.
    """

    def __init__(
        self,
        path: Path,
        fingerprint: dict[str, Any],
        *,
        resume: bool,
        names: ArgumentNames,
    ) -> None:
        self.path = path
        self._what = f"{names.name('out')} {str(path)!r}"
        self._names = names
        self._resume = resume
        self._manifest = {"made by": _MADE_BY, "format": _FORMAT, **fingerprint}
        self._lock = -1
        self._is_new = False

    def __enter__(self) -> Self:
        check_parent(self.path, self._what)
        if self.path.exists() and not self.path.is_dir():
            self._raise_exists("is a file")
        self._is_new = not self.path.exists()
        self.path.mkdir(exist_ok=True)
        self._check_owner()
        descriptor = os.open(self.path / MANIFEST, os.O_RDWR | os.O_CREAT, 0o666)
        if not try_lock(descriptor):
            os.close(descriptor)
            msg = (
                f"{self._what}: another call, or a worker of one that was killed, "
                "writes to it. Wait until it has ended."
            )
            raise BlockingIOError(msg)
        self._lock = descriptor
        # Once more, because another call may have ended since.
        if not self._check_owner():
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps(self._manifest, indent=1).encode())
            os.fsync(descriptor)
        for path in self.path.iterdir():
            if _UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)  # its worker may just complete it
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unlock the folder; remove it if it is new and nothing was predicted."""
        if error is not None and set(os.listdir(self.path)) == {MANIFEST}:
            with contextlib.suppress(OSError):  # open files stay on Windows
                (self.path / MANIFEST).unlink()
                if self._is_new:
                    self.path.rmdir()
        os.close(self._lock)

    def is_done(self, part: Part) -> bool:
        """Return whether a part is there; raise ValueError if it is damaged."""
        path = part_path(self.path, part)
        if not path.exists():
            return False
        from pyarrow import ArrowException, parquet

        try:
            n_rows = parquet.read_metadata(path).num_rows
        except (OSError, ArrowException):
            n_rows = None
        if n_rows != part.n_rows:
            msg = (
                f"{path}: has {'no readable' if n_rows is None else n_rows} rows, "
                f"expected {part.n_rows}. It was changed after it was written. Remove "
                "it, and it is predicted again."
            )
            raise ValueError(msg)
        return True

    def finish(self, parts: list[dict[str, Any]]) -> None:
        """Write which rows each part has."""
        path = self.path / SUMMARY
        text = json.dumps({"made by": _MADE_BY, "parts": parts}, indent=1)
        with replaced(path, unfinished_path(path)) as unfinished:
            unfinished.write_text(text, encoding="utf-8")

    def _check_owner(self) -> bool:
        """Raise if the folder is not ours; return whether its manifest is written."""
        manifest = self.path / MANIFEST
        others = set(os.listdir(self.path)) - {MANIFEST}
        try:
            found = json.loads(manifest.read_bytes())
            if found["made by"] != _MADE_BY:
                raise ValueError(found["made by"])
        except FileNotFoundError:
            if others:
                self._raise_exists("contains files that this function did not write")
            return False
        except (ValueError, TypeError, KeyError, RecursionError):
            # A call may have been killed before it had written the manifest.
            if others:
                self._raise_exists(f"has a damaged {MANIFEST}")
            return False
        if not self._resume:
            self._raise_exists("has predictions of an earlier call", or_resume=True)
        self._check_same(found)
        return True

    def _check_same(self, found: dict[str, Any]) -> None:
        """Raise ValueError if the predictions in the folder depend on something else.

        Each entry of the manifest is one thing that they depend on.
        """
        expected = json.loads(json.dumps(self._manifest))
        differ = [
            f"{name} ({_difference(found.get(name), value)})"
            for name, value in expected.items()
            if found.get(name) != value
        ]
        if differ:
            msg = (
                f"{self._what} has predictions that depend on something else: "
                f"{', '.join(differ)}. Pass another folder, or what it was begun with."
            )
            raise ValueError(msg)

    def _raise_exists(self, reason: str, *, or_resume: bool = False) -> NoReturn:
        advice = "Pass another folder"
        if or_resume:
            resume = self._names.switched_on("resume")
            advice += f", or {resume} to predict the parts that it lacks"
        raise FileExistsError(f"{self._what} {reason}. {advice}.")


def _difference(found: Any, expected: Any) -> str:
    """Return what differs, of a dict the first entry that does."""
    if not isinstance(found, dict) or not isinstance(expected, dict):
        return f"{found}, now {expected}"
    names = [n for n in {**found, **expected} if found.get(n) != expected.get(n)]
    more = "" if len(names) == 1 else f", and {len(names) - 1} more"
    first = names[0]
    return f"{first}: {found.get(first)}, now {expected.get(first)}{more}"
