"""The products themselves, with what they are and what they were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.evaluation._displays._cells import as_cells, column_of, decode_photos
from amzest.evaluation._displays._drawing import (
    GREY,
    NORMAL,
    RIGHT,
    SMALL,
    WRONG,
    Lettering,
    axes_for,
)
from amzest.evaluation._displays._inputs import check_labels
from amzest.evaluation._displays._selection import (
    SELECTIONS,
    check_rows,
    predictions_of,
    select_rows,
)
from amzest.utils import check_choice, check_integer, is_missing

#: Sizes in inches: a tile's width and the space around it, the line of a text.
_TILE, _GAP, _LINE = 2.0, 0.24, 0.155


class ProductGridDisplay:
    """A grid of products: photo, title, true and predicted category, probability.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. A right prediction
    has a green frame and a tick, a wrong one a red, dashed frame and a cross, so that
    colour is not needed to tell them apart.

    Parameters
    ----------
    products : DataFrame
        One row a tile, as :meth:`frame` gives it.

    photos : sequence of (ndarray of shape (size, size, 3) or None), default=None
        Decoded photos of the tiles. With None no photos are drawn.

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
    amzest.evaluation.TopConfusionsDisplay : Which categories are taken for which.
    amzest.load_products : Loads a table with titles and photos.

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
        """Sort products with a fitted classifier and draw some of them.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier. Without `predict_proba` no probabilities are drawn.

        X : array-like of shape (n_samples, ...)
            Products, in the form that it takes.

        y : array-like of shape (n_samples,)
            Their true categories.

        titles : str or array-like of shape (n_samples,), default=None
            Column of `X` with the titles, or the titles. With None it is the column
            `title` where `X` has one.

        images : str or array-like of length n_samples, default=None
            Column of `X` with the photos, or the photos. With None it is the column
            `image` where `X` has one.

        image_root : str or path-like, default=None
            Folder that relative paths start from. With None the working directory.

        select : {"errors", "sure errors", "unsure", "random"}, default="errors"
            Which products are drawn, see :meth:`from_predictions`.

        rows : array-like of int, default=None
            Positions of the products to draw, in this order, in place of `select`.

        n_products : int, default=12
            Products drawn at most. Not used with `rows`.

        n_columns : int, default=4
            Tiles beside each other.

        random_state : int, RandomState instance or None, default=None
            Draws products where `select` is "errors" or "random".

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : ProductGridDisplay
            The display, drawn.
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
        """Draw some products with their predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True categories.

        y_pred : array-like of shape (n_samples,) or (n_samples, n_classes)
            Predicted categories, or probabilities.

        titles : array-like of shape (n_samples,), default=None
            Titles, where there are any.

        images : array-like of length n_samples, default=None
            Photos: paths, bytes, PIL images or arrays, missing ones included. One that
            cannot be decoded is a tile that says so.

        image_root : str or path-like, default=None
            Folder that relative paths start from. With None the working directory.

        classes : array-like of shape (n_classes,), default=None
            Categories of the columns of probabilities. With None the sorted true ones.

        select : {"errors", "sure errors", "unsure", "random"}, default="errors"
            Which products are drawn: wrong ones, drawn at random; the wrong ones of
            which the model is surest; those of which it is least sure, right or wrong;
            or any, drawn at random. What is drawn at random stands in the order of
            the rows.

        rows : array-like of int, default=None
            Positions of the products to draw, in this order, in place of `select`.

        n_products : int, default=12
            Products drawn at most. Not used with `rows`.

        n_columns : int, default=4
            Tiles beside each other.

        random_state : int, RandomState instance or None, default=None
            Draws products where `select` is "errors" or "random".

        ax : matplotlib Axes, default=None
            Where to draw. With None a new figure is made.

        Returns
        -------
        display : ProductGridDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            When labels, probabilities, titles and photos do not fit together, a row
            does not exist, or `select` needs probabilities that are not there.
        """
        check_choice("select", select, SELECTIONS)
        check_integer("n_products", n_products, 1)
        truth = check_labels("y_true", y_true)
        table = predictions_of(truth, y_pred, classes)
        if titles is not None:
            table["title"] = as_cells("titles", titles, len(truth))
        if rows is None:
            chosen = select_rows(table, select, n_products, random_state)
        else:
            chosen = check_rows(rows, len(truth))
        products = table.iloc[chosen].reset_index(drop=True)
        photos = None
        if images is not None:
            pictures = as_cells("images", images, len(truth))
            root = None if image_root is None else Path(image_root)
            wanted = [pictures[row] for row in chosen]
            photos, products["photo"] = decode_photos(wanted, root, cls.__name__)
        return cls(products, photos).plot(ax, n_columns=n_columns)

    def frame(self) -> pd.DataFrame:
        """Return what the tiles say.

        Returns
        -------
        products : DataFrame
            The columns `row`, position of the product counted from 0; `true` and
            `predicted`, categories; `correct`; `probability` of the predicted and
            `probability_true` of the true category, NaN where they are not known;
            `title`, where titles were given; and where photos were given `photo`,
            which is "shown" or tells why it is not.
        """
        return self.products.copy()

    def plot(self, ax: Any = None, *, n_columns: int = 4) -> ProductGridDisplay:
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; texts shrink with the tiles. With None a new figure is made,
            of the size that can be read.

        n_columns : int, default=4
            Tiles beside each other.

        Returns
        -------
        display : ProductGridDisplay
            The display itself.
        """
        check_integer("n_columns", n_columns, 1)
        name = type(self).__name__
        letters = Lettering(name)
        n_columns = max(min(n_columns, len(self.products)), 1)
        tiles = [_texts(letters, tile) for tile in self.products.to_dict("records")]
        photo = 0.0 if self.photos is None else _TILE
        # Each row of tiles is as high as its longest texts.
        heights = [
            photo + _LINE * (max(map(len, tiles[n : n + n_columns])) + 0.6) + _GAP
            for n in range(0, len(tiles), n_columns)
        ]
        width = n_columns * (_TILE + _GAP) + _GAP
        height = sum(heights) + _GAP if tiles else 0.6
        self.ax_ = axes_for(ax, width, height, name)
        self.figure_ = self.ax_.figure
        self.ax_.set_axis_off()
        # One unit is an inch of a new figure; the user's axes may be smaller.
        self.ax_.set(xlim=(0, width), ylim=(height, 0), aspect="equal", anchor="N")
        scale = 1.0
        if ax is None:
            self.figure_.get_layout_engine().set(w_pad=0, h_pad=0)
        else:
            box = ax.get_window_extent()
            inches = box.width / width, box.height / height
            scale = min(inches) / self.figure_.dpi
        if not tiles:
            self.ax_.text(
                width / 2,
                height / 2,
                "no product to show",
                ha="center",
                va="center",
                fontsize=NORMAL * scale,
            )
        for n, texts in enumerate(tiles):
            line, column = divmod(n, n_columns)
            left = _GAP + column * (_TILE + _GAP)
            top = _GAP + sum(heights[:line])
            if self.photos is not None:
                self._draw_photo(letters, n, left, top, scale)
            for place, (text, style) in enumerate(texts):
                self.ax_.text(
                    left,
                    top + photo + _LINE * (place + 0.9),
                    text,
                    va="center",
                    **letters.style(SMALL * scale, **style),
                )
        return self

    def _draw_photo(
        self, letters: Lettering, n: int, left: float, top: float, scale: float
    ) -> None:
        """Draw a photo or a tile that says why there is none, and its frame."""
        tile = self.products.iloc[n]
        photo = self.photos[n] if self.photos is not None else None
        if photo is not None:
            extent = (left, left + _TILE, top + _TILE, top)
            self.ax_.imshow(photo, extent=extent, aspect="equal", zorder=1)
        else:
            lines = letters.wrap(tile["photo"], 0.85 * _TILE * 72, NORMAL, 5)
            self.ax_.text(
                left + _TILE / 2,
                top + _TILE / 2,
                "\n".join(lines),
                ha="center",
                va="center",
                **letters.style(NORMAL * scale, color=GREY),
            )
        x, y = [left, left + _TILE], [top, top + _TILE]
        self.ax_.plot(
            [x[0], x[1], x[1], x[0], x[0]],
            [y[0], y[0], y[1], y[1], y[0]],
            color=RIGHT if tile["correct"] else WRONG,
            linewidth=2 * scale,
            linestyle="-" if tile["correct"] else (0, (4, 1.5)),
            zorder=2,
        )


def _texts(letters: Lettering, tile: dict[str, Any]) -> list[tuple[str, Any]]:
    """Give the lines beneath a photo and how they look."""
    room = _TILE * 72
    lines: list[tuple[str, Any]] = []
    if "title" in tile:
        title = "no title" if is_missing(tile["title"]) else tile["title"]
        lines = [(line, {}) for line in letters.wrap(title, room, SMALL, 2)]
    sign, colour = ("✓", RIGHT) if tile["correct"] else ("✗", WRONG)
    bold = {"color": colour, "fontweight": "bold"}
    said = [(f"{sign} {tile['predicted']}", tile["probability"], bold)]
    if not tile["correct"]:
        normal = {"color": "0.15"}
        said.append((f"true: {tile['true']}", tile["probability_true"], normal))
    for text, probability, look in said:
        share = "" if np.isnan(probability) else f" {probability:.0%}"
        # Bold letters are wider than those that are measured.
        fitted = letters.name(text + share, room / 1.14, SMALL, 2)
        lines += [(line, look) for line in fitted.split("\n")]
    lines.append((f"row {tile['row']}", {"color": "0.5"}))
    return lines
