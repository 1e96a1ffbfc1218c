"""What a fit depends on besides the values of its input, such as the files they name.

An estimator that reads more than the values has a method `input_fingerprint(X)`. It
returns a text that changes when a fit on `X` may have another result, or None. `X` may
have columns that the estimator does not read: it is asked before anything is fitted,
so that the transformers in front of it cannot be applied.
"""

from __future__ import annotations

from typing import Any


def input_fingerprints(estimator: Any, X: Any) -> list[tuple[str, str]]:
    """Return the fingerprints of an estimator and those nested in it, by parameter."""
    parts = {"": estimator, **estimator.get_params(deep=True)}
    found = {
        name: part.input_fingerprint(X)
        for name, part in parts.items()
        if hasattr(part, "input_fingerprint") and not isinstance(part, type)
    }
    return sorted((name, text) for name, text in found.items() if text is not None)
