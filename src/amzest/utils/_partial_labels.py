"""Labels of a part of the training samples, as `partial_fit` receives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils._label_values import label_values
from amzest.utils._messages import count, describe_rows, shown


def encode_partial_labels(
    y: Any, classes: Any, known: NDArray[Any] | None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the sorted classes so far, and the index in them of each label of `y`.

    `known` are the classes of former calls, None in the first call. `classes` is
    required in the first call; later it may add classes, and must contain all others.
    """
    labels = label_values(y)
    if not len(labels):
        raise ValueError("`y` has 0 sample(s), a minimum of 1 is required.")
    if classes is not None:
        allowed = np.unique(label_values(classes, "classes", warn=False))
        _check_classes(allowed, known)
    elif known is not None:
        allowed = known
    else:  # begins with the message of scikit-learn
        raise ValueError(
            "classes must be passed on the first call to partial_fit. Pass all labels "
            "that are known so far; a later call can add labels."
        )
    codes = positions_of(labels, allowed)
    wrong = np.flatnonzero(codes < 0)
    if len(wrong):
        raise ValueError(
            f"`y` has the label {shown(labels[wrong[:1]].tolist()[0])} in "
            f"{describe_rows(wrong)}, which is none of the "
            f"{count(len(allowed), 'class')}: {shown(allowed.tolist())}. To add a "
            "class, pass all old and new ones: partial_fit(X, y, classes=[...])."
        )
    return allowed, codes


def _check_classes(allowed: NDArray[Any], known: NDArray[Any] | None) -> None:
    if len(allowed) < 2:
        raise ValueError(
            f"`classes` holds only {count(len(allowed), 'class')}: "
            f"{shown(allowed.tolist())}; a classifier needs at least two."
        )
    if known is None:
        return
    lacks = known[positions_of(known, allowed) < 0].tolist()
    if lacks:  # begins with the message of scikit-learn
        raise ValueError(
            f"`classes={shown(allowed.tolist())}` is not the same as on last call to "
            f"partial_fit, was: {shown(known.tolist())}. It may add classes, but lacks "
            f"{', '.join(shown(label, 40) for label in lacks[:5])}."
        )


def positions_of(old: NDArray[Any], new: NDArray[Any]) -> NDArray[np.int64]:
    """Return the index of each of the old labels in the new ones, or -1."""
    return pd.Index(new).get_indexer(pd.Index(old)).astype(np.int64)
