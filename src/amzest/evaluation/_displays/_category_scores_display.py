"""How well each category is sorted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._drawing import (
    COLOURS,
    GREY,
    NORMAL,
    SMALL,
    Lettering,
    axes_for,
    legend_above,
    tidy,
)
from amzest.evaluation._displays._inputs import (
    check_labels,
    check_predicted,
    find_classes,
)
from amzest.evaluation._metrics._per_category import wilson_interval
from amzest.utils import check_integer

#: What is drawn: column, name, colour, marker, and where in a category's row.
_SCORES = (
    ("precision", COLOURS[4], "<", 0.24),
    ("f1", COLOURS[0], "o", 0.0),
    ("recall", COLOURS[1], ">", -0.24),
)


class CategoryScoresDisplay:
    """Precision, recall and F1 of each category, the best categories on top.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. Each score has its
    95% interval, so that a category of five products is not taken for a bad one.

    Parameters
    ----------
    scores : DataFrame
        One row a category, as :meth:`frame` gives it.

    accuracy : float
        Share of all products that are sorted rightly.

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
    amzest.evaluation.TopConfusionsDisplay : Which categories are taken for which.

    Notes
    -----
    The intervals of precision and recall are Wilson's [1]_. F1 rises with the share
    TP / (TP + FP + FN), so its interval is Wilson's of that share, brought to F1.

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
        """Sort products with a fitted classifier and draw its scores.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier.

        X : array-like of shape (n_samples, ...)
            Products, in the form that it takes.

        y : array-like of shape (n_samples,)
            Their true categories.

        classes : array-like of shape (n_classes,), default=None
            Categories to draw. With None all that `y` or the predictions hold.

        max_categories : int, default=40
            Categories drawn at most: those with the lowest F1. The frame has all.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : CategoryScoresDisplay
            The display, drawn.
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
        """Draw the scores of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True categories.

        y_pred : array-like of shape (n_samples,)
            Predicted categories.

        classes : array-like of shape (n_classes,), default=None
            Categories to draw. With None all that are true or predicted.

        max_categories : int, default=40
            Categories drawn at most: those with the lowest F1. The frame has all.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : CategoryScoresDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When the labels do not fit together.
        """
        truth = check_labels("y_true", y_true)
        predicted = check_predicted(truth, y_pred)
        names = find_classes(classes, truth, predicted)
        correct = pd.Series(truth[truth == predicted]).value_counts()
        hits, support, n_predicted = (
            counts.reindex(names, fill_value=0).to_numpy()
            for counts in (
                correct,
                pd.Series(truth).value_counts(),
                pd.Series(predicted).value_counts(),
            )
        )
        union = support + n_predicted - hits
        scores: dict[str, Any] = {"category": names}
        for name, total in (
            ("precision", n_predicted),
            ("recall", support),
            ("f1", union),
        ):
            share = np.divide(
                hits, total, out=np.full(len(hits), np.nan), where=total > 0
            )
            low, high = wilson_interval(hits, total)
            if name == "f1":
                share, low, high = (2 * v / (1 + v) for v in (share, low, high))
            scores |= {name: share, f"{name}_low": low, f"{name}_high": high}
        frame = pd.DataFrame({**scores, "support": support, "predicted": n_predicted})
        # Stable: equal categories stay in the order of `classes`.
        frame = frame.sort_values(
            ["f1", "support"], ascending=False, kind="stable", ignore_index=True
        )
        accuracy = float(np.mean(truth == predicted))
        return cls(frame, accuracy).plot(ax, max_categories=max_categories)

    def frame(self) -> pd.DataFrame:
        """Return the numbers that are drawn.

        Returns
        -------
        scores : DataFrame
            The columns `category`; `precision`, `recall` and `f1`, NaN where they are
            not defined, each with the bounds `_low` and `_high` of its interval;
            `support`, the number of products of the category; and `predicted`, the
            number of products put into it. Sorted by `f1`, the best first.
        """
        return self.scores.copy()

    def plot(
        self, ax: Any = None, *, max_categories: int = 40
    ) -> CategoryScoresDisplay:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        max_categories : int, default=40
            Categories drawn at most: those with the lowest F1.

        Returns
        -------
        display : CategoryScoresDisplay
            The display itself.
        """
        check_integer("max_categories", max_categories, 1)
        letters = Lettering(type(self).__name__)
        shown = self.scores.tail(max_categories)
        names = [letters.name(name, 170, NORMAL) for name in shown["category"]]
        self.ax_ = axes_for(ax, 7.2, 1.5 + 0.36 * len(shown), type(self).__name__)
        self.figure_ = self.ax_.figure
        places = np.arange(len(shown))[::-1]

        handles: list[Any] = []
        for column, colour, marker, shift in _SCORES:
            value = shown[column].to_numpy()
            known = ~np.isnan(value)
            # Thin: the intervals are there to be looked up, the marks to be seen.
            self.ax_.hlines(
                places[known] + shift,
                shown[f"{column}_low"][known],
                shown[f"{column}_high"][known],
                color=colour,
                linewidth=2.4 if column == "f1" else 1.2,
                alpha=0.4,
            )
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
        right = self.ax_.get_yaxis_transform()
        small = letters.style(SMALL, color=GREY)
        for place, support, f1 in zip(
            places, shown["support"], shown["f1"], strict=True
        ):
            self.ax_.text(
                1.03, place, f"{support:,}", transform=right, va="center", **small
            )
            if np.isnan(f1):
                self.ax_.text(
                    0.01, place, "no product, never predicted", va="center", **small
                )
        self.ax_.text(
            1.03, len(shown) - 0.45, "products", transform=right, va="bottom", **small
        )
        tidy(self.ax_, "x")
        self.ax_.hlines(
            places[:-1] - 0.5, 0, 1, transform=right, color="0.93", linewidth=0.8
        )
        self.ax_.set(xlim=(0, 1), ylim=(-0.55, len(shown) - 0.45))
        self.ax_.set_yticks(places, names, **letters.style(NORMAL))
        self.ax_.tick_params(axis="y", length=0)
        n_hidden = len(self.scores) - len(shown)
        note = f"; {n_hidden} better categories are not shown" if n_hidden else ""
        macro = self.scores["f1"].mean()
        self.ax_.set_xlabel(
            f"score with 95% interval (accuracy {self.accuracy:.3f}, "
            f"mean F1 {macro:.3f}){note}",
            fontsize=NORMAL,
        )
        labels = [(name, "") for name in ("precision", "F1", "recall")]
        legend_above(self.ax_, letters, handles, labels, n_columns=3)
        return self
