"""Arguments that are one of several choices, or a whole number."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

from amzest.utils._messages import shown


def check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Check an argument that must be one of several values.

    Parameters
    ----------
    name : str
        Argument, for the message.

    value : object
        What the user gave.

    choices : tuple
        What it may be.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if value not in choices:
        msg = (
            f"`{name}` must be one of {', '.join(map(repr, choices))}, got "
            f"{shown(value)}."
        )
        raise ValueError(msg)


def check_integer(name: str, value: Any, low: int, high: float = math.inf) -> None:
    """Check an argument that must be a whole number.

    Parameters
    ----------
    name : str
        Argument, for the message.

    value : object
        What the user gave.

    low : int
        Smallest number that is accepted.

    high : float, default=inf
        Largest number that is accepted.

    Raises
    ------
    TypeError
        If it is no int.
    ValueError
        If it is too small or too large.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        msg = f"`{name}` must be an int, got {shown(value)}."
        raise TypeError(msg)
    if not low <= int(value) <= high:
        limit = f"at least {low}" if high == math.inf else f"from {low} to {high:.0f}"
        msg = f"`{name}` must be {limit}, got {value}."
        raise ValueError(msg)
