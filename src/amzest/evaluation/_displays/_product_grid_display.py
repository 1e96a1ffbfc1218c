"""Products with their true and predicted categories."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.evaluation._displays._cells import as_cells, column_of, decode_images
from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    RIGHT,
    SMALL,
    WRONG,
    new_axes,
    short_name,
    text_style,
    wrapped_text,
)
from amzest.evaluation._displays._inputs import check_labels
from amzest.evaluation._displays._selection import (
    SELECTIONS,
    check_rows,
    prediction_table,
    select_rows,
)
from amzest.utils import is_missing, validate_params

#: Sizes in inches: the width of a tile, the space around it, and a line of text.
_TILE, _GAP, _LINE = 2.0, 0.24, 0.155
_POSITIVE = Interval(Integral, 1, None, closed="left")


class ProductGridDisplay:
    """A grid of products: image, title, label, prediction and probability.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. A correct
    prediction has a green frame and a tick, a wrong one a red, dashed frame and a
    cross, which can be distinguished without colour.

    Parameters
    ----------
    products : DataFrame
        One row per tile, as returned by :meth:`frame`.

    photos : sequence of (ndarray of shape (size, size, 3) or None), default=None
        Decoded images of the tiles. None shows no images.

    Attributes
    ----------
    products : DataFrame
        The parameter.

    photos : sequence or None
        The parameter.

    ax_ : matplotlib Axes
        Axes with all tiles. Exists after `plot`.

    figure_ : matplotlib Figure
        Figure that holds it. Exists after `plot`.

    See Also
    --------
    amzest.evaluation.TopConfusionsDisplay : Which categories are confused.
    amzest.load_products : Loads a table with titles and images.

    Examples
    --------
    >>> from amzest import make_products
    >>> from amzest.evaluation import ProductGridDisplay
    >>> table = make_products(20, n_categories=2, random_state=0).frame
    >>> y_true = table["category"]
    >>> display = ProductGridDisplay.from_predictions(
    ...     y_true,
    ...     y_true[::-1],
    ...     titles=table["title"],
    ...     images=table["image"],
    ...     rows=[3, 0],
    ... )
    >>> display.frame()[["row", "photo"]].values.tolist()
    [[3, 'shown'], [0, 'shown']]
    """

    def __init__(
        self,
        products: pd.DataFrame,
        photos: Sequence[NDArray[np.uint8] | None] | None = None,
    ) -> None:
        self.products = products
        self.photos = photos

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        titles: Any = None,
        images: Any = None,
        image_root: Any = None,
        select: str = "errors",
        rows: Any = None,
        n_products: int = 12,
        n_columns: int = 4,
        random_state: Any = None,
        ax: Any = None,
    ) -> ProductGridDisplay:
        """Plot samples with the predictions of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier. Without `predict_proba` no probabilities are shown.

        X : array-like of shape (n_samples, ...)
            Samples in the form that it accepts.

        y : array-like of shape (n_samples,)
            True labels.

        titles : str or array-like of shape (n_samples,), default=None
            Column of `X` with the titles, or the titles. None uses the column `title`
            if `X` has one.

        images : str or array-like of length n_samples, default=None
            Column of `X` with the images, or the images. None uses the column `image`
            if `X` has one.

        image_root : str or path-like, default=None
            Folder of relative paths. None uses the working directory.

        select : {"errors", "sure errors", "unsure", "random"}, default="errors"
            Which samples are shown, see :meth:`from_predictions`.

        rows : array-like of int, default=None
            Positions of the samples to show, in this order, instead of `select`.

        n_products : int, default=12
            Maximum number of samples to show. Not used with `rows`.

        n_columns : int, default=4
            Number of columns of tiles.

        random_state : int, RandomState instance or None, default=None
            Selects the samples if `select` is "errors" or "random".

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ProductGridDisplay
            The display, plotted.
        """
        proba = hasattr(estimator, "predict_proba")
        return cls.from_predictions(
            y,
            estimator.predict_proba(X) if proba else estimator.predict(X),
            titles=column_of("titles", titles, X, "title"),
            images=column_of("images", images, X, "image"),
            image_root=image_root,
            classes=estimator.classes_ if proba else None,
            select=select,
            rows=rows,
            n_products=n_products,
            n_columns=n_columns,
            random_state=random_state,
            ax=ax,
        )

    @classmethod
    @validate_params(
        {"select": [StrOptions(set(SELECTIONS))], "n_products": [_POSITIVE]}
    )
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        titles: Any = None,
        images: Any = None,
        image_root: Any = None,
        classes: Any = None,
        select: str = "errors",
        rows: Any = None,
        n_products: int = 12,
        n_columns: int = 4,
        random_state: Any = None,
        ax: Any = None,
    ) -> ProductGridDisplay:
        """Plot samples with their predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.

        y_pred : array-like of shape (n_samples,) or (n_samples, n_classes)
            Predicted labels, or probabilities.

        titles : array-like of shape (n_samples,), default=None
            Titles of the samples.

        images : array-like of length n_samples, default=None
            Paths, bytes, PIL images or arrays, and missing images. An image that cannot
            be decoded is replaced by a note.

        image_root : str or path-like, default=None
            Folder of relative paths. None uses the working directory.

        classes : array-like of shape (n_classes,), default=None
            Classes of the columns of probabilities. None uses the sorted true labels.

        select : {"errors", "sure errors", "unsure", "random"}, default="errors"
            Which samples are shown: a random selection of the errors; the errors with
            the highest probability; the samples with the lowest probability, correct or
            not; or a random selection of all. Random selections are in the order of the
            rows.

        rows : array-like of int, default=None
            Positions of the samples to show, in this order, instead of `select`.

        n_products : int, default=12
            Maximum number of samples to show. Not used with `rows`.

        n_columns : int, default=4
            Number of columns of tiles.

        random_state : int, RandomState instance or None, default=None
            Selects the samples if `select` is "errors" or "random".

        ax : matplotlib Axes, default=None
            Axes to plot on. None creates a new figure.

        Returns
        -------
        display : ProductGridDisplay
            The display, plotted.

        Raises
        ------
        ValueError
            If labels, probabilities, titles and images do not match, a row does not
            exist, or `select` needs probabilities and `y_pred` has labels.
        """
        truth = check_labels("y_true", y_true)
        table = prediction_table(truth, y_pred, classes)
        if titles is not None:
            table["title"] = as_cells("titles", titles, len(truth))
        if rows is None:
            chosen = select_rows(table, select, n_products, random_state)
        else:
            chosen = check_rows(rows, len(truth))
        products = table.iloc[chosen].reset_index(drop=True)
        decoded = None
        if images is not None:
            cells = as_cells("images", images, len(truth))
            root = None if image_root is None else Path(image_root)
            shown = [cells[row] for row in chosen]
            decoded, products["photo"] = decode_images(shown, root, cls.__name__)
        return cls(products, decoded).plot(ax, n_columns=n_columns)

    def frame(self) -> pd.DataFrame:
        """Return the texts of the tiles.

        Returns
        -------
        products : DataFrame
            The columns `row`, the position of the sample from 0; `true` and
            `predicted`, categories; `correct`; `probability` of the predicted and
            `probability_true` of the true category, NaN if unknown; `title`, if titles
            were passed; and `photo`, if images were passed, which is "shown" or the
            reason why the image is not.
        """
        return self.products.copy()

    @validate_params({"n_columns": [_POSITIVE]})
    def plot(self, ax: Any = None, *, n_columns: int = 4) -> ProductGridDisplay:
        """Plot the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; texts are scaled with the tiles. None creates a new figure
            of a legible size.

        n_columns : int, default=4
            Number of columns of tiles.

        Returns
        -------
        display : ProductGridDisplay
            The display itself.
        """
        name = type(self).__name__
        n_columns = max(min(n_columns, len(self.products)), 1)
        tiles = [_texts(tile) for tile in self.products.to_dict("records")]
        top_of_text = 0.0 if self.photos is None else _TILE
        # Each row of tiles is as high as its longest texts.
        heights = [
            top_of_text + _LINE * (max(map(len, tiles[n : n + n_columns])) + 0.6) + _GAP
            for n in range(0, len(tiles), n_columns)
        ]
        width = n_columns * (_TILE + _GAP) + _GAP
        height = sum(heights) + _GAP if tiles else 0.6
        self.ax_ = new_axes(ax, width, height, name)
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        # One unit is an inch of a new figure; axes of the user may be smaller.
        self.ax_.set(xlim=(0, width), ylim=(height, 0), aspect="equal", anchor="N")
        # Points per inch of the grid, relative to a new figure.
        scale = 1.0
        if ax is None:
            self.figure_.get_layout_engine().set(w_pad=0, h_pad=0)
        else:
            box = ax.get_window_extent()
            inches = box.width / width, box.height / height
            scale = min(inches) / self.figure_.dpi
        if not tiles:
            self._write(width / 2, height / 2, "no product to show", NORMAL, scale)
        for n, texts in enumerate(tiles):
            line, column = divmod(n, n_columns)
            left = _GAP + column * (_TILE + _GAP)
            top = _GAP + sum(heights[:line])
            if self.photos is not None:
                self._draw_image(n, left, top, scale)
            for place, (text, style) in enumerate(texts):
                y = top + top_of_text + _LINE * (place + 0.9)
                self._write(left, y, text, SMALL, scale, ha="left", **style)
        return self

    def _write(
        self, x: float, y: float, text: str, size: float, scale: float, **style: Any
    ) -> None:
        style = {"ha": "center", "va": "center", **style}
        self.ax_.text(x, y, text, **text_style(size * scale, **style))

    def _draw_image(self, n: int, left: float, top: float, scale: float) -> None:
        """Show the image, or a note why there is none, and its frame."""
        tile = self.products.iloc[n]
        image = self.photos[n] if self.photos is not None else None
        if image is not None:
            extent = (left, left + _TILE, top + _TILE, top)
            self.ax_.imshow(image, extent=extent, aspect="equal", zorder=1)
        else:
            note = "\n".join(wrapped_text(tile["photo"], 0.85 * _TILE * 72, NORMAL, 5))
            x, y = left + _TILE / 2, top + _TILE / 2
            self._write(x, y, note, NORMAL, scale, color=GREY)
        right, bottom = left + _TILE, top + _TILE
        self.ax_.plot(
            [left, right, right, left, left],
            [top, top, bottom, bottom, top],
            color=RIGHT if tile["correct"] else WRONG,
            linewidth=2 * scale,
            linestyle="-" if tile["correct"] else (0, (4, 1.5)),
            zorder=2,
        )


def _texts(tile: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the lines below an image, each with the properties of its text."""
    width = _TILE * 72
    lines: list[tuple[str, dict[str, Any]]] = []
    if "title" in tile:
        title = "no title" if is_missing(tile["title"]) else tile["title"]
        lines = [(line, {}) for line in wrapped_text(title, width, SMALL, 2)]
    sign, colour = ("✓", RIGHT) if tile["correct"] else ("✗", WRONG)
    texts = [(f"{sign} {tile['predicted']}", tile["probability"], colour, "bold")]
    if not tile["correct"]:
        label = f"label: {tile['true']}"
        texts.append((label, tile["probability_true"], "0.15", "normal"))
    for text, probability, color, weight in texts:
        ending = "" if np.isnan(probability) else f" ({probability:.0%})"
        # Shorten the name in its middle until it fits on two lines with its ending.
        length, wrapped = 52, [""] * 3
        while len(wrapped) > 2:
            short = short_name(text, length) + ending
            wrapped = wrapped_text(short, width, SMALL, 3, weight=weight)
            length -= 4
        lines += [(line, {"color": color, "fontweight": weight}) for line in wrapped]
    lines.append((f"row {tile['row']}", {"color": "0.5"}))
    return lines
