"""The result of a comparison: scores, intervals, tests, costs and categories."""

from __future__ import annotations

from itertools import combinations
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.evaluation._displays._comparison_plots import (
    plot_categories,
    plot_overlap,
    plot_scores,
)
from amzest.evaluation._metrics._per_category import score_categories
from amzest.evaluation._metrics._scoring import Metric, Scores, list_metrics
from amzest.evaluation._reports._compared_designs import ComparedDesigns
from amzest.evaluation._reports._comparison_report import (
    ComparisonSummary,
    comparison_as_html,
    comparison_as_text,
)
from amzest.evaluation._reports._fusion import FusionReport
from amzest.evaluation._reports._table_state import as_state, from_state
from amzest.evaluation._significance._bootstrap import (
    bootstrap_p_value,
    debiased_interval,
    percentile_interval,
)
from amzest.evaluation._significance._paired_tests import (
    Correction,
    correct_p_values,
    group_letters,
    mcnemar_p_value,
)
from amzest.utils import count, shown, validate_params


class ClassifierComparison:
    """Scores of designs with intervals, and tests of their differences.

    Returned by :func:`compare_classifiers`. It prints as a table, in a notebook as
    HTML.

    Parameters
    ----------
    designs : ComparedDesigns
        Labels and predictions.

    scores : Scores
        Their scores.

    fusion : FusionReport or None
        Ensembles of them.

    top_k : tuple of int
        Values of k of the top-k accuracy.

    n_bootstrap : int
        Number of resamples.

    confidence_level : float
        Confidence level of the intervals.

    correction : {"holm", "bonferroni"} or None
        Correction of p-values for the number of pairs.

    Attributes
    ----------
    names : list of str
        Designs, members first, then ensembles.

    classes : ndarray of shape (n_classes,)
        The classes.

    n_samples : int
        Number of rows.

    metrics : list of str
        "accuracy", "macro_f1", "top_3_accuracy" and the like, "log_loss", "brier" and
        "calibration_error".

    n_bootstrap : int
        Number of resamples.

    confidence_level : float
        Confidence level of the intervals.

    correction : {"holm", "bonferroni"} or None
        Correction of p-values for the number of pairs.

    See Also
    --------
    compare_classifiers : Returns this object; describes intervals and tests.
    FusionReport : The gain of ensembles of the designs.

    Notes
    -----
    Accuracy, macro-F1, log-loss and the Brier score (from 0 to 2, for two classes from
    0 to 1) are those of :mod:`sklearn.metrics`. Top-k accuracy is the fraction of rows
    whose true class is among the k most probable; ties are in the order of the classes,
    as for the prediction.

    The calibration error is the expected calibration error of the predicted class
    [1]_: rows are binned by its probability into 15 bins of about equal size (equal
    probabilities share a bin), and the absolute differences between mean probability
    and accuracy are averaged. It is biased upwards, since it is positive for a
    calibrated design too, more so on few rows. Its interval is the basic bootstrap
    interval, which subtracts most of the bias and may be below the value; it starts at
    0 if the value is not larger than expected of a calibrated design [2]_. With less
    than about 50 rows per bin its coverage is below the confidence level. The bins are
    the same in all resamples.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural
       Networks", ICML 2017.

    .. [2] J. Bröcker, L. A. Smith, "Increasing the Reliability of Reliability
       Diagrams", Weather and Forecasting 22, 2007.

    Examples
    --------
    >>> from amzest.evaluation import compare_classifiers
    >>> y = ["Mugs", "Lamps"] * 20
    >>> sure, unsure = [[0.1, 0.9], [0.9, 0.1]] * 20, [[0.4, 0.6]] * 40
    >>> comparison = compare_classifiers(y, {"sure": sure, "unsure": unsure})
    >>> comparison.per_category()[["category", "design", "support", "recall"]]
      category  design  support  recall
    0    Lamps    sure       20     1.0
    1    Lamps  unsure       20     0.0
    2     Mugs    sure       20     1.0
    3     Mugs  unsure       20     1.0
    >>> comparison.fusion().oracle_accuracy
    1.0
    """

    def __init__(
        self,
        designs: ComparedDesigns,
        scores: Scores,
        fusion: FusionReport | None,
        *,
        top_k: tuple[int, ...],
        n_bootstrap: int,
        confidence_level: float,
        correction: Correction,
    ) -> None:
        self.names = list(designs.names)
        self.classes = designs.classes
        self.n_samples = len(designs.codes)
        self.metrics = list(scores.values)
        self.n_bootstrap = n_bootstrap
        self.confidence_level = confidence_level
        self.correction: Correction = correction
        # Probabilities are not stored: the scores are sufficient.
        self._codes, self._costs = designs.codes, designs.costs
        self._scores, self._fusion = scores, fusion
        self._known = {metric.name: metric for metric in list_metrics(top_k)}
        self._weighted = designs.weights is not None

    def frame(self, *, intervals: bool = True) -> pd.DataFrame:
        """Return scores, seconds and parameters as a table.

        Parameters
        ----------
        intervals : bool, default=True
            Whether each metric is followed by its interval, in columns such as
            `accuracy_low` and `accuracy_high`.

        Returns
        -------
        DataFrame of shape (n_designs, n_columns)
            One row per design, in the order of `names`. A column for each of `metrics`,
            then `fit_seconds` (one fit; of a CrossFit the mean over the folds),
            `predict_seconds_per_1000` (of 1,000 rows) and `n_parameters` (weights of
            networks, coefficients and intercepts of linear models). Unknown seconds and
            parameters are missing.
        """
        columns: dict[str, Any] = {}
        for name in self.metrics:
            columns[name] = self._scores.values[name]
            if intervals:
                low, high = self._interval(name)
                columns |= {f"{name}_low": low, f"{name}_high": high}
        index = pd.Index(self.names, name="design")
        table = pd.DataFrame(columns, index=index)
        return table.join(self._costs)

    def tests(self, metric: str = "accuracy") -> pd.DataFrame:
        """Test the difference of each pair of designs.

        Parameters
        ----------
        metric : str, default="accuracy"
            One of `metrics`.

        Returns
        -------
        DataFrame of shape (n_pairs, n_columns)
            One row per pair: `first`, `second`; `difference`, the value of the first
            minus that of the second, with its interval `difference_low` and
            `difference_high`, not corrected; `bootstrap_p`, and
            `bootstrap_p_corrected` for the number of pairs; `better`, the name of the
            significantly better design or None. For accuracy also `n_only_first` and
            `n_only_second`, the rows for which only that design is correct, `mcnemar_p`
            and `mcnemar_p_corrected`, unless the rows are weighted.

            A difference is significant if the corrected p-value is below
            ``1 - confidence_level``: that of McNemar's test for accuracy without
            weights, otherwise that of the bootstrap.
        """
        found = self._metric(metric)
        values, samples = self._scores.values[metric], self._scores.samples[metric]
        # reshape: without a pair the array would be one-dimensional.
        pairs = np.array(
            list(combinations(range(len(self.names)), 2)), dtype=int
        ).reshape(-1, 2)
        first, second = pairs.T
        names = np.array(self.names, dtype=object)
        # Paired: both designs are scored on the same resamples.
        differences = np.array([samples[i] - samples[j] for i, j in pairs])
        differences = differences.reshape(-1, self.n_bootstrap)
        low, high = percentile_interval(differences, self.confidence_level)
        columns: dict[str, Any] = {
            "first": names[first],
            "second": names[second],
            "difference": values[first] - values[second],
            "difference_low": low,
            "difference_high": high,
        }
        p_values = {"bootstrap": bootstrap_p_value(differences)}
        if metric == "accuracy" and not self._weighted:
            right = self._scores.right
            counts = [
                ((right[i] & ~right[j]).sum(), (right[j] & ~right[i]).sum())
                for i, j in pairs
            ]
            only = np.array(counts, dtype=np.int64).reshape(-1, 2)
            columns |= {"n_only_first": only[:, 0], "n_only_second": only[:, 1]}
            # The first one decides.
            mcnemar = mcnemar_p_value(only[:, 0], only[:, 1])
            p_values = {"mcnemar": mcnemar} | p_values
        corrected = {}
        for test, p_value in p_values.items():
            corrected[test] = correct_p_values(p_value, self.correction)
            columns |= {f"{test}_p": p_value, f"{test}_p_corrected": corrected[test]}
        deciding = next(iter(corrected.values()))
        first_leads = (columns["difference"] > 0) == found.higher_is_better
        better = np.where(first_leads, columns["first"], columns["second"])
        better[deciding >= 1 - self.confidence_level] = None
        columns["better"] = pd.Series(better, dtype=object)
        return pd.DataFrame(columns)

    def per_category(self) -> pd.DataFrame:
        """Return precision, recall and F1 of each design in each category.

        Returns
        -------
        DataFrame of shape (n_classes * n_designs, 8)
            Columns `category`, `design`, `support` (rows of the category),
            `precision`, `recall`, `f1`, `f1_low` and `f1_high`. Precision is NaN if the
            category is never predicted. The interval is Wilson's, of the proportion of
            correct rows among those of which the category is true or predicted,
            transformed to F1.
        """
        return score_categories(
            self.names,
            self.classes,
            self._codes,
            self._scores.predicted,
            self.confidence_level,
        )

    def fusion(self) -> FusionReport:
        """Return the gains of ensembles and the shared errors of members.

        Returns
        -------
        FusionReport
            Tables of members, of pairs of members, and of ensembles.

        Raises
        ------
        ValueError
            If there is only one member.
        """
        if self._fusion is None:
            raise ValueError(
                f"There is only one member ({shown(self.names[0])}); fusion needs at "
                "least two. Pass others in `probas`."
            )
        return self._fusion

    @validate_params(
        {
            "kind": [StrOptions({"scores", "per_category", "overlap"})],
            "max_categories": [Interval(Integral, 1, None, closed="left")],
        }
    )
    def plot(
        self,
        kind: str = "scores",
        *,
        metric: str = "accuracy",
        max_categories: int = 30,
        ax: Any = None,
    ) -> Any:
        """Plot the comparison.

        Parameters
        ----------
        kind : {"scores", "per_category", "overlap"}, default="scores"
            "scores" shows `metric` of each design with its interval, the best at the
            top. Two designs share a letter unless they differ significantly [1]_;
            filled markers are designs that no other is significantly better than.
            "per_category" shows F1 in each category, the hardest at the top. "overlap"
            shows the fraction of the errors of each member that others make too.

        metric : str, default="accuracy"
            One of `metrics`, for kind "scores".

        max_categories : int, default=30
            Maximum number of categories for kind "per_category", the hardest ones.

        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        References
        ----------
        .. [1] H.-P. Piepho, "An Algorithm for a Letter-Based Representation of
           All-Pairwise Comparisons", Journal of Computational and Graphical Statistics
           13, 2004.
        """
        if kind == "overlap":
            fusion = self.fusion()
            return plot_overlap(fusion.overlap_matrix(), fusion.members["accuracy"], ax)
        if kind == "per_category":
            return plot_categories(self.per_category(), max_categories, ax)
        low, high = self._interval(metric)
        scores = pd.DataFrame(
            {"value": self._scores.values[metric], "low": low, "high": high},
            index=self.names,
        )
        scores["letters"] = self._letters(metric)
        significant = self.tests(metric).dropna(subset="better")
        worse = significant["first"].where(
            significant["first"] != significant["better"]
        )
        scores["leading"] = ~scores.index.isin(worse.fillna(significant["second"]))
        scores = scores.loc[self._ranking(metric)]
        known = self._known[metric]
        better = "higher" if known.higher_is_better else "lower"
        label = f"{known.label} ({known.unit}; {better} is better)"
        return plot_scores(scores, label, self._test(metric), ax)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with tables as arrays, see :func:`amzest.save`."""
        return {name: as_state(value) for name, value in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({name: from_state(value) for name, value in state.items()})

    def __repr__(self) -> str:
        return comparison_as_text(self._summary())

    def _repr_html_(self) -> str:
        return comparison_as_html(self._summary())

    def _summary(self) -> ComparisonSummary:
        """Return what the reports show, the best accuracy first."""
        return ComparisonSummary(
            scores=self.frame().loc[self._ranking("accuracy")],
            letters=self._letters("accuracy"),
            metrics=[self._known[name] for name in self.metrics],
            tests=self.tests(),
            categories=self.per_category(),
            test=self._test("accuracy"),
            n_samples=self.n_samples,
            n_bootstrap=self.n_bootstrap,
            confidence_level=self.confidence_level,
            corrected=self.correction is not None,
            fusion=self._fusion,
        )

    def _metric(self, name: str) -> Metric:
        if name not in self.metrics:
            computed = ", ".join(map(repr, self.metrics))
            raise ValueError(f"`metric` must be one of {computed}, got {shown(name)}.")
        return self._known[name]

    def _interval(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        self._metric(name)
        values, samples = self._scores.values[name], self._scores.samples[name]
        if name == "calibration_error":
            chance = self._scores.calibration_chance
            return debiased_interval(values, samples, chance, self.confidence_level)
        return percentile_interval(samples, self.confidence_level)

    def _ranking(self, metric: str) -> list[str]:
        """Return the names, the best first."""
        sign = -1 if self._metric(metric).higher_is_better else 1
        order = np.argsort(sign * self._scores.values[metric], kind="stable")
        return [self.names[place] for place in order]

    def _letters(self, metric: str) -> pd.Series:
        """Return letters by name: two designs share one unless they differ."""
        ranking = self._ranking(metric)
        significant = self.tests(metric).dropna(subset="better")
        differing = [
            (ranking.index(first), ranking.index(second))
            for first, second in zip(
                significant["first"], significant["second"], strict=True
            )
        ]
        return pd.Series(group_letters(len(ranking), differing), index=ranking)

    def _test(self, metric: str) -> str:
        """Describe the test of which differences are significant."""
        n_pairs = len(self.names) * (len(self.names) - 1) // 2
        exact = metric == "accuracy" and not self._weighted
        test = "McNemar’s exact test" if exact else "paired bootstrap"
        corrections = {"holm": "Holm’s", "bonferroni": "Bonferroni’s"}
        after = (
            f"{corrections[self.correction]} correction for {count(n_pairs, 'pair')}"
            if self.correction
            else "not corrected"
        )
        return f"{test}, {after}, p < {1 - self.confidence_level:.3g}"
