"""An image with a heat map of the parts for and against a category."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from amzest.evaluation._displays._drawing import (
    COLOURS,
    SMALL,
    new_axes,
    short_name,
    text_style,
)
from amzest.inspection._compute import POSITIVE, compute_explanation
from amzest.inspection._explained import Explained, check_row
from amzest.inspection._html import as_uint8
from amzest.inspection._text_explanation_display import one_sample
from amzest.utils import shown_list, validate_params


class ImageExplanationDisplay:
    """Heat map of the parts of an image for and against a category.

    Create it with :meth:`from_estimator` or :meth:`from_explanation`. Blue parts speak
    for the category, orange ones against it.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, n_channels)
        Pixels of the image.

    heat_map : ndarray of shape (grid_size, grid_size)
        How much lower the probability is without each part.

    label : object
        The explained category.

    probability : float
        Its probability.

    Attributes
    ----------
    image : ndarray
        The parameter.

    heat_map : ndarray
        The parameter.

    label : object
        The parameter.

    probability : float
        The parameter.

    ax_ : matplotlib Axes
        The axes that were passed or created. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds them. Exists after `plot`.

    See Also
    --------
    explain : Explains any number of samples.
    TextExplanationDisplay : The same for texts.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.inspection import ImageExplanationDisplay
    >>> image, heat_map = np.full((64, 64, 3), 200, np.uint8), np.eye(8) / 8
    >>> display = ImageExplanationDisplay(image, heat_map, "mugs", 0.9).plot()
    >>> display.frame().shape
    (8, 8)
    """

    def __init__(
        self,
        image: NDArray[Any],
        heat_map: NDArray[np.float64],
        label: Any,
        probability: float,
    ) -> None:
        self.image = image
        self.heat_map = heat_map
        self.label = label
        self.probability = probability

    @classmethod
    @validate_params({"grid_size": [POSITIVE]})
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        y: Any = None,
        row: int = 0,
        column: Any = None,
        grid_size: int = 8,
        ax: Any = None,
    ) -> ImageExplanationDisplay:
        """Explain and plot one image.

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

        column : str or int, default=None
            Column of the image. None uses the first one.

        grid_size : int, default=8
            Number of rows and of columns of the heat map.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ImageExplanationDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such row, or it has no image.
        """
        explanation = compute_explanation(
            estimator,
            one_sample(X, row),
            y=y,
            columns=column,
            shares=False,
            grid_size=grid_size,
            max_parts=1,
        )
        return cls.from_explanation(explanation, column=column, ax=ax)

    @classmethod
    def from_explanation(
        cls,
        explanation: Explained,
        *,
        row: int = 0,
        column: Any = None,
        ax: Any = None,
    ) -> ImageExplanationDisplay:
        """Plot one image of an explanation.

        Parameters
        ----------
        explanation : Explanation
            The result of :func:`explain`.

        row : int, default=0
            Position of the sample.

        column : str or int, default=None
            Column of the image. None uses the first one.

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ImageExplanationDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If there is no such row, or it has no image.
        """
        check_row(explanation, row)
        found = [name for sample, name in explanation.heat_maps if sample == row]
        if not found or column not in (None, *found):
            where = "" if column is None else f" in {column!r}"
            raise ValueError(
                f"`row` {row} has no image{where}. Columns with an image: "
                f"{shown_list(found) or 'none'}."
            )
        key = row, found[0] if column is None else column
        sample = explanation.samples.iloc[row]
        display = cls(
            explanation.images[key],
            explanation.heat_maps[key],
            sample["label"],
            float(sample["probability"]),
        )
        return display.plot(ax)

    def frame(self) -> pd.DataFrame:
        """Return the heat map.

        Returns
        -------
        heat_map : DataFrame of shape (grid_size, grid_size)
            Decrease of the probability without each part, from the top left one on.
        """
        return pd.DataFrame(self.heat_map.copy())

    @validate_params({"alpha": [Interval(Real, 0, 1, closed="both")]})
    def plot(self, ax: Any = None, *, alpha: float = 0.55) -> ImageExplanationDisplay:
        """Plot the image in grey, with the heat map on it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        alpha : float, default=0.55
            Opacity of the heat map.

        Returns
        -------
        display : ImageExplanationDisplay
            The display itself.
        """
        self.ax_ = new_axes(ax, 4.6, 4.0, type(self).__name__)
        self.figure_ = self.ax_.figure
        from matplotlib.colors import LinearSegmentedColormap

        grey = as_uint8(self.image).mean(axis=2)
        height, width = grey.shape
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        self.ax_.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=extent)
        colours = [COLOURS[1], "white", COLOURS[0]]
        largest = float(np.abs(self.heat_map).max()) or 1.0
        drawn = self.ax_.imshow(
            self.heat_map,
            cmap=LinearSegmentedColormap.from_list("against_for", colours),
            vmin=-largest,
            vmax=largest,
            alpha=alpha,
            extent=extent,
            interpolation="bilinear",
        )
        self.ax_.set_axis_off()
        bar = self.figure_.colorbar(drawn, ax=self.ax_, shrink=0.8)
        bar.set_label("decrease of the probability", fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL)
        title = f"{short_name(self.label, 40)} ({self.probability:.1%})"
        self.ax_.set_title(title, loc="left", **text_style())
        return self
