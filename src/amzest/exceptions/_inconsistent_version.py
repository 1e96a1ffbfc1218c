"""The warning for models that another version of amzest saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn import exceptions


class InconsistentVersionWarning(exceptions.InconsistentVersionWarning):
    """Given when an estimator is loaded that another version of amzest saved.

    A filter for scikit-learn's warning of the same name includes this one.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.

    current_version : str
        Version of amzest that loads it.

    original_version : str or None
        Version of amzest that saved it; None if it does not say.

    filled : dict of str to object, default=None
        Parameters that the saved estimator does not have, with the defaults that they
        were set to.
    """

    def __init__(
        self,
        *,
        estimator_name: str,
        current_version: str,
        original_version: str | None,
        filled: Mapping[str, Any] | None = None,
    ) -> None:
        self.estimator_name = estimator_name
        self.current_version = current_version
        self.original_version = original_version
        self.filled = dict(filled or {})

    def __str__(self) -> str:
        unknown = self.original_version is None
        wrote = "a version before 0.2" if unknown else self.original_version
        install = "the version that saved it" if unknown else self.original_version
        text = (
            f"{self.estimator_name} was saved by amzest {wrote} and is loaded by "
            f"amzest {self.current_version}; the same predictions are not promised."
        )
        if self.filled:
            values = ", ".join(
                f"{name}={value!r}" for name, value in self.filled.items()
            )
            text += f" It lacks parameters, which are set to their defaults: {values}."
        return (
            f"{text} Fit it again with this version, or load it with amzest {install}."
        )
