"""What members add to an ensemble, where they err together, and what fusing gains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._reports._fusion_report import fusion_as_html, fusion_as_text
from amzest.evaluation._significance._bootstrap import (
    bootstrap_p_value,
    percentile_interval,
)
from amzest.evaluation._significance._paired_tests import Correction, correct_p_values
from amzest.utils import shown

#: Name of the ensemble that is made here.
AVERAGE = "equal-weight average"


@dataclass(frozen=True, repr=False, eq=False)
class FusionReport:
    """What fusing designs brings, and which of them bring it.

    Made by :meth:`ClassifierComparison.fusion`. It prints as tables and shows as
    tables in a notebook.

    Parameters
    ----------
    members : DataFrame of shape (n_members, 10)
        One row a member. `accuracy` alone; `present_share`, the share of rows in which
        it had something to read; `adds`, the accuracy of the equal-weight average of
        all members minus that of the average without this one, with `adds_low`,
        `adds_high`, `adds_p` and `adds_p_corrected` (for the number of members);
        `adds_log_loss`, the same difference of log-losses, negative where the member
        helps; `n_only_right`, rows that no other member gets right, and
        `share_only_right` of all rows.

    overlap : DataFrame of shape (n_pairs, 8)
        One row a pair of members. `n_both_wrong`; `share_of_first`, the share of the
        first one's errors that the second one makes too (it errs in the same row,
        in whatever way), and `share_of_second`; `same_answer`, the share of these rows
        in which both name the same wrong category; `jaccard`, rows where both are wrong
        by rows where either is; `yule_q`, 1 where one's errors are among the other's,
        0 where errors are independent, negative where they avoid each other.

    gains : DataFrame of shape (1 + n_ensembles, 8)
        One row an ensemble, the equal-weight average first. `accuracy`; `best_member`
        and `best_member_accuracy`; `gain`, the difference, with `gain_low`,
        `gain_high`, `gain_p` and `gain_p_corrected` (for the number of ensembles).

    oracle_accuracy : float
        Share of rows that at least one member gets right: what a perfect choice
        between members would reach.

    confidence_level : float
        Confidence of the intervals.

    See Also
    --------
    ClassifierComparison : Makes this report.

    Notes
    -----
    The equal-weight average leaves members out in rows where they had nothing to read,
    and takes all of them where none had. Differences are paired, see
    :func:`compare_classifiers`.

    The best member is the best one on the same rows, chosen anew in each resample. The
    luckiest of several members looks better than it is, so that the gain leans towards
    too little, never towards too much.

    References
    ----------
    .. [1] L. I. Kuncheva, C. J. Whitaker, "Measures of Diversity in Classifier
       Ensembles and Their Relationship with the Ensemble Accuracy", Machine Learning
       51, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.evaluation import compare_classifiers
    >>> generator = np.random.default_rng(0)
    >>> y = np.repeat([0, 1, 2], 50)
    >>> def design(skill):
    ...     scores = generator.random((150, 3)) + skill * np.eye(3)[y]
    ...     return scores / scores.sum(axis=1, keepdims=True)
    >>> report = compare_classifiers(y, {"text": design(0.5), "image": design(0.4)})
    >>> report.fusion().members[["accuracy", "adds", "n_only_right"]].round(3)
            accuracy   adds  n_only_right
    member
    text       0.780  0.140            30
    image      0.733  0.093            23
    """

    members: pd.DataFrame
    overlap: pd.DataFrame
    gains: pd.DataFrame
    oracle_accuracy: float
    confidence_level: float

    def overlap_matrix(self, measure: str = "share_of_errors") -> pd.DataFrame:
        """Return how much members err together as a square table.

        Parameters
        ----------
        measure : {"share_of_errors", "jaccard", "yule_q"}, default="share_of_errors"
            "share_of_errors" is the share of the row's errors that the column's member
            makes too; the others are symmetric.

        Returns
        -------
        DataFrame of shape (n_members, n_members)
            The measure, 1 on the diagonal.
        """
        choices = ("share_of_errors", "jaccard", "yule_q")
        if measure not in choices:
            msg = f"`measure` must be one of {choices}, got {shown(measure)}."
            raise ValueError(msg)
        names = self.members.index
        matrix = pd.DataFrame(1.0, index=names, columns=names)
        for pair in self.overlap.itertuples():
            there, back = (
                (pair.share_of_first, pair.share_of_second)
                if measure == "share_of_errors"
                else (getattr(pair, measure),) * 2
            )
            matrix.loc[pair.first, pair.second] = there
            matrix.loc[pair.second, pair.first] = back
        return matrix

    def __repr__(self) -> str:
        return fusion_as_text(self)

    def _repr_html_(self) -> str:
        return fusion_as_html(self)


def average_members(
    probas: Sequence[NDArray[np.float64]], present: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Average the members that had something to read, row by row.

    Parameters
    ----------
    probas : sequence of ndarray of shape (n_samples, n_classes)
        Probabilities of each member.

    present : sequence of ndarray of shape (n_samples,), dtype bool
        True where the member had something to read.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float64
        The mean of the members that are there, of all of them where none is.
    """
    masks = np.array(present)
    weights = np.where(masks.any(axis=0), masks, True)
    total = np.zeros_like(probas[0])
    for proba, weight in zip(probas, weights, strict=True):
        total += weight[:, np.newaxis] * proba
    mean: NDArray[np.float64] = total / weights.sum(axis=0)[:, np.newaxis]
    return mean


def drop_one_averages(
    probas: Sequence[NDArray[np.float64]], present: Sequence[NDArray[np.bool_]]
) -> Iterator[NDArray[np.float64]]:
    """Average all members, then all but each of them in turn.

    Parameters
    ----------
    probas, present : sequence of ndarray
        As for :func:`average_members`, at least two.

    Yields
    ------
    ndarray of shape (n_samples, n_classes), dtype float64
        Probabilities of the average.
    """
    yield average_members(probas, present)
    for left_out in range(len(probas)):
        kept = [place for place in range(len(probas)) if place != left_out]
        yield average_members([probas[i] for i in kept], [present[i] for i in kept])


def describe_members(
    names: Sequence[str],
    right: NDArray[np.bool_],
    present: Sequence[NDArray[np.bool_]],
    averages: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    confidence_level: float,
    correction: Correction,
) -> pd.DataFrame:
    """Tabulate what each member adds to the equal-weight average.

    Parameters
    ----------
    names : sequence of str
        Members.

    right : ndarray of shape (n_members, n_samples), dtype bool
        True where the member is right.

    present : sequence of ndarray of shape (n_samples,), dtype bool
        True where the member had something to read.

    averages : dict of str to (ndarray, ndarray)
        For "accuracy" and "log_loss", values of the averages of
        :func:`drop_one_averages`, of shape (1 + n_members,), and those in the
        resamples, of shape (1 + n_members, n_bootstrap).

    confidence_level : float
        Confidence of the intervals.

    correction : {"holm", "bonferroni"} or None
        How p-values are corrected for the number of members.

    Returns
    -------
    DataFrame of shape (n_members, 10)
        See :class:`FusionReport`.
    """
    value, samples = averages["accuracy"]
    differences = samples[0] - samples[1:]
    low, high = percentile_interval(differences, confidence_level)
    p_values = bootstrap_p_value(differences)
    losses = averages["log_loss"][0]
    only_right = (right & (right.sum(axis=0) == 1)).sum(axis=1)
    columns = {
        "accuracy": right.mean(axis=1),
        "present_share": [mask.mean() for mask in present],
        "adds": value[0] - value[1:],
        "adds_low": low,
        "adds_high": high,
        "adds_p": p_values,
        "adds_p_corrected": correct_p_values(p_values, correction),
        "adds_log_loss": losses[0] - losses[1:],
        "n_only_right": only_right,
        "share_only_right": only_right / right.shape[1],
    }
    return pd.DataFrame(columns, index=pd.Index(list(names), name="member"))


def describe_overlap(
    names: Sequence[str],
    right: NDArray[np.bool_],
    predicted: NDArray[np.int64],
) -> pd.DataFrame:
    """Tabulate the errors that members have in common.

    Parameters
    ----------
    names : sequence of str
        Members.

    right : ndarray of shape (n_members, n_samples), dtype bool
        True where the member is right.

    predicted : ndarray of shape (n_members, n_samples), dtype int64
        What the member says.

    Returns
    -------
    DataFrame of shape (n_pairs, 8)
        See :class:`FusionReport`.
    """
    rows = []
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            both_wrong = ~right[i] & ~right[j]
            n_both = int(both_wrong.sum())
            n_first, n_second = int((~right[i]).sum()), int((~right[j]).sum())
            n_neither = int((right[i] & right[j]).sum())
            agreeing = n_both * n_neither
            apart = (n_first - n_both) * (n_second - n_both)
            n_same = int((predicted[i] == predicted[j])[both_wrong].sum())
            rows.append(
                {
                    "first": first,
                    "second": names[j],
                    "n_both_wrong": n_both,
                    "share_of_first": _share(n_both, n_first),
                    "share_of_second": _share(n_both, n_second),
                    "same_answer": _share(n_same, n_both),
                    "jaccard": _share(n_both, n_first + n_second - n_both),
                    "yule_q": _share(agreeing - apart, agreeing + apart),
                }
            )
    return pd.DataFrame(rows)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def describe_gains(
    names: Sequence[str],
    members: tuple[Sequence[str], NDArray[np.float64], NDArray[np.float64]],
    accuracy: NDArray[np.float64],
    samples: NDArray[np.float64],
    confidence_level: float,
    correction: Correction,
) -> pd.DataFrame:
    """Tabulate how far ensembles are above their best member.

    Parameters
    ----------
    names : sequence of str
        Ensembles.

    members : tuple of (sequence of str, ndarray, ndarray)
        Names of the members, their accuracies of shape (n_members,), and those in the
        resamples, of shape (n_members, n_bootstrap).

    accuracy : ndarray of shape (n_ensembles,)
        Accuracies of the ensembles.

    samples : ndarray of shape (n_ensembles, n_bootstrap)
        Those in the resamples.

    confidence_level : float
        Confidence of the intervals.

    correction : {"holm", "bonferroni"} or None
        How p-values are corrected for the number of ensembles.

    Returns
    -------
    DataFrame of shape (n_ensembles, 8)
        See :class:`FusionReport`.
    """
    member_names, member_accuracy, member_samples = members
    best = int(member_accuracy.argmax())
    differences = samples - member_samples.max(axis=0)
    low, high = percentile_interval(differences, confidence_level)
    p_values = bootstrap_p_value(differences)
    columns = {
        "accuracy": accuracy,
        "best_member": member_names[best],
        "best_member_accuracy": member_accuracy[best],
        "gain": accuracy - member_accuracy[best],
        "gain_low": low,
        "gain_high": high,
        "gain_p": p_values,
        "gain_p_corrected": correct_p_values(p_values, correction),
    }
    return pd.DataFrame(columns, index=pd.Index(list(names), name="ensemble"))
