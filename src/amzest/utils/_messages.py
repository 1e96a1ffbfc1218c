"""Values written into messages, at a length that can be read."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any

import numpy as np

_REPR = reprlib.Repr()
_REPR.maxlist = _REPR.maxtuple = _REPR.maxset = _REPR.maxfrozenset = _REPR.maxdict = 6


def shown(value: Any, limit: int = 80) -> str:
    """Return the repr of a value, shortened: a cell of 10 MB is no message.

    Parameters
    ----------
    value : object
        Any value; a `repr` that raises is replaced by the name of the type.

    limit : int, default=80
        Largest number of characters.

    Returns
    -------
    str
        Bytes are written as their number, arrays as their shape and dtype.
    """
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
    """Return the values of a list, each shortened: ``'a', 'b' and 9 more``.

    Parameters
    ----------
    values : iterable
        Any values, such as the names of columns.

    limit : int, default=30
        How many are written out.

    Returns
    -------
    str
        The phrase.
    """
    listed = list(values)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(shown(value) for value in listed[:limit]) + more


def count(n: int, thing: str) -> str:
    """Write a number of things: ``1 row``, ``2,000 rows``, ``3 categories``.

    Parameters
    ----------
    n : int
        How many.

    thing : str
        Of what, in the singular.

    Returns
    -------
    str
        The phrase.
    """
    if n == 1:
        return f"1 {thing}"
    things = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{n:,} {things}"
