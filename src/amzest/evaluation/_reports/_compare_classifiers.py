"""Compare designs on the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

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
    describe_overlap,
    drop_one_averages,
)
from amzest.evaluation._significance._bootstrap import bootstrap_sums
from amzest.utils import (
    check_choice,
    check_integer,
    draw_seeds,
    shown,
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
) -> ClassifierComparison:
    """Compare designs that were scored on the same rows, with intervals and tests.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or CrossFit, default=None
        Labels. A fitted CrossFit may stand here as well, alone.

    probas : dict of str to array-like of shape (n_samples, n_classes), default=None
        Probabilities that each design gave to rows it was not fitted on, one column
        for each of `classes`. (name, array) pairs are accepted, and the columns of a
        DataFrame that are named by class are put in order.

    crossfit : CrossFit, default=None
        Takes the place of `y_true`, `probas`, `classes` and `present`: its members are
        compared on their out-of-fold probabilities, with their seconds and parameters.

    ensembles : dict of str to array-like or object, default=None
        Ensembles of these designs: probabilities that are honest for every row, or
        objects that hold such as `oof_proba_`. They are compared like the others, and
        the fusion report says what they gain over the best member.

    classes : array-like of shape (n_classes,), default=None
        Labels, in the order of the columns. None takes the sorted labels of `y_true`.

    present : dict of str to array-like of shape (n_samples,), dtype bool, default=None
        False where a design had nothing to read. The fusion report leaves it out of
        the average there; its own scores count all rows.

    costs : dict of str to dict of str to float, default=None
        Any of "fit_seconds", "predict_seconds_per_1000" and "n_parameters" of designs
        that bring none, such as ensembles.

    top_k : int or sequence of int, default=(3,)
        Lengths of the lists of suggestions among which the true class is looked for.
        Those that are as long as there are classes are left out.

    n_bootstrap : int, default=2000
        Number of resamples. No p-value of a bootstrap falls below
        ``2 / (n_bootstrap + 1)`` before correction.

    confidence_level : float, default=0.95
        Confidence of the intervals. A corrected p-value below the rest of 1 makes one
        design better than another.

    correction : {"holm", "bonferroni"} or None, default="holm"
        How p-values are corrected for the number of pairs.

    random_state : int, RandomState instance or None, default=0
        Draws the resamples. Pass another int for other ones.

    Returns
    -------
    ClassifierComparison
        Tables, plots, tests and the fusion report.

    Raises
    ------
    ValueError
        If shapes do not match, probabilities are none, labels are unknown or missing, a
        name stands for two designs, or an argument is out of range.
    TypeError
        If an argument is of the wrong type.
    NotFittedError
        If the CrossFit has not been fitted.

    Warns
    -----
    UserWarning
        If `n_bootstrap` is too small for any corrected p-value of a bootstrap to be
        below ``1 - confidence_level``.

    See Also
    --------
    ClassifierComparison : What is returned.
    FusionReport : What fusing the designs brings.

    Notes
    -----
    Each resample draws as many rows as there are, with replacement and not stratified,
    since the categories of new products are left to chance as well. All designs see the
    same resamples. Intervals are percentile intervals [1]_; for the calibration error
    they are mirrored, see :class:`ClassifierComparison`.

    McNemar's test [2]_ is the exact one: a binomial test on the rows that only one of
    two designs gets right. The mid-p variant finds a little more but may exceed its
    level. Holm's correction [3]_ keeps the chance of any false "better" among all pairs
    below ``1 - confidence_level``, for one metric.

    Both take designs as they are and rows as independent. They do not speak of what
    another run of the training would give, nor of repeated products: keep those
    together when splitting.

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
    check_integer("n_bootstrap", n_bootstrap, 1)
    check_choice("correction", correction, ("holm", "bonferroni", None))
    _check_confidence(confidence_level)
    lengths = _check_top_k(top_k)
    designs = collect_designs(
        y_true,
        probas,
        crossfit,
        ensembles=ensembles,
        classes=classes,
        present=present,
        costs=costs,
    )
    lengths = [k for k in lengths if k < len(designs.classes)]
    _check_resolution(
        len(designs.names), int(n_bootstrap), confidence_level, correction
    )
    # A seed of its own from whatever stands for random_state: which purpose it is
    # drawn for does not matter here.
    generator = np.random.default_rng(draw_seeds(random_state)["shuffle"])
    scores, averages = _score(designs, lengths, int(n_bootstrap), generator)
    fusion = None
    if averages:
        fusion = _fuse(designs, scores, averages, confidence_level, correction)
    return ClassifierComparison(
        designs,
        scores,
        fusion,
        top_k=tuple(lengths),
        n_bootstrap=int(n_bootstrap),
        confidence_level=float(confidence_level),
        correction=correction,
    )


def _check_confidence(confidence_level: Any) -> None:
    if not isinstance(confidence_level, Real) or isinstance(confidence_level, bool):
        msg = f"`confidence_level` must be a float, got {shown(confidence_level)}."
        raise TypeError(msg)
    if not 0 < float(confidence_level) < 1:
        msg = (
            "`confidence_level` must be between 0 and 1, got "
            f"{shown(confidence_level)}."
        )
        raise ValueError(msg)


def _check_top_k(top_k: int | Sequence[int]) -> list[int]:
    lengths = list(top_k) if isinstance(top_k, Sequence) else [top_k]
    for k in lengths:
        check_integer("top_k", k, 2)
    return sorted({int(k) for k in lengths})


def _check_resolution(
    n_designs: int, n_bootstrap: int, confidence_level: float, correction: str | None
) -> None:
    n_pairs = n_designs * (n_designs - 1) // 2
    level = 1 - confidence_level
    n_tests = 1 if correction is None else n_pairs
    if n_pairs and 2 * n_tests / (n_bootstrap + 1) >= level:
        enough = int(2 * n_tests / level) + 1
        warnings.warn(
            f"n_bootstrap={n_bootstrap} is too small for {n_pairs} pair"
            f"{'s' if n_pairs > 1 else ''} of designs: no p-value of a bootstrap can "
            f"fall below {level:.3g} after correction. Pass n_bootstrap={enough} or "
            "more.",
            UserWarning,
            stacklevel=3,
        )


Averages = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


def _score(
    designs: ComparedDesigns,
    top_k: Sequence[int],
    n_bootstrap: int,
    generator: np.random.Generator,
) -> tuple[Scores, Averages]:
    """Score the designs, and averages of members, on all rows and on resamples."""
    codes, n_members = designs.codes, designs.n_members
    scoring = Scoring(designs.probas, codes, top_k)
    contributions: list[Any] = [scoring.means, scoring.counts]
    n_averages = n_members + 1 if n_members > 1 else 0
    if n_averages:
        right, losses = [], []
        for average in drop_one_averages(
            designs.probas[:n_members], designs.present[:n_members]
        ):
            right.append(truth_ranks(average, codes) == 0)
            losses.append(row_log_loss(average, codes))
        contributions.append(np.array([*right, *losses], dtype=np.float64))

    def all_scores(
        sums: list[NDArray[np.float64]],
    ) -> dict[str, NDArray[np.float64]]:
        found = scoring.scores(sums[0], sums[1])
        if n_averages:
            means = sums[2] / len(codes)
            found["average_accuracy"] = means[:n_averages]
            found["average_log_loss"] = means[n_averages:]
        return found

    ones = np.ones((len(codes), 1))
    values = all_scores([np.asarray(lines @ ones) for lines in contributions])
    blocks = [
        all_scores(sums)
        for sums in bootstrap_sums(contributions, len(codes), n_bootstrap, generator)
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
    averages = {
        name: (values[f"average_{name}"][:, 0], samples[f"average_{name}"])
        for name in ("accuracy", "log_loss")
        if n_averages
    }
    return scores, averages


def _fuse(
    designs: ComparedDesigns,
    scores: Scores,
    averages: Averages,
    confidence_level: float,
    correction: Literal["holm", "bonferroni"] | None,
) -> FusionReport:
    n_members = designs.n_members
    names = designs.names[:n_members]
    right, predicted = scores.right[:n_members], scores.predicted[:n_members]
    accuracy, samples = scores.values["accuracy"], scores.samples["accuracy"]
    average, average_samples = averages["accuracy"]
    return FusionReport(
        members=describe_members(
            names,
            right,
            designs.present[:n_members],
            averages,
            confidence_level,
            correction,
        ),
        overlap=describe_overlap(names, right, predicted),
        gains=describe_gains(
            [AVERAGE, *designs.names[n_members:]],
            (names, accuracy[:n_members], samples[:n_members]),
            np.append(average[0], accuracy[n_members:]),
            np.concatenate([average_samples[:1], samples[n_members:]]),
            confidence_level,
            correction,
        ),
        oracle_accuracy=float(right.any(axis=0).mean()),
        confidence_level=float(confidence_level),
    )
