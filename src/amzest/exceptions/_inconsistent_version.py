"""The warning for estimators of another version of amzest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn import exceptions


class InconsistentVersionWarning(exceptions.InconsistentVersionWarning):
    """Warning raised when an estimator of another version of amzest is loaded.

    It is a subclass of scikit-learn's warning of the same name.

    Parameters
    ----------
    estimator_name : str
        Estimator name.

    current_version : str
        Current amzest version.

    original_version : str or None
        Version of amzest that saved the estimator; None if unknown.

    filled : dict of str to object, default=None
        Parameters that the saved estimator lacks, with their defaults.
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
            f"amzest {self.current_version}; its predictions may differ."
        )
        if self.filled:
            values = ", ".join(
                f"{name}={value!r}" for name, value in self.filled.items()
            )
            text += f" Missing parameters are set to their defaults: {values}."
        return f"{text} Refit it with this version, or load it with amzest {install}."
