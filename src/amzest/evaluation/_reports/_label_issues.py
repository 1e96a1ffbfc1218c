"""Rows whose label the members of a CrossFit doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from amzest.meta._out_of_fold import check_proba, encode_given_labels
from amzest.utils import (
    check_integer,
    count,
    require,
    shown,
)

if TYPE_CHECKING:
    import pandas as pd


def find_label_issues(
    crossfit: Any,
    y: Any = None,
    *,
    members: Sequence[str] | None = None,
    n_examples: int | None = None,
) -> pd.DataFrame:
    """List the rows whose label is doubtful, the most doubtful first.

    The out-of-fold probabilities of the members, of each row those of the members that
    had something to read, are averaged and given to cleanlab. Nothing is fitted.

    Parameters
    ----------
    crossfit : CrossFit
        Fitted. A fitted ensemble with `oof_proba_`, which is then the only member, is
        accepted as well.

    y : array-like of shape (n_samples,), default=None
        The labels to be looked at, in the order of the rows that `crossfit` was fitted
        on. None takes those it was fitted on. The index of a Series is kept.

    members : sequence of str, default=None
        Names of the members to be asked. None asks all.

    n_examples : int, default=None
        Number of rows to list. None lists all that any member could read.

    Returns
    -------
    DataFrame of shape (n_examples, 7)
        Sorted by `quality`. Its index is that of `y` if it is a Series, and otherwise
        the position of the row. The columns are:

        row : int
            Position of the row, counted from 0.
        given_label : object
            The label that the row has.
        suggested_label : object
            The label that is most probable; it may be the given one.
        quality : float
            From 0 to 1, half of one more than the margin by which the given label is
            more probable than the best other one: below 0.5 another label is more
            probable.
        n_disagree : int
            Number of members that find another label more probable.
        n_members : int
            Number of members that had something to read.
        is_issue : bool
            Whether the label counts as wrong: another one is not only more probable,
            but as probable as it is on average in the rows that have it.

    Raises
    ------
    ValueError
        If `crossfit` has nothing out of fold, or members, rows and labels do not fit.
    ImportError
        If cleanlab is not installed.

    See Also
    --------
    ReviewThresholdClassifier : Sends doubtful products to review before they are
        labelled.
    amzest.ensemble.CrossFit : Fits the members on the folds.

    Notes
    -----
    Rows are ranked by cleanlab's normalized margin, which suits labels that were
    confused with others of the same catalogue. `is_issue` is confident learning [1]_:
    each class has a threshold of its own, the mean probability it gets in rows that
    have it, so that members that are too sure of one class and too careful with another
    do no harm. It marks few sound labels and not all wrong ones; who has the time reads
    on in the order of `quality`.

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
    import pandas as pd

    if n_examples is not None:
        check_integer("n_examples", n_examples, 1)
    rank = require("cleanlab.rank", extra="labels", purpose="find_label_issues")
    filtering = require("cleanlab.filter", extra="labels", purpose="find_label_issues")
    check_is_fitted(crossfit)
    classes = np.asarray(crossfit.classes_)
    probas, present = _member_rows(crossfit, members, len(classes))
    targets = np.asarray(crossfit.y_) if y is None else encode_given_labels(y, classes)
    n_samples = len(probas[0])
    if len(targets) != n_samples:
        msg = (
            f"`y` has {count(len(targets), 'row')}, but `crossfit` was fitted on "
            f"{n_samples}. "
            "Pass the labels of the same rows in the same order."
        )
        raise ValueError(msg)

    n_members = present.sum(axis=0)
    rows = np.flatnonzero(n_members)
    given = targets[rows]
    if len(np.unique(given)) < 2:
        msg = (
            "`y` has fewer than two classes among the rows that a member could read, "
            "so that no label can be another one."
        )
        raise ValueError(msg)
    mean = np.einsum("mn,mnk->nk", present, probas)[rows] / n_members[rows, None]
    # In rows of exact 0 and 1 rounding may leave the range that cleanlab accepts.
    mean = np.clip(mean, 0.0, 1.0)
    quality = rank.get_label_quality_scores(given, mean, method="normalized_margin")
    is_issue = filtering.find_label_issues(
        given, mean, filter_by="confident_learning", n_jobs=1
    )
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


def _member_rows(
    crossfit: Any, members: Sequence[str] | None, n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Stack what the members say, and which rows they could read."""
    kept = getattr(crossfit, "oof_proba_", None)
    if kept is None:
        msg = (
            f"`crossfit` ({type(crossfit).__name__}) keeps no out-of-fold "
            "probabilities. Pass a fitted CrossFit."
        )
        raise ValueError(msg)
    if not isinstance(kept, dict):
        if members is not None:
            msg = (
                f"`members` is {shown(members)}, but `crossfit` is one classifier. "
                "Leave "
                "`members` out, or pass the CrossFit."
            )
            raise ValueError(msg)
        proba = check_proba(kept, n_classes)
        return proba[None], np.ones((1, len(proba)), dtype=bool)
    names = list(kept) if members is None else list(members)
    unknown = [name for name in names if name not in kept]
    if isinstance(members, str) or unknown or not names:
        msg = f"`members` must be a list of some of {list(kept)}, got {shown(members)}."
        raise ValueError(msg)
    probas = np.stack([check_proba(kept[name], n_classes) for name in names])
    present = np.stack([crossfit.oof_present_[name] for name in names])
    return probas, present
