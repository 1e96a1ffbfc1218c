"""Saved estimators of another version of amzest."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from amzest.exceptions import InconsistentVersionWarning


def package_version() -> str:
    """Return the version of amzest, which this layer cannot import."""
    version: str = sys.modules["amzest"].__version__
    return version


def check_saved_state(
    estimator: Any, needed: Sequence[str], version: str | None
) -> None:
    """Validate a loaded estimator, and set missing parameters to their defaults.

    `needed` are the fitted attributes that predictions need; without the first of them
    the estimator is not fitted.
    """
    signature = inspect.signature(type(estimator).__init__).parameters
    absent = [
        signature[name]
        for name in type(estimator)._get_param_names()
        if name not in vars(estimator)
    ]
    filled = {p.name: p.default for p in absent if p.default is not p.empty}
    lacks = [p.name for p in absent if p.default is p.empty]
    if needed and hasattr(estimator, needed[0]):
        lacks += [name for name in needed if not hasattr(estimator, name)]
    if lacks:
        wrote = "a version before 0.2" if version is None else version
        names = ", ".join(f"`{name}`" for name in lacks)
        raise ValueError(
            f"{type(estimator).__name__} was saved by amzest {wrote} and cannot be "
            f"used by amzest {package_version()}: it lacks {names}. Refit it with "
            "this version, or load it with the version that saved it."
        )
    vars(estimator).update(filled)
    if filled or version != package_version():
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=type(estimator).__name__,
                current_version=package_version(),
                original_version=version,
                filled=filled,
            ),
            stacklevel=3,
        )
