"""Out-of-fold predictions of a classifier, an ensemble or a member of a CrossFit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from amzest.utils import LabelledPredictions, encode_known_labels, shown


def find_out_of_fold(
    estimator: Any, oof_proba: Any, y: Any, member: str | None
) -> tuple[Any, LabelledPredictions]:
    """Return a fitted classifier and its validated out-of-fold predictions.

    None for `oof_proba` and `y` takes what `estimator` keeps.
    """
    check_is_fitted(estimator)
    classes = np.asarray(estimator.classes_)
    codes = np.asarray(getattr(estimator, "y_", ()), dtype=np.int64)
    kept = getattr(estimator, "oof_proba_", None)
    if isinstance(kept, Mapping):
        estimator, kept = _take_member(estimator, kept, member)
    elif member is not None:
        raise ValueError(
            f"`member` is {shown(member)}, but `estimator` is a "
            f"{type(estimator).__name__} and not a CrossFit. Leave out `member`, or "
            "pass the CrossFit."
        )
    if oof_proba is None:
        if kept is None:
            raise ValueError(
                f"`estimator` ({type(estimator).__name__}) has no out-of-fold "
                "probabilities. Pass `oof_proba` and `y`, for example from "
                'cross_val_predict(estimator, X, y, method="predict_proba").'
            )
        oof_proba = kept
    elif y is None:
        raise ValueError("`y` is None; pass the labels of the rows of `oof_proba`.")
    if y is not None:
        _, codes = encode_known_labels(y, classes)
    return estimator, LabelledPredictions.of_codes(
        classes, codes, oof_proba, name="oof_proba"
    )


def _take_member(
    crossfit: Any, kept: Mapping[str, Any], member: str | None
) -> tuple[Any, Any]:
    """Return a member of a CrossFit and its out-of-fold probabilities."""
    if member is None and len(kept) == 1:
        (member,) = kept
    if member is None or member not in kept:
        raise ValueError(
            f"`member` must be one of {', '.join(kept)}, got {shown(member)}. For all "
            "members together pass an ensemble, such as crossfit.weighted_voting()."
        )
    if not hasattr(crossfit, "estimators_"):
        raise ValueError(
            "`estimator` was fitted with refit=False and has no fitted members. Fit it "
            'with refit=True or refit="average".'
        )
    return crossfit.estimators_[member], kept[member]
