"""Parameters validated by scikit-learn's constraints, with short messages."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, ClassVar, ParamSpec, TypeVar

from sklearn.utils._param_validation import (
    InvalidParameterError,
    Options,
    validate_parameter_constraints,
)

from amzest.utils._messages import shown

Constraints = Mapping[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


class Counts(Options):  # scikit-learn takes no constraint but its own classes
    """Constraint of a non-empty list of positive multiples of a number."""

    def __init__(self, multiple_of: int = 1) -> None:
        super().__init__(list, set())
        self.multiple_of = multiple_of

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value is a list, tuple or array of such integers."""
        if isinstance(val, str | bytes | Mapping) or not hasattr(val, "__len__"):
            return False
        counts = list(val)
        whole = all(isinstance(n, Integral) and not isinstance(n, bool) for n in counts)
        return (
            len(counts) > 0
            and whole
            and all(n > 0 and n % self.multiple_of == 0 for n in counts)
        )

    def __str__(self) -> str:
        kind = "positive integers"
        if self.multiple_of > 1:
            kind += f" that are multiples of {self.multiple_of}"
        return f"a non-empty list of {kind}"


def validate_params(
    constraints: Constraints,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Validate the arguments of a function by scikit-learn's constraints.

    As `sklearn.utils._param_validation.validate_params`, but a value of any size is
    shortened in the message. Arguments without a constraint are not validated.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def validated(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            check_params(constraints, bound.arguments, function.__qualname__)
            return function(*args, **kwargs)

        return validated

    return decorate


def check_params(
    constraints: Constraints, params: Mapping[str, Any], caller: str
) -> None:
    """Raise InvalidParameterError for the first value that meets no constraint."""
    for name in [name for name in params if name in constraints]:
        try:
            validate_parameter_constraints(
                {name: constraints[name]}, {name: params[name]}, caller
            )
        except InvalidParameterError as error:
            # scikit-learn writes the whole value, which may be a table of megabytes.
            expected = str(error).partition(". Got ")[0]
            raise InvalidParameterError(
                f"{expected}. Got {shown(params[name])} instead."
            ) from None


class ParameterValidationMixin:
    """Validates `_parameter_constraints` of an estimator with short messages."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]]

    def _validate_params(self) -> None:
        check_params(
            self._parameter_constraints,
            self.get_params(deep=False),  # type: ignore[attr-defined]
            type(self).__name__,
        )
