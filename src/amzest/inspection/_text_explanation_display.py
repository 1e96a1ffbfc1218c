"""Bars of the words for and against a category."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._displays._drawing import (
    COLOURS,
    NORMAL,
    new_axes,
    short_name,
    style_axes,
    text_style,
)
from amzest.inspection._compute import (
    CONSTRAINTS,
    POSITIVE,
    Method,
    compute_explanation,
)
from amzest.inspection._explained import Explained, check_row
from amzest.inspection._samples import Samples
from amzest.utils import validate_params


class TextExplanationDisplay:
    """Contributions of the words of a sample to the score of a category.

    Create it with :meth:`from_estimator` or :meth:`from_explanation`. Words for the
    category have bars to the right, words against it bars to the left.

    Parameters
    ----------
    words : DataFrame
        The columns `column`, `word` and `contribution`, one row per word.

    label : object
        The explained category.

    probability : float
        Its probability.

    method : {"exact", "integrated_gradients", "occlusion"}
        How the contributions were computed.

    Attributes
    ----------
    words : DataFrame
        The parameter.

    label : object
        The parameter.

    probability : float
        The parameter.

    method : str
        The parameter.

    ax_ : matplotlib Axes
        The axes that were passed or created. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds them. Exists after `plot`.

    See Also
    --------
    explain : Explains any number of samples.
    ImageExplanationDisplay : The same for images.

    Examples
    --------
    >>> from amzest import TextLinearClassifier
    >>> from amzest.inspection import TextExplanationDisplay
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> clf = TextLinearClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> display = TextExplanationDisplay.from_estimator(clf, ["a red garden hose"])
    >>> display.label
    'garden'
    >>> display.frame()["word"].tolist()
    ['garden', 'hose', 'a', 'red']
    """

    def __init__(
        self, words: pd.DataFrame, label: Any, probability: float, method: str
    ) -> None:
        self.words = words
        self.label = label
        self.probability = probability
        self.method = method

    @classmethod
    @validate_params({"method": CONSTRAINTS["method"], "n_words": [POSITIVE]})
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        y: Any = None,
        row: int = 0,
        method: Method = "auto",
        n_words: int = 12,
        ax: Any = None,
    ) -> TextExplanationDisplay:
        """Explain and plot one sample.

        Parameters
        ----------
        estimator : classifier
            Fitted, with `predict_proba`.

        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `estimator`.

        y : label, default=None
            Category to explain. None explains the one with the highest probability.

        row : int, default=0
            Position of the sample.

        method : {"auto", "exact", "integrated_gradients", "occlusion"}, default="auto"
            How contributions are computed, see :func:`explain`.

        n_words : int, default=12
            Number of words with the largest absolute contributions that are plotted.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TextExplanationDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such row, or :func:`explain` raises.
        """
        explanation = compute_explanation(
            estimator, one_sample(X, row), y=y, method=method, shares=False
        )
        return cls.from_explanation(explanation, n_words=n_words, ax=ax)

    @classmethod
    def from_explanation(
        cls,
        explanation: Explained,
        *,
        row: int = 0,
        n_words: int = 12,
        ax: Any = None,
    ) -> TextExplanationDisplay:
        """Plot one sample of an explanation.

        Parameters
        ----------
        explanation : Explanation
            The result of :func:`explain`.

        row : int, default=0
            Position of the sample.

        n_words : int, default=12
            Number of words with the largest absolute contributions that are plotted.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : TextExplanationDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such row.
        """
        check_row(explanation, row)
        words = explanation.words
        own = words.loc[words["row"] == row, ["column", "word", "contribution"]]
        sample = explanation.samples.iloc[row]
        display = cls(
            own.sort_values(
                "contribution", ascending=False, kind="stable", ignore_index=True
            ),
            sample["label"],
            float(sample["probability"]),
            explanation.method,
        )
        return display.plot(ax, n_words=n_words)

    def frame(self) -> pd.DataFrame:
        """Return the contributions, the largest first.

        Returns
        -------
        words : DataFrame
            A copy of `words`.
        """
        return self.words.copy()

    @validate_params({"n_words": [POSITIVE]})
    def plot(self, ax: Any = None, *, n_words: int = 12) -> TextExplanationDisplay:
        """Plot the words.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        n_words : int, default=12
            Number of words with the largest absolute contributions that are plotted.

        Returns
        -------
        display : TextExplanationDisplay
            The display itself.
        """
        largest = self.words["contribution"].abs().nlargest(n_words).index
        shown = self.words.loc[np.sort(largest.to_numpy())]
        height = 1.1 + 0.25 * max(len(shown), 1)
        self.ax_ = new_axes(ax, 6.4, height, type(self).__name__)
        self.figure_ = self.ax_.figure
        values = shown["contribution"].to_numpy(dtype=float)
        colours = [COLOURS[0] if value >= 0 else COLOURS[1] for value in values]
        places = np.arange(len(shown))[::-1]
        self.ax_.barh(places, values, height=0.7, color=colours)
        self.ax_.axvline(0, color="0.2", linewidth=0.8)
        style_axes(self.ax_, "x")
        self.ax_.set_yticks(places, self._names(shown), **text_style())
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.set_xlabel(
            "decrease of the probability without the word"
            if self.method == "occlusion"
            else "contribution to the score",
            fontsize=NORMAL,
        )
        title = f"{short_name(self.label, 48)} ({self.probability:.1%})"
        if shown.empty:
            title += ": no words"
        self.ax_.set_title(title, loc="left", **text_style())
        return self

    def _names(self, shown: pd.DataFrame) -> list[str]:
        """Return the words, with their columns if there are several."""
        names = [short_name(word) for word in shown["word"]]
        if self.words["column"].nunique() < 2:
            return names
        columns = [short_name(column, 16) for column in shown["column"]]
        return [f"{n}  ({c})" for n, c in zip(names, columns, strict=True)]


def one_sample(X: Any, row: int) -> Any:
    """Return one row of `X`, in a container of the same kind."""
    samples = Samples(X)
    if not 0 <= row < len(samples):
        raise ValueError(
            f"`row` is {row}, but `X` has {len(samples)} rows: positions are from 0 to "
            f"{len(samples) - 1}."
        )
    return samples.with_cells(np.array([row]), {})
