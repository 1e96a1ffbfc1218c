"""What a fit depends on besides the values of its input, such as the files they name.

An estimator whose fit depends on more than the values of `X` has a method
`input_fingerprint(X)`. It returns a string that changes whenever a fit on `X` may have
another result, or None. `X` may contain columns that the estimator does not use: the
method is called before anything is fitted, so that transformers in front of the
estimator cannot be applied.
"""

from __future__ import annotations

from typing import Any


def input_fingerprints(estimator: Any, X: Any) -> list[tuple[str, str]]:
    """Return the fingerprints of an estimator and its nested ones, with their names."""
    parts = {"": estimator, **estimator.get_params(deep=True)}
    found = {
        name: part.input_fingerprint(X)
        for name, part in parts.items()
        if hasattr(part, "input_fingerprint") and not isinstance(part, type)
    }
    return sorted((name, text) for name, text in found.items() if text is not None)
