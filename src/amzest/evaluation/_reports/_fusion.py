"""Contributions of members to ensembles, shared errors, and gains of ensembles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from amzest.evaluation._reports._fusion_report import fusion_as_html, fusion_as_text
from amzest.evaluation._significance._bootstrap import (
    bootstrap_p_value,
    percentile_interval,
)
from amzest.evaluation._significance._paired_tests import Correction, correct_p_values
from amzest.utils import validate_params

#: Name of the ensemble that every comparison contains.
AVERAGE = "equal-weight average"
_MEASURES = ("share_of_errors", "jaccard", "yule_q")


@dataclass(frozen=True, repr=False, eq=False)
class FusionReport:
    """Gains of ensembles of designs, and the contributions of the members.

    Returned by :meth:`ClassifierComparison.fusion`. It prints as tables, in a notebook
    as HTML.

    Parameters
    ----------
    members : DataFrame of shape (n_members, 10)
        One row per member. `accuracy` of its own; `present_share`, the fraction of
        non-missing samples; `adds`, the accuracy of the equal-weight average of all
        members minus that of the average without this one, with `adds_low`,
        `adds_high`, `adds_p` and `adds_p_corrected` (for the number of members);
        `adds_log_loss`, the same difference of log-losses, negative if the member
        improves it; `n_only_right`, the number of rows for which only this member is
        correct, and `share_only_right`, their fraction.

    overlap : DataFrame of shape (n_pairs, 8)
        One row per pair of members. `n_both_wrong`; `share_of_first`, the fraction of
        the errors of the first member that the second makes too (an error on the same
        row, with the same prediction or not), and `share_of_second`; `same_answer`, the
        fraction of these rows for which both predict the same class; `jaccard`, the
        rows where both are wrong divided by those where either is; `yule_q`, 1 if the
        errors of one are a subset of those of the other, 0 if they are independent,
        negative if they rarely coincide.

    gains : DataFrame of shape (1 + n_ensembles, 8)
        One row per ensemble, the equal-weight average first. `accuracy`; `best_member`
        and `best_member_accuracy`; `gain`, the difference, with `gain_low`,
        `gain_high`, `gain_p` and `gain_p_corrected` (for the number of ensembles).

    oracle_accuracy : float
        Fraction of rows for which at least one member is correct: the accuracy of a
        perfect selection of members.

    confidence_level : float
        Confidence level of the intervals.

    See Also
    --------
    ClassifierComparison : Returns this report.

    Notes
    -----
    The equal-weight average excludes members for which a sample is missing, unless it
    is missing for all. Differences are paired, see :func:`compare_classifiers`.

    The best member is selected on the same rows, in each resample anew. Its accuracy is
    therefore biased upwards, and the gain is conservative.

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

    @validate_params({"measure": [StrOptions(set(_MEASURES))]})
    def overlap_matrix(self, measure: str = "share_of_errors") -> pd.DataFrame:
        """Return how many errors members share, as a square table.

        Parameters
        ----------
        measure : {"share_of_errors", "jaccard", "yule_q"}, default="share_of_errors"
            "share_of_errors" is the fraction of the errors of the row's member that the
            column's member makes too; the others are symmetric.

        Returns
        -------
        DataFrame of shape (n_members, n_members)
            The measure, 1 on the diagonal.
        """
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
    """Return the mean of the members that are present, or of all if none is."""
    masks = np.array(present)  # (n_members, n_samples)
    # A sample that is missing for all members still needs a prediction.
    weights = np.where(masks.any(axis=0), masks, True)
    total = np.zeros_like(probas[0])
    for proba, weight in zip(probas, weights, strict=True):
        total += weight[:, np.newaxis] * proba
    mean: NDArray[np.float64] = total / weights.sum(axis=0)[:, np.newaxis]
    return mean


def drop_one_averages(
    probas: Sequence[NDArray[np.float64]], present: Sequence[NDArray[np.bool_]]
) -> Iterator[NDArray[np.float64]]:
    """Yield the average of all members, then that without each of them."""
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
    weights: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Return `FusionReport.members`.

    `averages` has values (1 + n_members,) and resamples (1 + n_members, n_bootstrap) of
    the averages of :func:`drop_one_averages`.
    """
    # Leave one out: the first average has all members, the others lack one each. The
    # resamples are shared, so that the differences are paired.
    value, samples = averages["accuracy"]
    differences = samples[0] - samples[1:]
    low, high = percentile_interval(differences, confidence_level)
    p_values = bootstrap_p_value(differences)
    losses = averages["log_loss"][0]
    only_right = (right & (right.sum(axis=0) == 1)).sum(axis=1)
    columns = {
        "accuracy": np.average(right, axis=1, weights=weights),
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
    """Return `FusionReport.overlap` from `right` and `predicted` (n_members, n)."""
    rows = []
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            both_wrong = ~right[i] & ~right[j]
            n_both = int(both_wrong.sum())
            n_first, n_second = int((~right[i]).sum()), int((~right[j]).sum())
            n_neither = int((right[i] & right[j]).sum())
            # Yule's Q of the 2 x 2 table of right and wrong (Kuncheva, Whitaker 2003).
            agreeing = n_both * n_neither
            disagreeing = (n_first - n_both) * (n_second - n_both)
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
                    "yule_q": _share(agreeing - disagreeing, agreeing + disagreeing),
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
    """Return `FusionReport.gains`.

    `members` has the names, accuracies (n_members,) and resamples (n_members,
    n_bootstrap) of members; `accuracy` and `samples` are those of ensembles.
    """
    member_names, member_accuracy, member_samples = members
    best = int(member_accuracy.argmax())
    # The best member is selected in each resample, as it was on the data: otherwise the
    # interval would ignore the uncertainty of the selection.
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
