"""The result of comparing new data with a reference."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.evaluation._displays._drift_plots import (
    plot_confidence,
    plot_effects,
    plot_shares,
)
from amzest.evaluation._metrics._estimated_accuracy import estimate_accuracy
from amzest.evaluation._reports._data_comparison_report import (
    advice_of,
    comparison_as_html,
    comparison_as_text,
)
from amzest.evaluation._reports._drift_checks import Check, checks_as_frame
from amzest.evaluation._summaries._data_summary import DataSummary
from amzest.evaluation._summaries._prediction_summary import PredictionSummary
from amzest.evaluation._summaries._text_column import TextColumn
from amzest.evaluation._summaries._value_columns import CategoricalColumn
from amzest.utils import shown, shown_list, validate_params


class DataComparison:
    """Differences of new data from a reference, and whether to refit.

    Returned by :func:`compare_data`. It prints as a table with the advice, in a
    notebook as HTML.

    Parameters
    ----------
    reference : DataSummary
        Summary of the reference.

    new : DataSummary
        Summary of the new data.

    checks : list of Check
        Tests and effects.

    min_effect : float
        Smaller effects are not drift.

    max_accuracy_loss : float
        If there is drift, refitting is advised from this estimated loss of accuracy on.

    confidence_level : float
        Level of tests and intervals.

    Attributes
    ----------
    n_reference : int
        Number of rows of the reference.

    n_new : int
        Number of rows of the new data.

    min_effect : float
        Smaller effects are not drift.

    max_accuracy_loss : float
        If there is drift, refitting is advised from this estimated loss of accuracy on.

    confidence_level : float
        Level of tests and intervals.

    See Also
    --------
    compare_data : Returns this object.
    DataSummary : Summary of the reference.

    Notes
    -----
    The checks are:

    - of each column, the share of missing cells;
    - of texts, the number of words; the rows with unseen words, and the share of unseen
      words; the words themselves;
    - of images, the share of unreadable ones, their brightness and size;
    - of numbers and times their values, of categories their frequencies;
    - of predictions, the frequencies of predicted classes, the confidence (probability
      of the predicted class), and the shares of rows that are below the threshold for
      review, missing for the model, or missing for a member of an ensemble.

    A word is unseen if no other row of the reference has it. This applies to the rows
    of the reference too, of which some always have words of their own: their share is
    the one expected of new rows without drift.

    Proportions and frequencies are tested by the chi-squared test (Fisher's exact test
    if counts are small), numbers by the two-sample Kolmogorov-Smirnov test, and words
    by a classifier two-sample test [1]_: a linear model that distinguishes reference
    and new data on rows that it was not fitted on. p-values are corrected for the
    number of checks by Holm's method. The tests assume independent rows.

    With many rows every difference is significant. Drift is therefore defined by the
    effect as well: the difference of proportions, the total variation distance of
    frequencies, and the largest difference of the cumulative distributions of numbers
    or of the scores of the classifier. Apart from sampling error, each is at most the
    total variation distance of reference and new data: the share of rows that would
    have to be replaced in one to obtain the other [2]_.

    The accuracy on the new data is estimated by the difference of mean confidences
    [3]_, which the advice uses, and with labels of the reference also by the share of
    rows whose confidence is above the threshold that the accuracy on the reference
    determines [4]_. Their intervals contain the sampling error only, not that of
    confidences that are too low or too high for the new data.

    References
    ----------
    .. [1] D. Lopez-Paz, M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.
    .. [2] S. Rabanser, S. Günnemann, Z. C. Lipton, "Failing Loudly: An Empirical Study
       of Methods for Detecting Dataset Shift", NeurIPS 2019.
    .. [3] D. Guillory, V. Shankar, S. Ebrahimi, T. Darrell, L. Schmidt, "Predicting
       with Confidence on Unseen Distributions", ICCV 2021.
    .. [4] S. Garg, S. Balakrishnan, Z. C. Lipton, B. Neyshabur, H. Sedghi, "Leveraging
       Unlabeled Data to Predict Out-of-Distribution Performance", ICLR 2022.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.evaluation import compare_data
    >>> old = pd.DataFrame({"title": ["blue mug", "red mug", "desk lamp"] * 50})
    >>> new = pd.DataFrame({"title": ["blue mug", "steel bolt", "brass bolt"] * 50})
    >>> comparison = compare_data(old, new, columns={"title": "text"})
    >>> comparison.frame()[["check", "reference", "new", "effect", "drift"]].round(2)
                        check  reference   new  effect  drift
    0                 missing        0.0  0.00    0.00  False
    1         number of words        2.0  2.00    0.00  False
    2  rows with unseen words        0.0  0.67    0.67   True
    3            unseen words        0.0  0.67    0.67   True
    4                   words        NaN   NaN    0.67   True
    >>> comparison.unseen_words("title").head(1)
          n_rows     share
    word
    bolt     100  0.666667
    """

    def __init__(
        self,
        reference: DataSummary,
        new: DataSummary,
        checks: list[Check],
        *,
        min_effect: float,
        max_accuracy_loss: float,
        confidence_level: float,
    ) -> None:
        self.n_reference, self.n_new = reference.n_rows, new.n_rows
        self.min_effect = min_effect
        self.max_accuracy_loss = max_accuracy_loss
        self.confidence_level = confidence_level
        self._reference, self._new = reference, new
        self._checks = checks_as_frame(checks, confidence_level, min_effect)

    def frame(self) -> pd.DataFrame:
        """Return the checks as a table.

        Returns
        -------
        DataFrame of shape (n_checks, 11)
            One row per check. `source`, the column of the data, or "predictions";
            `kind`, that of the column, or "model"; `check`; `reference` and `new`, the
            shares, medians (of numbers), or means (of the confidence) of both; `test`
            and its `statistic`; `effect`, from 0 to 1; `p`, and `p_corrected` for the
            number of checks; `drift`, whether the check is significant and its effect
            at least `min_effect`.
        """
        return self._checks.copy()

    @property
    def drifted(self) -> list[Any]:
        """Columns with drift, and "predictions", in the order of the checks."""
        return list(dict.fromkeys(self._checks["source"][self._checks["drift"]]))

    @property
    def action(self) -> str:
        """What is advised: "none", "check" (evaluate on labelled rows) or "refit"."""
        if not self._checks["drift"].any():
            return "none"
        if self._old_predictions is None:
            return "check"
        estimate = self.accuracy().iloc[0]
        too_large = estimate["loss"] >= self.max_accuracy_loss
        return "refit" if too_large and estimate["loss_low"] > 0 else "check"

    @property
    def advice(self) -> str:
        """Whether to refit, and why, in words."""
        estimate = None if self._old_predictions is None else self.accuracy().iloc[0]
        return advice_of(self, estimate)

    def accuracy(self) -> pd.DataFrame:
        """Return the estimated accuracy on the new data.

        Returns
        -------
        DataFrame of shape (n_methods, 5)
            One row per method, "difference of confidences" and, with labels of the
            reference, "average thresholded confidence". `reference`, the accuracy on
            the reference, or without labels its mean confidence; `new`, the estimated
            accuracy; `loss`, their difference, with `loss_low` and `loss_high`.

        Raises
        ------
        ValueError
            If no model was passed.
        """
        if self._old_predictions is None or self._new.predictions is None:
            raise ValueError(
                "There are no predictions to estimate the accuracy from. Pass `model` "
                "to compare_data."
            )
        return estimate_accuracy(
            self._old_predictions.confidence,
            self._new.predictions.confidence,
            self._old_predictions.correct,
            self.confidence_level,
        )

    def unseen_words(self, column: Any = None) -> pd.DataFrame:
        """Return the most frequent words that the reference does not have.

        Parameters
        ----------
        column : str, default=None
            Column of texts. None takes the only one.

        Returns
        -------
        DataFrame of shape (n_words, 2)
            `n_rows` of the compared new rows, and their `share`, by word; at most 1,000
            words.
        """
        texts = {
            name: found
            for name, found in self._new.columns.items()
            if isinstance(found, TextColumn)
        }
        name = self._one_of("column", column, list(texts), "text")
        counts = pd.Series(texts[name].unseen_words, name="n_rows", dtype=np.int64)
        table = counts.rename_axis("word").to_frame()
        return table.assign(share=table["n_rows"] / max(texts[name].n_rows, 1))

    def frequencies(self, column: Any = None) -> pd.DataFrame:
        """Return frequencies of predicted classes, or of the categories of a column.

        Parameters
        ----------
        column : str, default=None
            Column of categories. None takes the predicted classes.

        Returns
        -------
        DataFrame of shape (n_categories, 3)
            Shares in `reference` and `new`, and their `difference`, the largest
            absolute difference first.
        """
        if column is None:
            if self._old_predictions is None or self._new.predictions is None:
                raise ValueError("There are no predictions: pass `model`.")
            classes = self._old_predictions.classes.tolist()
            old = dict(zip(classes, self._old_predictions.counts, strict=True))
            new = dict(zip(classes, self._new.predictions.counts, strict=True))
        else:
            found = {
                name: summary
                for name, summary in self._new.columns.items()
                if isinstance(summary, CategoricalColumn)
            }
            name = self._one_of("column", column, list(found), "categorical")
            reference = self._reference.columns[name]
            old, new = reference.counts, found[name].counts  # type: ignore[union-attr]
        table = pd.DataFrame(
            {"reference": pd.Series(old), "new": pd.Series(new)}, dtype=np.float64
        ).fillna(0.0)
        table = table / table.sum().clip(lower=1)
        table["difference"] = table["new"] - table["reference"]
        order = np.argsort(-table["difference"].abs().to_numpy(), kind="stable")
        return table.iloc[order].rename_axis("category")

    @validate_params(
        {
            "kind": [StrOptions({"effects", "words", "frequencies", "confidence"})],
            "max_items": [Interval(Integral, 1, None, closed="left")],
        }
    )
    def plot(
        self,
        kind: str = "effects",
        *,
        column: Any = None,
        max_items: int = 20,
        ax: Any = None,
    ) -> Any:
        """Plot the comparison.

        Parameters
        ----------
        kind : {"effects", "words", "frequencies", "confidence"}, default="effects"
            "effects" shows the effect of each check, the largest at the top; filled
            markers are drift. "words" shows the most frequent unseen words of a column,
            "frequencies" those of predicted classes or of the categories of a column.
            "confidence" shows the cumulative distribution of the confidence.

        column : str, default=None
            Column, for the kinds "words" and "frequencies".

        max_items : int, default=20
            Maximum number of checks, words or categories.

        ax : matplotlib.axes.Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.
        """
        if kind == "effects":
            return plot_effects(self._checks, self.min_effect, max_items, ax)
        if kind == "words":
            table = self.unseen_words(column)[["share"]].iloc[:max_items]
            return plot_shares(table, "share of the new rows with the word", ax)
        if kind == "frequencies":
            table = self.frequencies(column)[["reference", "new"]].iloc[:max_items]
            label = "predicted class" if column is None else shown(column)
            return plot_shares(table, f"share of rows ({label})", ax)
        self.accuracy()  # raises without predictions
        old, new = self._old_predictions, self._new.predictions
        return plot_confidence(old.confidence, new.confidence, ax)  # type: ignore[union-attr]

    def __repr__(self) -> str:
        return comparison_as_text(self)

    def _repr_html_(self) -> str:
        return comparison_as_html(self)

    @property
    def _old_predictions(self) -> PredictionSummary | None:
        """Predictions for the reference, if there are some for the new data too."""
        if self._new.predictions is None:
            return None
        return self._reference.predictions

    def _one_of(self, argument: str, name: Any, names: list[Any], kind: str) -> Any:
        if name is None and len(names) == 1:
            return names[0]
        if name not in names:
            raise ValueError(
                f"`{argument}` must be one of the {kind} columns "
                f"({shown_list(names) or 'there are none'}), got {shown(name)}."
            )
        return name
