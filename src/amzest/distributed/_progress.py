"""Progress on the standard error."""

from __future__ import annotations

import sys
import time
from typing import Any

#: Seconds between lines where there is no bar.
_SECONDS = 30.0


class Progress:
    """A bar of rows if the standard error is a terminal and tqdm is installed.

    Otherwise, a line every 30 seconds.
    """

    def __init__(self, what: str, total: int | None, *, quiet: bool) -> None:
        self.n_rows = 0
        self._what, self._total = what, total
        self._start = self._last = time.monotonic()
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
        elif time.monotonic() - self._last >= _SECONDS:
            self._last = time.monotonic()
            self.report(f"{self._what}: {self._state()}")

    def leave_out(self, n_rows: int) -> None:
        """Take rows out of the total, which an earlier call has done."""
        if self._total is not None:
            self._total -= n_rows
            if self._bar is not None:
                self._bar.total = self._total

    def _state(self) -> str:
        """Return rows, rows per second, and the time left if the total is known."""
        rate = self.n_rows / max(time.monotonic() - self._start, 1e-9)
        if self._total is None or not rate:
            return f"{self.n_rows:,} rows, {rate:,.0f} per second"
        left = _duration((self._total - self.n_rows) / rate)
        rows = f"{self.n_rows:,} of {self._total:,} rows"
        return f"{rows}, {rate:,.0f} per second, {left} left"

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


def _duration(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
