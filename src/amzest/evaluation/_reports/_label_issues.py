"""Samples with doubtful labels, found from out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from amzest.utils import (
    LabelledPredictions,
    encode_known_labels,
    require,
    shown,
    validate_params,
)


@validate_params({"n_examples": [Interval(Integral, 1, None, closed="left"), None]})
def find_label_issues(
    crossfit: Any,
    y: Any = None,
    *,
    members: Sequence[str] | None = None,
    n_examples: int | None = None,
) -> pd.DataFrame:
    """Rank samples by how doubtful their label is, the most doubtful first.

    The out-of-fold probabilities of the members, except where the sample is missing for
    a member, are averaged and passed to cleanlab, without refitting.

    Parameters
    ----------
    crossfit : CrossFit
        Fitted. A fitted ensemble with `oof_proba_` is accepted as the only member.

    y : array-like of shape (n_samples,), default=None
        The labels to check, in the order of the samples that `crossfit` was fitted on.
        None uses the labels it was fitted on. The index of a Series is kept.

    members : sequence of str, default=None
        Names of the members to use. None uses all.

    n_examples : int, default=None
        Number of samples to list. None lists all that are not missing for all members.

    Returns
    -------
    DataFrame of shape (n_examples, 7)
        Sorted by `quality`. Its index is that of `y` if it is a Series, and otherwise
        the position of the sample. The columns are:

        row : int
            Position of the sample, counted from 0.
        given_label : object
            The label of the sample.
        suggested_label : object
            The most probable label; it may be the given one.
        quality : float
            ``(1 + margin) / 2``, where the margin is the probability of the given label
            minus that of the most probable other one: below 0.5 another label is more
            probable.
        n_disagree : int
            Number of members that predict another label.
        n_members : int
            Number of members for which the sample is not missing.
        is_issue : bool
            Whether the label is probably wrong: another label is not only more
            probable, but as probable as on average in the samples that have it.

    Raises
    ------
    ValueError
        If `crossfit` has no out-of-fold probabilities, or members, rows and labels do
        not match.
    ImportError
        If cleanlab is not installed.

    See Also
    --------
    amzest.meta.ReviewThresholdClassifier : Predicts "review" for uncertain samples.
    amzest.ensemble.CrossFit : Fits the members on the folds.

    Notes
    -----
    Samples are ranked by the normalized margin of cleanlab, which suits labels that
    were confused with other classes of the data. `is_issue` is confident learning [1]_:
    each class has a threshold of its own, its mean probability in the samples that have
    it, so that members which are overconfident for one class and underconfident for
    another are no problem. It marks few correct labels, but misses some wrong ones: to
    find more, continue in the order of `quality`.

    References
    ----------
    .. [1] C. G. Northcutt, L. Jiang and I. L. Chuang, "Confident learning: estimating
       uncertainty in dataset labels", Journal of Artificial Intelligence Research 70,
       2021.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from amzest.ensemble import CrossFit
    >>> from amzest.evaluation import find_label_issues
    >>> X, y = load_iris(return_X_y=True)
    >>> y[7] = 2
    >>> crossfit = CrossFit([("bayes", GaussianNB())], random_state=0).fit(X, y)
    >>> issues = find_label_issues(crossfit)
    >>> columns = ["given_label", "suggested_label", "n_disagree", "is_issue"]
    >>> issues.loc[[7], columns]
       given_label  suggested_label  n_disagree  is_issue
    7            2                0           1      True
    """
    rank = require("cleanlab.rank", extra="labels", purpose="find_label_issues")
    filtering = require("cleanlab.filter", extra="labels", purpose="find_label_issues")
    check_is_fitted(crossfit)
    predictions = _out_of_fold(crossfit, y, members)
    classes, targets = predictions[0].classes, predictions[0].codes
    probas = np.stack([member.proba for member in predictions])
    present = np.stack([member.present for member in predictions])

    # probas (n_members, n_samples, n_classes), present (n_members, n_samples)
    n_members = present.sum(axis=0)
    rows = np.flatnonzero(n_members)
    given = targets[rows]
    if len(np.unique(given)) < 2:
        raise ValueError(
            "`y` has fewer than two classes among the samples that are not missing, so "
            "that no other label can be suggested."
        )
    # The average over the members for which the sample is not missing.
    mean = np.einsum("mn,mnk->nk", present, probas)[rows] / n_members[rows, None]
    # Rounding errors may leave the range that cleanlab validates.
    mean = np.clip(mean, 0.0, 1.0)
    quality = rank.get_label_quality_scores(given, mean, method="normalized_margin")
    # n_jobs=1: starting processes takes longer than the computation.
    is_issue = filtering.find_label_issues(
        given, mean, filter_by="confident_learning", n_jobs=1
    )
    # (n_members, n_samples)
    disagree = (probas.argmax(axis=2) != targets) & present

    order = np.argsort(quality, kind="stable")[:n_examples]
    listed = rows[order]
    index = y.index[listed] if isinstance(y, pd.Series) else pd.Index(listed)
    return pd.DataFrame(
        {
            "row": listed,
            "given_label": classes[targets[listed]],
            "suggested_label": classes[mean[order].argmax(axis=1)],
            "quality": quality[order],
            "n_disagree": disagree.sum(axis=0)[listed],
            "n_members": n_members[listed],
            "is_issue": is_issue[order],
        },
        index=index,
    )


def _out_of_fold(
    crossfit: Any, y: Any, members: Sequence[str] | None
) -> list[LabelledPredictions]:
    """Return the validated out-of-fold predictions of each member."""
    kept = getattr(crossfit, "oof_proba_", None)
    if kept is None:
        raise ValueError(
            f"`crossfit` ({type(crossfit).__name__}) has no out-of-fold probabilities. "
            "Pass a fitted CrossFit."
        )
    classes = np.asarray(crossfit.classes_)
    codes = np.asarray(crossfit.y_) if y is None else encode_known_labels(y, classes)[1]
    if not isinstance(kept, dict):
        if members is not None:
            raise ValueError(
                f"`members` is {shown(members)}, but `crossfit` is a single classifier."
                " Leave out `members`, or pass the CrossFit."
            )
        return [LabelledPredictions.of_codes(classes, codes, kept, name="crossfit")]
    names = list(kept) if members is None else list(members)
    unknown = [name for name in names if name not in kept]
    if isinstance(members, str) or unknown or not names:
        raise ValueError(
            f"`members` must be a list of some of {list(kept)}, got {shown(members)}."
        )
    present = crossfit.oof_present_
    return [
        LabelledPredictions.of_codes(
            classes, codes, kept[name], name="crossfit", present=present[name]
        )
        for name in names
    ]
