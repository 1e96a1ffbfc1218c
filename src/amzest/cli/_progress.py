"""Progress on the standard error."""

from __future__ import annotations

import sys
import time
from typing import Any


class Progress:
    """A bar of rows if the standard error is a terminal and tqdm is installed."""

    def __init__(self, what: str, total: int | None, *, quiet: bool) -> None:
        self.n_rows = 0
        self._start = time.monotonic()
        self._quiet = quiet
        self._bar: Any = None
        if not quiet and sys.stderr.isatty():
            try:
                from tqdm import tqdm
            except ImportError:
                return
            self._bar = tqdm(
                desc=what, total=total, unit=" rows", unit_scale=True, file=sys.stderr
            )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, n_rows: int) -> None:
        """Count rows that are done."""
        self.n_rows += n_rows
        if self._bar is not None:
            self._bar.update(n_rows)

    def summary(self) -> str:
        """Return the number of rows, the seconds, and the rows per second."""
        seconds = time.monotonic() - self._start
        rate = self.n_rows / max(seconds, 1e-9)
        rows = "row" if self.n_rows == 1 else "rows"
        return f"{self.n_rows:,} {rows} in {seconds:.1f} s ({rate:,.0f} per second)"

    def report(self, text: str) -> None:
        """Print a message, unless the command is quiet."""
        if not self._quiet:
            print(text, file=sys.stderr)
