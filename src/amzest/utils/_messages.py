"""Values in messages, shortened to a readable length."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_REPR = reprlib.Repr()
_REPR.maxlist = _REPR.maxtuple = _REPR.maxset = _REPR.maxfrozenset = _REPR.maxdict = 6


def shown(value: Any, limit: int = 80) -> str:
    """Return a short repr; of bytes their number, of arrays shape and dtype."""
    if isinstance(value, bytes | bytearray | memoryview):
        return count(len(value), "byte")
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array of shape {value.shape}, dtype {value.dtype}"
    if isinstance(value, str):
        text = repr(value[: limit + 1])
    elif isinstance(value, list | tuple | set | frozenset | dict):
        _REPR.maxstring = _REPR.maxother = limit
        text = _REPR.repr(value)
    else:
        try:
            text = repr(value)
        except Exception:
            text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def shown_list(values: Iterable[Any], limit: int = 30) -> str:
    """Return the short repr of each value: ``'a', 'b' and 9 more``."""
    listed = list(values)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(shown(value) for value in listed[:limit]) + more


def count(n: int, thing: str) -> str:
    """Return a number of things: ``1 row``, ``2,000 rows``, ``3 categories``."""
    if n == 1:
        return f"1 {thing}"
    if thing.endswith("s"):
        return f"{n:,} {thing}es"
    things = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{n:,} {things}"


def describe_rows(rows: NDArray[np.intp], limit: int = 5) -> str:
    """Return positions of rows for a message: ``rows 3, 8, 9 and 4 more``."""
    numbers = ", ".join(str(int(row)) for row in rows[:limit])
    more = f" and {len(rows) - limit} more" if len(rows) > limit else ""
    return f"row{'s' if len(rows) > 1 else ''} {numbers}{more}"
