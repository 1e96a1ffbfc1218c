"""Which categories are taken for which, with products to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._cells import as_cells, column_of
from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    SMALL,
    WRONG,
    Lettering,
    axes_for,
    room_in,
    tidy,
)
from amzest.evaluation._displays._inputs import check_labels, check_predicted
from amzest.utils import check_integer, is_missing

#: Heights in inches: a bar, and a line of text beneath it.
_BAR, _LINE, _GAP = 0.2, 0.15, 0.16
#: Width of the bars in a new figure, and of the names beside them, in inches.
_WIDTH, _NAMES = 5.2, 2.8


class TopConfusionsDisplay:
    """The most frequent confusions as bars, with products that were confused.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. With many
    categories a confusion matrix is mostly empty; this shows the cells that matter,
    and titles that tell why: a category that is two, a label that is wrong.

    Parameters
    ----------
    confusions : DataFrame
        One row a pair of categories, as :meth:`frame` gives it.

    n_products : int
        Products there are.

    n_errors : int
        Products that were put into a wrong category.

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
    amzest.evaluation.ProductGridDisplay : The products, with their photos.

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
        """Sort products with a fitted classifier and draw its confusions.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier.

        X : array-like of shape (n_samples, ...)
            Products, in the form that it takes.

        y : array-like of shape (n_samples,)
            Their true categories.

        titles : str or array-like of shape (n_samples,), default=None
            Column of `X` with the titles, or the titles. With None it is the column
            `title` where `X` has one, and no examples are drawn where it has not.

        n_pairs : int, default=10
            Pairs of categories drawn at most.

        n_examples : int, default=2
            Titles drawn for a pair at most; 0 draws none.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : TopConfusionsDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When `X` has no such column.
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
        """Draw the confusions of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True categories.

        y_pred : array-like of shape (n_samples,)
            Predicted categories.

        titles : array-like of shape (n_samples,), default=None
            Titles of the products, where there are any. With None no examples are
            drawn.

        n_pairs : int, default=10
            Pairs of categories drawn at most.

        n_examples : int, default=2
            Titles drawn for a pair at most; 0 draws none.

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : TopConfusionsDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When labels and titles do not fit together.
        """
        truth = check_labels("y_true", y_true)
        predicted = check_predicted(truth, y_pred)
        cells = None
        if titles is not None:
            cells = as_cells("titles", titles, len(truth))
        rows = np.flatnonzero(truth != predicted)
        support = pd.Series(truth).value_counts()
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
            The columns `true` and `predicted`, categories; `count`, the products so
            confused; `share`, what part they are of the true category's products;
            `rows`, a list of their positions counted from 0; and `examples`, a list
            of their titles.
        """
        return self.confusions.copy()

    def plot(
        self, ax: Any = None, *, n_pairs: int = 10, n_examples: int = 2
    ) -> TopConfusionsDisplay:
        """Draw the confusions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        n_pairs : int, default=10
            Pairs of categories drawn at most.

        n_examples : int, default=2
            Titles drawn for a pair at most; 0 draws none.

        Returns
        -------
        display : TopConfusionsDisplay
            The display itself.
        """
        check_integer("n_pairs", n_pairs, 1)
        check_integer("n_examples", n_examples, 0)
        letters = Lettering(type(self).__name__)
        shown = self.confusions.head(n_pairs)
        # A title that stands in the table several times is drawn once.
        texts = [list(dict.fromkeys(found))[:n_examples] for found in shown["examples"]]
        # Two lines of names fit beside a bar with two titles or none.
        slot = max(_BAR + _LINE * max(map(len, texts), default=0), 0.32) + _GAP
        height = 1.0 + slot * max(len(shown), 1)
        self.ax_ = axes_for(ax, _WIDTH + _NAMES, height, type(self).__name__)
        self.figure_ = self.ax_.figure
        room = (_WIDTH - 0.2) * 72 if ax is None else room_in(ax)

        # In inches from the bottom, so that bars and lines keep their distance.
        places = (len(shown) - 1 - np.arange(len(shown))) * slot
        tops = places + slot - _GAP / 2
        self.bars_ = self.ax_.barh(
            tops - _BAR / 2, shown["count"], height=_BAR, color=WRONG, alpha=0.85
        )
        most = int(shown["count"].max()) if len(shown) else 1
        for top, count, share, examples in zip(
            tops, shown["count"], shown["share"], texts, strict=True
        ):
            self.ax_.annotate(
                f"{count:,}  ({share:.0%} of the true category)",
                (count, top - _BAR / 2),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                **letters.style(SMALL),
            )
            for n, text in enumerate(examples):
                line = letters.wrap(text, room, SMALL, 1)[0]
                self.ax_.text(
                    0.004,
                    top - _BAR - _LINE * (n + 0.55),
                    line,
                    transform=self.ax_.get_yaxis_transform(),
                    va="center",
                    clip_on=True,
                    **letters.style(SMALL, color=GREY),
                )
        tidy(self.ax_, "x")
        self.ax_.grid(False)  # lines would run through the titles
        names = [
            letters.name(true, 190, NORMAL, 1)
            + f"\n→ {letters.name(wrong, 176, NORMAL, 1)}"
            for true, wrong in zip(shown["true"], shown["predicted"], strict=True)
        ]
        self.ax_.set_yticks(
            tops - (_BAR + (0.12 if any(texts) else 0)) / 2,
            names,
            va="center",
            **letters.style(NORMAL),
        )
        self.ax_.tick_params(axis="y", length=0)
        # Room for the numbers beside the longest bar.
        self.ax_.set_xlim(0, most * (1 + 160 / max(room - 160, 60)))
        self.ax_.set_ylim(0, slot * max(len(shown), 1))
        self.ax_.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        self.ax_.set_xlabel("products", fontsize=NORMAL)
        head = f"{self.n_errors:,} of {self.n_products:,} products are confused"
        if len(shown) < len(self.confusions):
            head += (
                f", {int(shown['count'].sum()):,} of them in these {len(shown)} ways"
            )
        if len(shown) == 0:
            self.ax_.set_axis_off()
        lines = letters.wrap(head, room, NORMAL, 3)
        self.ax_.set_title("\n".join(lines), loc="left", **letters.style(NORMAL))
        return self
