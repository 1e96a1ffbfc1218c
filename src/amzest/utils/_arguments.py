"""Arguments validated outside of functions with `validate_params`."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

from amzest.utils._messages import shown


def check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Raise ValueError if an argument is not one of several values."""
    if value not in choices:
        msg = (
            f"`{name}` must be one of {', '.join(map(repr, choices))}, got "
            f"{shown(value)}."
        )
        raise ValueError(msg)


def check_integer(name: str, value: Any, low: int, high: float = math.inf) -> None:
    """Raise if an argument is not an integer in a closed interval."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        msg = f"`{name}` must be an int, got {shown(value)}."
        raise TypeError(msg)
    if not low <= int(value) <= high:
        limit = f"at least {low}" if high == math.inf else f"from {low} to {high:.0f}"
        msg = f"`{name}` must be {limit}, got {value}."
        raise ValueError(msg)
