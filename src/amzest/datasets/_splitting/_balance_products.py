"""Sample the same number of products of each category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from amzest.datasets._shared._constraints import POSITIVE_INTEGER
from amzest.datasets._shared._key_columns import find_column
from amzest.datasets._shared._random_generators import spawn_generators
from amzest.datasets._splitting._category_codes import category_codes, list_categories
from amzest.utils import as_frame, count, take_rows, validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params(
    {
        "n_per_category": [StrOptions({"smallest"}), POSITIVE_INTEGER],
        "random_state": ["random_state"],
        "on_few": [StrOptions({"raise", "keep", "drop"})],
    }
)
def balance_products(
    frame: pd.DataFrame,
    n_per_category: int | Literal["smallest"],
    random_state: int | np.random.RandomState | None = None,
    *,
    category_column: str = "category",
    on_few: Literal["raise", "keep", "drop"] = "raise",
) -> pd.DataFrame:
    """Sample the same number of products of each category, without replacement.

    Parameters
    ----------
    frame : DataFrame
        One row per product. A table of pandas, polars or pyarrow.

    n_per_category : int or "smallest"
        Number of products to keep of each category. "smallest" keeps as many as the
        smallest category has.

    random_state : int, RandomState instance or None, default=None
        Controls which products are sampled. Pass an int for reproducible output across
        multiple function calls.

    category_column : str, default="category"
        Column with the category. Missing values are not allowed.

    on_few : {"raise", "keep", "drop"}, default="raise"
        How to handle categories with fewer products: raise an error, keep all of their
        products, or drop all of them.

    Returns
    -------
    DataFrame
        The sampled rows in their original order and with their index, of the same
        library as `frame`.

    Raises
    ------
    ValueError
        If a category is missing or has too few products, or a parameter is out of
        range.
    TypeError
        If a parameter has the wrong type, or a category is a list or a dict.

    See Also
    --------
    split_products : Split a table into training and test set without leakage.
    check_products : Check that a classifier can be fitted on a table.

    Notes
    -----
    A balanced test set no longer has the class frequencies of the catalogue. Split
    first and balance the training set only, unless this is intended.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import balance_products
    >>> frame = pd.DataFrame({"category": ["Mugs"] * 5 + ["Lamps"] * 2 + ["Rugs"]})
    >>> balanced = balance_products(frame, 2, random_state=0, on_few="keep")
    >>> balanced["category"].tolist()
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
    """Return the sorted positions of the rows that `balance_products` keeps."""
    generator = spawn_generators(random_state)[0]
    codes, values = category_codes(categories, name)
    sizes = np.bincount(codes)
    wanted = (
        int(sizes.min()) if isinstance(n_per_category, str) else int(n_per_category)
    )
    few = np.flatnonzero(sizes < wanted)
    if len(few) and on_few == "raise":
        listed = list_categories([values[code] for code in few], sizes[few].tolist())
        msg = (
            f"`{name}` has {count(len(few), 'category')} with fewer than "
            f"{count(wanted, 'row')}: {listed}. Lower n_per_category to {sizes.min()} "
            'or pass "smallest", add products, or pass on_few="keep" to keep all rows '
            'of such categories or on_few="drop" to drop them.'
        )
        raise ValueError(msg)
    quota = np.full(len(sizes), wanted)
    if on_few == "drop":
        quota[few] = 0
        if not quota.any():
            msg = (
                f'`n_per_category` is {wanted}, and with on_few="drop" no category of '
                f"`{name}` is left: the largest has {count(sizes.max(), 'row')}. "
                "Lower n_per_category."
            )
            raise ValueError(msg)
    rank = rank_within(codes, generator.permutation(len(codes)))
    return np.flatnonzero(rank < quota[codes])


def rank_within(codes: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return each row's rank in a given order among the rows of its category."""
    by_code = order[np.argsort(codes[order], kind="stable")]
    sizes = np.bincount(codes)
    rank = np.empty(len(codes), dtype=np.intp)
    rank[by_code] = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rank
