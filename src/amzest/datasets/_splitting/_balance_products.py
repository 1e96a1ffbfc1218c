"""As many products of each category."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._making._shop_plan import draw_streams
from amzest.datasets._shared._key_columns import find_column
from amzest.datasets._splitting._category_codes import category_codes, list_categories
from amzest.utils import (
    as_frame,
    count,
    shown,
    take_rows,
)

if TYPE_CHECKING:
    import pandas as pd


def balance_products(
    frame: pd.DataFrame,
    n_per_category: int | Literal["smallest"],
    random_state: int | np.random.RandomState | None = None,
    *,
    category_column: str = "category",
    on_few: Literal["raise", "keep", "drop"] = "raise",
) -> pd.DataFrame:
    """Draw the same number of products from each category, without replacement.

    Parameters
    ----------
    frame : DataFrame
        One row for each product. A table of pandas, polars or pyarrow.

    n_per_category : int or "smallest"
        Number of products that are kept of each category. "smallest" keeps as many
        as the smallest category has.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same products at each call.

    category_column : str, default="category"
        Column with the category. No cell may be missing.

    on_few : {"raise", "keep", "drop"}, default="raise"
        What to do about categories with fewer products: raise an error, keep all of
        their products, or drop them all.

    Returns
    -------
    DataFrame
        The chosen rows, in their order and with their index, in the kind of table that
        `frame` is.

    Raises
    ------
    ValueError
        If a category is missing or has too few products, or an argument is out of
        range.
    TypeError
        If an argument is of the wrong type, or a category is a list or a dict.

    See Also
    --------
    split_products : Split a table so that nothing leaks from one side to the other.
    check_products : Checks that a table can be learnt from.

    Notes
    -----
    A test set that has been balanced no longer shows how often each category occurs.
    Split first and balance the training part, unless that is what is wanted.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets._splitting._balance_products import balance_products
    >>> frame = pd.DataFrame({"category": ["Mugs"] * 5 + ["Lamps"] * 2 + ["Rugs"]})
    >>> chosen = balance_products(frame, 2, random_state=0, on_few="keep")
    >>> chosen["category"].tolist()
    ['Mugs', 'Mugs', 'Lamps', 'Lamps', 'Rugs']
    >>> len(balance_products(frame, "smallest", random_state=0))
    3
    """
    column = find_column(as_frame(frame), category_column, "category_column")
    categories = column.to_numpy(dtype=object)
    positions = balance_rows(
        categories, n_per_category, random_state, on_few, name=category_column
    )
    return take_rows(frame, positions)


def balance_rows(
    categories: Sequence[Any] | NDArray[Any],
    n_per_category: int | Literal["smallest"],
    random_state: int | np.random.RandomState | None = None,
    on_few: Literal["raise", "keep", "drop"] = "raise",
    *,
    name: str = "categories",
) -> NDArray[np.intp]:
    """Draw the same number of rows from each category.

    Parameters
    ----------
    categories : sequence of shape (n_rows,)
        Category of each row; any hashable values.

    n_per_category : int or "smallest"
        Number of rows of each category, see :func:`balance_products`.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same rows at each call.

    on_few : {"raise", "keep", "drop"}, default="raise"
        What to do about categories with fewer rows.

    name : str, default="categories"
        The column, for messages.

    Returns
    -------
    ndarray of shape (n_chosen,), dtype intp
        Positions of the chosen rows, rising.

    Raises
    ------
    ValueError
        As :func:`balance_products`.
    TypeError
        As :func:`balance_products`.
    """
    _check_arguments(n_per_category, on_few)
    rng = draw_streams(random_state)["order"]
    codes, values = category_codes(categories, name)
    sizes = np.bincount(codes)
    wanted = (
        int(sizes.min()) if isinstance(n_per_category, str) else int(n_per_category)
    )
    few = np.flatnonzero(sizes < wanted)
    if len(few) and on_few == "raise":
        listed = list_categories([values[code] for code in few], sizes[few].tolist())
        one = len(few) == 1
        msg = (
            f"`{name}` has {len(few)} {'category' if one else 'categories'} with fewer "
            f"than {count(wanted, 'row')}: {listed}. Lower n_per_category to "
            f"{sizes.min()} or "
            'pass "smallest", add products, or pass on_few="keep" to take all rows of '
            f'{"it" if one else "them"} or on_few="drop" to take none.'
        )
        raise ValueError(msg)
    quota = np.full(len(sizes), wanted)
    if on_few == "drop":
        quota[few] = 0
        if not quota.any():
            msg = (
                f'`n_per_category` is {wanted}, and with on_few="drop" no category of '
                f"`{name}` is left: the largest has {count(sizes.max(), 'row')}. "
                "Lower it."
            )
            raise ValueError(msg)
    rank = rank_within(codes, rng.permutation(len(codes)))
    return np.flatnonzero(rank < quota[codes])


def rank_within(codes: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Count, for each row, the rows of its category that come earlier in an order."""
    by_code = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes)
    rank = np.empty(len(codes), dtype=np.intp)
    rank[by_code] = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank


def _check_arguments(n_per_category: Any, on_few: Any) -> None:
    if isinstance(n_per_category, str):
        if n_per_category != "smallest":
            msg = (
                '`n_per_category` must be a positive int or "smallest", got '
                f"{shown(n_per_category)}."
            )
            raise ValueError(msg)
    elif isinstance(n_per_category, bool) or not isinstance(n_per_category, Integral):
        msg = (
            '`n_per_category` must be an int or "smallest", got '
            f"{shown(n_per_category)}."
        )
        raise TypeError(msg)
    elif int(n_per_category) < 1:
        msg = f"`n_per_category` must be at least 1, got {n_per_category}."
        raise ValueError(msg)
    if on_few not in ("raise", "keep", "drop"):
        msg = f"`on_few` must be one of 'raise', 'keep', 'drop', got {shown(on_few)}."
        raise ValueError(msg)
