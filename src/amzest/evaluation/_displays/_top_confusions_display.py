"""The most frequent confusions of categories, with examples."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval

from amzest.evaluation._displays._cells import as_cells, column_of
from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    SMALL,
    WRONG,
    new_axes,
    short_name,
    style_axes,
    text_style,
    wrapped_text,
)
from amzest.evaluation._displays._inputs import check_labels
from amzest.utils import count, is_missing, validate_params

#: Heights in inches: a bar, a line of text below it, and the gap between bars.
_BAR, _LINE, _GAP = 0.2, 0.15, 0.16
#: Width of the bars in a new figure, and of the names beside them, in inches.
_WIDTH, _NAMES = 5.2, 2.8


class TopConfusionsDisplay:
    """The most frequent confusions as bars, with examples.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. With many
    categories a confusion matrix is mostly empty; this shows its largest cells, and
    titles that explain them: overlapping categories, or wrong labels.

    Parameters
    ----------
    confusions : DataFrame
        One row per pair of categories, as returned by :meth:`frame`.

    n_products : int
        Number of samples.

    n_errors : int
        Number of misclassified samples.

    Attributes
    ----------
    confusions : DataFrame
        The parameter.

    n_products : int
        The parameter.

    n_errors : int
        The parameter.

    bars_ : matplotlib BarContainer
        The bars, from the top. Exists after `plot`.

    ax_ : matplotlib Axes
        Axes with the bars. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : All pairs of categories.
    amzest.evaluation.ProductGridDisplay : Samples with their images.

    Examples
    --------
    >>> from amzest.evaluation import TopConfusionsDisplay
    >>> y_true = ["mugs", "mugs", "lamps", "mugs"]
    >>> y_pred = ["lamps", "lamps", "lamps", "mugs"]
    >>> titles = ["Blue mug", "Mug with a light", "Desk lamp", "Red mug"]
    >>> display = TopConfusionsDisplay.from_predictions(y_true, y_pred, titles=titles)
    >>> display.frame()[["true", "predicted", "count"]]
       true predicted  count
    0  mugs     lamps      2
    >>> display.frame().loc[0, "examples"]
    ['Blue mug', 'Mug with a light']
    """

    def __init__(
        self, confusions: pd.DataFrame, n_products: int, n_errors: int
    ) -> None:
        self.confusions = confusions
        self.n_products = n_products
        self.n_errors = n_errors

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        titles: Any = None,
        n_pairs: int = 10,
        n_examples: int = 2,
        ax: Any = None,
    ) -> TopConfusionsDisplay:
        """Plot the confusions of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier.

        X : array-like of shape (n_samples, ...)
            Samples in the form that it accepts.

        y : array-like of shape (n_samples,)
            True labels.

        titles : str or array-like of shape (n_samples,), default=None
            Column of `X` with the titles, or the titles. None uses the column `title`
            if `X` has one, and plots no examples otherwise.

        n_pairs : int, default=10
            Maximum number of pairs of categories to plot.

        n_examples : int, default=2
            Maximum number of titles per pair; 0 plots none.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TopConfusionsDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If `X` has no such column.
        """
        return cls.from_predictions(
            y,
            estimator.predict(X),
            titles=column_of("titles", titles, X, "title"),
            n_pairs=n_pairs,
            n_examples=n_examples,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        titles: Any = None,
        n_pairs: int = 10,
        n_examples: int = 2,
        ax: Any = None,
    ) -> TopConfusionsDisplay:
        """Plot the confusions of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,)
            Predicted labels.

        titles : array-like of shape (n_samples,), default=None
            Titles of the samples. None plots no examples.

        n_pairs : int, default=10
            Maximum number of pairs of categories to plot.

        n_examples : int, default=2
            Maximum number of titles per pair; 0 plots none.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TopConfusionsDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If labels and titles do not match.
        """
        truth = check_labels("y_true", y_true)
        predicted = check_labels("y_pred", y_pred, truth)
        cells = None
        if titles is not None:
            cells = as_cells("titles", titles, len(truth))
        rows = np.flatnonzero(truth != predicted)
        support = pd.Series(truth).value_counts()
        # Positions of the misclassified samples by (true, predicted).
        pairs: dict[tuple[Any, Any], list[int]] = {}
        for row in rows:
            pairs.setdefault((truth[row], predicted[row]), []).append(int(row))
        found = []
        for (true, wrong), places in pairs.items():
            texts = [cells[place] for place in places] if cells is not None else []
            found.append(
                {
                    "true": true,
                    "predicted": wrong,
                    "count": len(places),
                    "share": len(places) / int(support[true]),
                    "rows": places,
                    "examples": [str(text) for text in texts if not is_missing(text)],
                }
            )
        columns = ["true", "predicted", "count", "share", "rows", "examples"]
        frame = pd.DataFrame(found, columns=columns).sort_values(
            ["count", "share"], ascending=False, kind="stable", ignore_index=True
        )
        display = cls(frame, len(truth), len(rows))
        return display.plot(ax, n_pairs=n_pairs, n_examples=n_examples)

    def frame(self) -> pd.DataFrame:
        """Return all confusions, the most frequent first.

        Returns
        -------
        confusions : DataFrame
            The columns `true` and `predicted`, categories; `count`, the number of
            samples; `share`, their fraction of the samples of the true category;
            `rows`, a list of their positions from 0; and `examples`, a list of their
            titles.
        """
        return self.confusions.copy()

    @validate_params(
        {
            "n_pairs": [Interval(Integral, 1, None, closed="left")],
            "n_examples": [Interval(Integral, 0, None, closed="left")],
        }
    )
    def plot(
        self, ax: Any = None, *, n_pairs: int = 10, n_examples: int = 2
    ) -> TopConfusionsDisplay:
        """Plot the confusions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        n_pairs : int, default=10
            Maximum number of pairs of categories to plot.

        n_examples : int, default=2
            Maximum number of titles per pair; 0 plots none.

        Returns
        -------
        display : TopConfusionsDisplay
            The display itself.
        """
        shown = self.confusions.head(n_pairs)
        # A title that occurs several times is shown once.
        texts = [list(dict.fromkeys(found))[:n_examples] for found in shown["examples"]]
        # A bar without titles needs the height of the two lines of its name.
        slot = max(_BAR + _LINE * max(map(len, texts), default=0), 0.32) + _GAP
        height = 1.0 + slot * max(len(shown), 1)
        self.ax_ = new_axes(ax, _WIDTH + _NAMES, height, type(self).__name__)
        self.figure_ = self.ax_.figure
        box = self.ax_.get_window_extent()
        width = (_WIDTH - 0.2 if ax is None else box.width / self.figure_.dpi) * 72

        # In inches from the bottom, so that bars and titles keep their distance.
        tops = (len(shown) - np.arange(len(shown))) * slot - _GAP / 2
        self.bars_ = self.ax_.barh(
            tops - _BAR / 2, shown["count"], height=_BAR, color=WRONG, alpha=0.85
        )
        labels = [
            f"{number:,}  ({share:.0%} of the true category)"
            for number, share in zip(shown["count"], shown["share"], strict=True)
        ]
        self.ax_.bar_label(self.bars_, labels, padding=4, **text_style(SMALL))
        right = self.ax_.get_yaxis_transform()
        style = text_style(SMALL, color=GREY, va="center", transform=right)
        for top, examples in zip(tops, texts, strict=True):
            for n, text in enumerate(examples):
                line = wrapped_text(text, width, SMALL, 1)[0]
                self.ax_.text(0.004, top - _BAR - _LINE * (n + 0.55), line, **style)
        style_axes(self.ax_, "x")
        self.ax_.grid(False)  # lines would cross the titles
        names = [
            f"{short_name(true)}\n→ {short_name(wrong)}"
            for true, wrong in zip(shown["true"], shown["predicted"], strict=True)
        ]
        self.ax_.set_yticks(
            tops - (_BAR + (0.12 if any(texts) else 0)) / 2,
            names,
            va="center",
            **text_style(),
        )
        self.ax_.tick_params(axis="y", length=0)
        # Leave space for the label of the longest bar.
        most = int(shown["count"].max()) if len(shown) else 1
        self.ax_.set_xlim(0, most * (1 + 160 / max(width - 160, 60)))
        self.ax_.set_ylim(0, slot * max(len(shown), 1))
        self.ax_.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        self.ax_.set_xlabel("number of samples", fontsize=NORMAL)
        if len(shown) == 0:
            self.ax_.set_axis_off()
        lines = wrapped_text(self._title(shown), width, NORMAL, 3)
        self.ax_.set_title("\n".join(lines), loc="left", **text_style())
        return self

    def _title(self, shown: pd.DataFrame) -> str:
        title = f"{self.n_errors:,} of {count(self.n_products, 'sample')} misclassified"
        if len(shown) < len(self.confusions):
            n_shown = int(shown["count"].sum())
            title += f", {n_shown:,} of them in the {len(shown)} pairs shown"
        return title
