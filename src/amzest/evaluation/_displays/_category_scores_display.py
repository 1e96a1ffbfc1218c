"""Precision, recall and F1 of each category."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval

from amzest.evaluation._displays._drawing import (
    COLOURS,
    GREY,
    NORMAL,
    SMALL,
    legend_above,
    new_axes,
    style_axes,
    text_style,
    wrapped_name,
)
from amzest.evaluation._displays._inputs import (
    check_labels,
    find_classes,
)
from amzest.evaluation._metrics._per_category import category_scores
from amzest.utils import validate_params

#: Column, colour, marker, and vertical offset in the row of a category.
_SCORES = (
    ("precision", COLOURS[4], "<", 0.24),
    ("f1", COLOURS[0], "o", 0.0),
    ("recall", COLOURS[1], ">", -0.24),
)


class CategoryScoresDisplay:
    """Precision, recall and F1 of each category, sorted by F1.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. Each score has a
    95% confidence interval, which is wide for categories with few samples.

    Parameters
    ----------
    scores : DataFrame
        One row per category, as returned by :meth:`frame`.

    accuracy : float
        Fraction of all samples that are classified correctly.

    Attributes
    ----------
    scores : DataFrame
        The parameter.

    accuracy : float
        The parameter.

    ax_ : matplotlib Axes
        Axes with the scores. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    sklearn.metrics.classification_report : The same scores as text.
    amzest.evaluation.TopConfusionsDisplay : Which categories are confused.

    Notes
    -----
    The intervals of precision and recall are Wilson's [1]_. F1 increases with the
    proportion TP / (TP + FP + FN), so that its interval is Wilson's interval of this
    proportion, transformed to F1.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
       inference", Journal of the American Statistical Association 22(158), 1927.

    Examples
    --------
    >>> from amzest.evaluation import CategoryScoresDisplay
    >>> y_true = ["mugs", "mugs", "mugs", "lamps"]
    >>> y_pred = ["mugs", "mugs", "lamps", "lamps"]
    >>> display = CategoryScoresDisplay.from_predictions(y_true, y_pred)
    >>> display.frame()[["category", "precision", "recall", "support"]]
      category  precision    recall  support
    0     mugs        1.0  0.666667        3
    1    lamps        0.5  1.000000        1
    """

    def __init__(self, scores: pd.DataFrame, accuracy: float) -> None:
        self.scores = scores
        self.accuracy = accuracy

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        classes: Any = None,
        max_categories: int = 40,
        ax: Any = None,
    ) -> CategoryScoresDisplay:
        """Plot the scores of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier.

        X : array-like of shape (n_samples, ...)
            Samples in the form that it accepts.

        y : array-like of shape (n_samples,)
            True labels.

        classes : array-like of shape (n_classes,), default=None
            Classes to plot. None plots all in `y` or the predictions.

        max_categories : int, default=40
            Maximum number of categories to plot, those with the lowest F1. The frame
            has all of them.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : CategoryScoresDisplay
            The display, plotted.
        """
        return cls.from_predictions(
            y,
            estimator.predict(X),
            classes=classes,
            max_categories=max_categories,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        classes: Any = None,
        max_categories: int = 40,
        ax: Any = None,
    ) -> CategoryScoresDisplay:
        """Plot the scores of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,)
            Predicted labels.

        classes : array-like of shape (n_classes,), default=None
            Classes to plot. None plots all that are true or predicted.

        max_categories : int, default=40
            Maximum number of categories to plot, those with the lowest F1. The frame
            has all of them.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : CategoryScoresDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If the labels do not match.
        """
        truth = check_labels("y_true", y_true)
        predicted = check_labels("y_pred", y_pred, truth)
        names = find_classes(classes, truth, predicted)
        correct = pd.Series(truth[truth == predicted]).value_counts()
        # Counts per class; 0 for classes without samples or predictions.
        hits, support, n_predicted = (
            counts.reindex(names, fill_value=0).to_numpy()
            for counts in (
                correct,
                pd.Series(truth).value_counts(),
                pd.Series(predicted).value_counts(),
            )
        )
        columns = {
            "category": names,
            **category_scores(hits, n_predicted, support),
            "support": support,
            "predicted": n_predicted,
        }
        frame = pd.DataFrame(columns)
        # Stable: ties are in the order of `classes`.
        frame = frame.sort_values(
            ["f1", "support"], ascending=False, kind="stable", ignore_index=True
        )
        accuracy = float(np.mean(truth == predicted))
        return cls(frame, accuracy).plot(ax, max_categories=max_categories)

    def frame(self) -> pd.DataFrame:
        """Return the plotted scores.

        Returns
        -------
        scores : DataFrame
            The columns `category`; `precision`, `recall` and `f1`, NaN where they are
            undefined, each with the bounds `_low` and `_high` of its interval;
            `support`, the number of samples of the category; and `predicted`, the
            number of samples for which it is predicted. Sorted by `f1`, descending.
        """
        return self.scores.copy()

    @validate_params({"max_categories": [Interval(Integral, 1, None, closed="left")]})
    def plot(
        self, ax: Any = None, *, max_categories: int = 40
    ) -> CategoryScoresDisplay:
        """Plot the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        max_categories : int, default=40
            Maximum number of categories to plot, those with the lowest F1.

        Returns
        -------
        display : CategoryScoresDisplay
            The display itself.
        """
        shown = self.scores.tail(max_categories)
        self.ax_ = new_axes(ax, 7.2, 1.5 + 0.36 * len(shown), type(self).__name__)
        self.figure_ = self.ax_.figure
        places = np.arange(len(shown))[::-1]

        handles: list[Any] = []
        for column, colour, marker, shift in _SCORES:
            value = shown[column].to_numpy()
            known = ~np.isnan(value)
            self.ax_.hlines(
                places[known] + shift,
                shown[f"{column}_low"][known],
                shown[f"{column}_high"][known],
                color=colour,
                linewidth=2.4 if column == "f1" else 1.2,
                alpha=0.4,
            )
            # Not clipped: markers at 0 and 1 are drawn as a whole.
            handles += self.ax_.plot(
                value[known],
                places[known] + shift,
                linestyle="none",
                marker=marker,
                markersize=7 if column == "f1" else 5,
                color=colour,
                clip_on=False,
                zorder=3,
            )
        self._annotate(shown, places)
        labels = ("precision", "F1", "recall")
        legend_above(self.ax_, handles, labels, n_columns=3)
        return self

    def _annotate(self, shown: pd.DataFrame, places: Any) -> None:
        """Write names, supports and the axis label."""
        # x in widths of the axes, y in categories.
        right = self.ax_.get_yaxis_transform()
        small = text_style(SMALL, color=GREY)
        for place, support, f1 in zip(
            places, shown["support"], shown["f1"], strict=True
        ):
            self.ax_.text(
                1.03, place, f"{support:,}", transform=right, va="center", **small
            )
            if np.isnan(f1):
                self.ax_.text(
                    0.01, place, "no samples, never predicted", va="center", **small
                )
        self.ax_.text(
            1.03, len(shown) - 0.45, "support", transform=right, va="bottom", **small
        )
        style_axes(self.ax_, "x")
        self.ax_.hlines(
            places[:-1] - 0.5, 0, 1, transform=right, color="0.93", linewidth=0.8
        )
        self.ax_.set(xlim=(0, 1), ylim=(-0.55, len(shown) - 0.45))
        names = [wrapped_name(name) for name in shown["category"]]
        self.ax_.set_yticks(places, names, **text_style())
        self.ax_.tick_params(axis="y", length=0)
        n_hidden = len(self.scores) - len(shown)
        note = f"; the {n_hidden} best categories are not shown" if n_hidden else ""
        self.ax_.set_xlabel(
            "score with 95% confidence interval\n"
            f"(accuracy {self.accuracy:.3f}, macro-F1 {self.scores['f1'].mean():.3f})"
            f"{note}",
            fontsize=NORMAL,
        )
