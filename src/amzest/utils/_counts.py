"""Parameters that are a sequence of counts."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

from amzest.utils._messages import shown


def check_counts(
    name: str, values: Iterable[Any], *, multiple_of: int = 1
) -> list[int]:
    """Check a parameter that lists sizes, such as filters of blocks.

    Parameters
    ----------
    name : str
        Parameter, for the message.

    values : iterable of int
        What the user gave.

    multiple_of : int, default=1
        What each must be a multiple of.

    Returns
    -------
    list of int
        The values.

    Raises
    ------
    ValueError
        When there is none, or one is no positive integer of that kind.
    """
    counts = list(values)
    kind = "positive integers"
    if multiple_of > 1:
        kind += f" that are multiples of {multiple_of}"
    for count in counts:
        whole = isinstance(count, Integral) and not isinstance(count, bool)
        if not whole or count < 1 or count % multiple_of:
            raise ValueError(f"`{name}` is {shown(values)}; expected {kind}.")
    if not counts:
        raise ValueError(f"`{name}` is empty; expected {kind}.")
    return [int(count) for count in counts]
