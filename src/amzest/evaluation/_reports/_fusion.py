"""Contributions of members to ensembles, shared errors, and gains of ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from amzest.evaluation._reports._fusion_report import fusion_as_html, fusion_as_text
from amzest.evaluation._reports._table_state import as_state, from_state
from amzest.evaluation._significance._bootstrap import (
    bootstrap_p_value,
    percentile_interval,
)
from amzest.evaluation._significance._paired_tests import Correction, correct_p_values
from amzest.utils import validate_params

#: Name of the ensemble that every comparison contains.
AVERAGE = "equal-weight average"
_MEASURES = (
    "share_of_errors",
    "same_errors",
    "jaccard",
    "yule_q",
    "error_correlation",
    "proba_correlation",
)


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

    overlap : DataFrame of shape (n_pairs, 12)
        One row per pair of members. `n_both_wrong`; `share_of_first`, the fraction of
        the errors of the first member that the second makes too (an error on the same
        row, with the same prediction or not), and `share_of_second`; `same_answer`, the
        fraction of these rows for which both predict the same class; `same_errors`,
        the rows where both predict the same wrong class divided by those where either
        is wrong; `jaccard`, the rows where both are wrong divided by the latter;
        `yule_q`, 1 if the errors of one are a subset of those of the other, 0 if they
        are independent, negative if they rarely coincide [1]_; `error_correlation`, the
        correlation of being wrong [1]_; `proba_correlation`, that of the differences
        between probabilities and the truth, 1 or 0, over all classes: the lower it is,
        the more an average gains [2]_; `near_copy`, see Notes.

    gains : DataFrame of shape (1 + n_ensembles, 8)
        One row per ensemble, the equal-weight average first. `accuracy`; `best_member`
        and `best_member_accuracy`; `gain`, the difference, with `gain_low`,
        `gain_high`, `gain_p` and `gain_p_corrected` (for the number of ensembles).

    subsets : DataFrame of shape (n_members, 6)
        The most accurate subset of members of each size, indexed by `n_members`:
        `members`, separated by commas; `accuracy` of their equal-weight average, on the
        rows that it is the best on; `difference` to the best of all sizes, at most 0,
        and its `standard_error`; `predict_seconds_per_1000`, their sum;
        `recommended`, whether these members are recommended.

    recommended : list of str
        The members of the smallest subset that is as accurate as the best one, see
        Notes. Pass them to :meth:`CrossFit.select_members
        <amzest.ensemble.CrossFit.select_members>`.

    recommended_gains : DataFrame of shape (2, 8)
        The equal-weight average of a recommended subset compared with that of "all
        members" and with the "best member". `accuracy` and `log_loss` of members that
        are recommended without the fold that is scored; `other_accuracy` and
        `other_log_loss`; `gain`, the difference of the accuracies, with `gain_low`,
        `gain_high` and `gain_p`.

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

    Two members are near copies if `same_errors` is at least 0.5 and the average does
    not need both: the interval of what one of them adds contains 0 or is below it.
    Models of different kinds on the same texts have values of about 0.3, networks with
    the same linear part 0.7 and more.

    The recommended subset is the smallest whose accuracy is within one standard error
    of the most accurate subset [3]_, the standard error being that of the paired
    difference. Of several such subsets the most accurate is recommended. All subsets
    are tried for up to 10 members; of more, members are eliminated one by one. Scores
    of the best of many subsets are too high. Those in `recommended_gains` are not: the
    choice is repeated without each fold, which is then scored. The folds are those of a
    CrossFit, otherwise five random ones.

    References
    ----------
    .. [1] L. I. Kuncheva, C. J. Whitaker, "Measures of Diversity in Classifier
       Ensembles and Their Relationship with the Ensemble Accuracy", Machine Learning
       51, 2003.
    .. [2] K. Tumer, J. Ghosh, "Error Correlation and Error Reduction in Ensemble
       Classifiers", Connection Science 8, 1996.
    .. [3] L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression
       Trees", Wadsworth, 1984.

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
    >>> report.fusion().recommended
    ['text', 'image']
    >>> report.fusion().near_copies
    []
    """

    members: pd.DataFrame
    overlap: pd.DataFrame
    gains: pd.DataFrame
    subsets: pd.DataFrame
    recommended: list[str]
    recommended_gains: pd.DataFrame
    oracle_accuracy: float
    confidence_level: float

    @property
    def near_copies(self) -> list[tuple[str, str]]:
        """Pairs of members that make the same errors, see Notes."""
        pairs = self.overlap[self.overlap["near_copy"]]
        return list(zip(pairs["first"], pairs["second"], strict=True))

    @validate_params({"measure": [StrOptions(set(_MEASURES))]})
    def overlap_matrix(self, measure: str = "share_of_errors") -> pd.DataFrame:
        """Return how many errors members share, as a square table.

        Parameters
        ----------
        measure : {"share_of_errors", "same_errors", "jaccard", "yule_q", \
                "error_correlation", "proba_correlation"}, default="share_of_errors"
            "share_of_errors" is the fraction of the errors of the row's member that the
            column's member makes too; the others are columns of `overlap`, and
            symmetric.

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

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with tables as arrays, see :func:`amzest.save`."""
        return {name: as_state(value) for name, value in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({name: from_state(value) for name, value in state.items()})

    def __repr__(self) -> str:
        return fusion_as_text(self)

    def _repr_html_(self) -> str:
        return fusion_as_html(self)


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


def describe_recommendation(
    chosen: tuple[float, float, NDArray[np.float64]],
    everyone: tuple[float, float, NDArray[np.float64]],
    members: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    confidence_level: float,
) -> pd.DataFrame:
    """Return `FusionReport.recommended_gains`.

    Each argument has accuracy, log-loss and resamples (..., n_bootstrap) of accuracy:
    of the average of recommended members, of that of all, and of each member.
    """
    accuracy, loss, samples = chosen
    best = int(members[0].argmax())
    # As in `gains`, the best member is selected in each resample.
    others = np.array([everyone[2], members[2].max(axis=0)])
    differences = samples - others
    low, high = percentile_interval(differences, confidence_level)
    other_accuracy = np.array([everyone[0], members[0][best]])
    columns = {
        "accuracy": accuracy,
        "log_loss": loss,
        "other_accuracy": other_accuracy,
        "other_log_loss": [everyone[1], members[1][best]],
        "gain": accuracy - other_accuracy,
        "gain_low": low,
        "gain_high": high,
        "gain_p": bootstrap_p_value(differences),
    }
    index = pd.Index(["all members", "best member"], name="compared with")
    return pd.DataFrame(columns, index=index)
