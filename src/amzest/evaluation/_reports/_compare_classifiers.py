"""Compare designs on the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.evaluation._metrics._scoring import (
    Scores,
    Scoring,
    row_log_loss,
    truth_ranks,
)
from amzest.evaluation._reports._compared_designs import (
    ComparedDesigns,
    collect_designs,
)
from amzest.evaluation._reports._comparison import ClassifierComparison
from amzest.evaluation._reports._fusion import (
    AVERAGE,
    FusionReport,
    describe_gains,
    describe_members,
    describe_recommendation,
)
from amzest.evaluation._reports._fusion_averages import drop_one_averages
from amzest.evaluation._reports._fusion_overlap import describe_overlap
from amzest.evaluation._reports._fusion_subsets import (
    SubsetSearch,
    describe_subsets,
    search_subsets,
)
from amzest.evaluation._significance._bootstrap import bootstrap_sums
from amzest.utils import check_params, count, draw_seeds, validate_params


@validate_params(
    {
        "n_bootstrap": [Interval(Integral, 1, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "correction": [StrOptions({"holm", "bonferroni"}), None],
    }
)
def compare_classifiers(
    y_true: Any = None,
    probas: Any = None,
    *,
    crossfit: Any = None,
    ensembles: Any = None,
    classes: Any = None,
    present: Mapping[str, Any] | None = None,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    top_k: int | Sequence[int] = (3,),
    n_bootstrap: int = 2000,
    confidence_level: float = 0.95,
    correction: Literal["holm", "bonferroni"] | None = "holm",
    random_state: int | np.random.RandomState | None = 0,
    sample_weight: Any = None,
) -> ClassifierComparison:
    """Compare the predictions of designs on the same rows, with intervals and tests.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or CrossFit, default=None
        Labels, or a fitted CrossFit without other predictions.

    probas : dict of str to array-like of shape (n_samples, n_classes), default=None
        Probabilities that each design predicts for rows it was not fitted on, with one
        column for each of `classes`. (name, array) pairs are accepted. The columns of a
        DataFrame that are named by the classes are reordered to them.

    crossfit : CrossFit, default=None
        Replaces `y_true`, `probas`, `classes` and `present`: its members are compared
        on their out-of-fold probabilities, with their seconds and parameters.

    ensembles : dict of str to array-like or object, default=None
        Ensembles of these designs: out-of-fold probabilities, or objects that have them
        as `oof_proba_`. They are compared like the others, and the fusion report has
        their gain over the best member.

    classes : array-like of shape (n_classes,), default=None
        Classes, in the order of the columns. None uses the sorted labels of `y_true`.

    present : dict of str to array-like of shape (n_samples,), dtype bool, default=None
        False where a sample is missing for a design. The fusion report excludes the
        design from the average there; its own scores are of all rows.

    costs : dict of str to dict of str to float, default=None
        Any of "fit_seconds", "predict_seconds_per_1000" and "n_parameters" of designs
        whose costs are not known, such as ensembles.

    top_k : int or sequence of int, default=(3,)
        Values of k for the top-k accuracy. Those that are not smaller than the number
        of classes are ignored.

    n_bootstrap : int, default=2000
        Number of bootstrap resamples. The smallest p-value of a bootstrap is
        ``2 / (n_bootstrap + 1)`` before correction.

    confidence_level : float, default=0.95
        Confidence level of the intervals. Differences with a corrected p-value below
        ``1 - confidence_level`` are significant.

    correction : {"holm", "bonferroni"} or None, default="holm"
        Correction of p-values for the number of pairs.

    random_state : int, RandomState instance or None, default=0
        Determines the resamples. Pass another int for other ones.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in all metrics, their intervals and bootstrap tests, and in
        the accuracies and gains of the fusion report. Not weighted are numbers of rows,
        shared errors and the scores of each category, nor McNemar's test, which counts
        rows: with weights accuracies are tested by the bootstrap.

    Returns
    -------
    ClassifierComparison
        Tables, plots, tests and the fusion report.

    Raises
    ------
    ValueError
        If shapes do not match, rows are no probabilities, labels are unknown or
        missing, a name is used for two designs, or an argument is out of range.
    TypeError
        If an argument has the wrong type, such as a model in place of probabilities.
    NotFittedError
        If the CrossFit has not been fitted.

    Warns
    -----
    UserWarning
        If `n_bootstrap` is too small for a significant corrected p-value of a
        bootstrap.

    See Also
    --------
    ClassifierComparison : Tables, plots and tests.
    FusionReport : The gain of ensembles of the designs.

    Notes
    -----
    Each resample has as many rows as the data, sampled with replacement and without
    stratification, since the categories of new samples are random too. The same
    resamples are used for all designs. Intervals are percentile intervals [1]_; for the
    calibration error they are mirrored, see :class:`ClassifierComparison`.

    McNemar's test [2]_ is exact: a binomial test on the rows for which only one of two
    designs is correct. The mid-p variant is slightly more powerful but may exceed its
    level. Holm's correction [3]_ keeps the probability of any false "better" among all
    pairs below ``1 - confidence_level``, for one metric.

    Both treat the fitted designs as fixed and rows as independent. They do not account
    for the variation between training runs, nor for duplicates: keep those in one fold
    when splitting.

    References
    ----------
    .. [1] B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman &
       Hall, 1993.

    .. [2] Q. McNemar, "Note on the sampling error of the difference between correlated
       proportions or percentages", Psychometrika 12, 1947.

    .. [3] S. Holm, "A simple sequentially rejective multiple test procedure",
       Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.evaluation import compare_classifiers
    >>> generator = np.random.default_rng(0)
    >>> y = np.repeat(["Lamps", "Mugs", "Rugs"], 50)
    >>> truth = np.eye(3)[np.repeat([0, 1, 2], 50)]
    >>> def design(skill):
    ...     scores = generator.random((150, 3)) + skill * truth
    ...     return scores / scores.sum(axis=1, keepdims=True)
    >>> comparison = compare_classifiers(y, {"text": design(0.7), "image": design(0.2)})
    >>> comparison.frame()[["accuracy", "accuracy_low", "accuracy_high"]].round(2)
            accuracy  accuracy_low  accuracy_high
    design
    text        0.91          0.86           0.95
    image       0.55          0.47           0.63
    >>> comparison.tests()[["first", "second", "difference", "better"]].round(2)
      first second  difference better
    0  text  image        0.35   text
    """
    lengths = _check_top_k(top_k)
    designs = collect_designs(
        y_true,
        probas,
        crossfit,
        ensembles=ensembles,
        classes=classes,
        present=present,
        costs=costs,
        sample_weight=sample_weight,
    )
    # With k classes the top-k accuracy is 1 for every design.
    lengths = [k for k in lengths if k < len(designs.classes)]
    _check_resolution(
        len(designs.names), int(n_bootstrap), confidence_level, correction
    )
    seeds = draw_seeds(random_state)
    generator = np.random.default_rng(seeds["shuffle"])
    search = _search(designs, seeds["split"])
    scores, averages = _score(designs, lengths, search, int(n_bootstrap), generator)
    fusion = None
    if search is not None:
        fusion = _fuse(designs, scores, averages, search, confidence_level, correction)
    return ClassifierComparison(
        designs,
        scores,
        fusion,
        top_k=tuple(lengths),
        n_bootstrap=int(n_bootstrap),
        confidence_level=float(confidence_level),
        correction=correction,
    )


def _check_top_k(top_k: int | Sequence[int]) -> list[int]:
    lengths = list(top_k) if isinstance(top_k, Sequence) else [top_k]
    for k in lengths:
        constraint = [Interval(Integral, 2, None, closed="left")]
        check_params({"top_k": constraint}, {"top_k": k}, "compare_classifiers")
    return sorted({int(k) for k in lengths})


def _check_resolution(
    n_designs: int, n_bootstrap: int, confidence_level: float, correction: str | None
) -> None:
    n_pairs = n_designs * (n_designs - 1) // 2
    level = 1 - confidence_level
    n_tests = 1 if correction is None else n_pairs
    # The smallest p-value of a bootstrap is 2 / (n_bootstrap + 1), and the correction
    # multiplies the smallest of n_tests by n_tests.
    if n_pairs and 2 * n_tests / (n_bootstrap + 1) >= level:
        enough = int(2 * n_tests / level) + 1
        warnings.warn(
            f"n_bootstrap={n_bootstrap} is too small for {count(n_pairs, 'pair')} of "
            f"designs: no corrected p-value of a bootstrap can be below {level:.3g}. "
            f"Pass n_bootstrap={enough} or more.",
            UserWarning,
            stacklevel=4,  # the caller of the decorated function
        )


def _search(designs: ComparedDesigns, seed: int) -> SubsetSearch | None:
    """Search subsets of the members, if there are several."""
    n_members = designs.n_members
    if n_members < 2:
        return None
    return search_subsets(
        designs.probas[:n_members],
        designs.present[:n_members],
        designs.codes,
        designs.weights,
        designs.fold,
        seed,
    )


Averages = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def _score(
    designs: ComparedDesigns,
    top_k: Sequence[int],
    search: SubsetSearch | None,
    n_bootstrap: int,
    generator: np.random.Generator,
) -> tuple[Scores, Averages]:
    """Score the designs, and averages of members, on all rows and on resamples."""
    n_samples, weights = len(designs.codes), designs.weights
    scoring = Scoring(designs.probas, designs.codes, top_k, weights)
    averages = _average_contributions(designs, search)
    contributions: list[Any] = [scoring.means, scoring.counts]
    if len(averages):
        contributions.append(averages)
    if weights is not None:
        # A resample has a total weight of its own: scores are ratios of sums.
        contributions.append(weights[np.newaxis])

    def all_scores(
        sums: list[NDArray[np.float64]],
    ) -> dict[str, NDArray[np.float64]]:
        total = n_samples if weights is None else sums[-1][0]
        found = scoring.scores(sums[0], sums[1], total)
        if len(averages):
            found["averages"] = sums[2] / total
        return found

    # The data are the resample with weight 1 for every row.
    ones = np.ones((n_samples, 1))
    values = all_scores([np.asarray(lines @ ones) for lines in contributions])
    blocks = [
        all_scores(sums)
        for sums in bootstrap_sums(contributions, n_samples, n_bootstrap, generator)
    ]
    samples = {
        name: np.concatenate([block[name] for block in blocks], axis=1)
        for name in values
    }
    scores = Scores(
        values={name: values[name][:, 0] for name in scoring.names},
        samples={name: samples[name] for name in scoring.names},
        right=scoring.right,
        predicted=scoring.predicted,
        calibration_chance=scoring.chance,
    )
    if not len(averages):
        return scores, {}
    accuracy, log_loss = np.split(values["averages"][:, 0], 2)
    of_accuracy, of_log_loss = np.split(samples["averages"], 2)
    return scores, {
        "accuracy": (accuracy, of_accuracy),
        "log_loss": (log_loss, of_log_loss),
    }


def _average_contributions(
    designs: ComparedDesigns, search: SubsetSearch | None
) -> NDArray[np.float64]:
    """Return what each row adds to accuracy and log-loss of averages of members.

    The averages are those of all members, of all but each of them, and of recommended
    members.
    """
    n_members, codes = designs.n_members, designs.codes
    if search is None:
        return np.empty((0, len(codes)))
    right, losses = [], []
    for average in drop_one_averages(
        designs.probas[:n_members], designs.present[:n_members]
    ):
        right.append(truth_ranks(average, codes) == 0)
        losses.append(row_log_loss(average, codes))
    right.append(search.right)
    losses.append(search.losses)
    lines = np.array([*right, *losses], dtype=np.float64)
    return lines if designs.weights is None else lines * designs.weights


def _fuse(
    designs: ComparedDesigns,
    scores: Scores,
    averages: Averages,
    search: SubsetSearch,
    confidence_level: float,
    correction: Literal["holm", "bonferroni"] | None,
) -> FusionReport:
    n_members = designs.n_members
    names = designs.names[:n_members]
    right, predicted = scores.right[:n_members], scores.predicted[:n_members]
    accuracy, samples = scores.values["accuracy"], scores.samples["accuracy"]
    average, average_samples = averages["accuracy"]
    losses = averages["log_loss"][0]
    members = describe_members(
        names,
        right,
        designs.present[:n_members],
        # The last average is that of recommended members.
        {name: (value[:-1], draws[:-1]) for name, (value, draws) in averages.items()},
        confidence_level,
        correction,
        designs.weights,
    )
    seconds = designs.costs["predict_seconds_per_1000"].to_numpy(np.float64)
    return FusionReport(
        members=members,
        overlap=describe_overlap(
            names,
            predicted,
            designs.probas[:n_members],
            designs.codes,
            members["adds_low"].to_numpy(),
        ),
        gains=describe_gains(
            [AVERAGE, *designs.names[n_members:]],
            (names, accuracy[:n_members], samples[:n_members]),
            np.append(average[0], accuracy[n_members:]),
            np.concatenate([average_samples[:1], samples[n_members:]]),
            confidence_level,
            correction,
        ),
        subsets=describe_subsets(names, search, designs.weights, seconds),
        recommended=[names[i] for i in search.chosen],
        recommended_gains=describe_recommendation(
            (average[-1], losses[-1], average_samples[-1]),
            (average[0], losses[0], average_samples[0]),
            (
                accuracy[:n_members],
                scores.values["log_loss"][:n_members],
                samples[:n_members],
            ),
            confidence_level,
        ),
        oracle_accuracy=float(np.average(right.any(axis=0), weights=designs.weights)),
        confidence_level=float(confidence_level),
    )
