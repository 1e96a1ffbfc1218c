"""Two parts of a product table of which neither gives the other away."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._key_columns import find_column
from amzest.datasets._shared._row_listing import list_rows
from amzest.datasets._splitting._group_products import group_products
from amzest.datasets._splitting._split_rows import split_rows
from amzest.utils import as_frame, as_series, count, is_missing, take_rows

if TYPE_CHECKING:
    import pandas as pd


def split_products(
    frame: pd.DataFrame,
    test_size: float | int = 0.25,
    random_state: int | np.random.RandomState | None = None,
    *,
    category_column: str = "category",
    title_column: str | None = "title",
    image_column: str | None = "image",
    url_column: str | None = "image_url",
    description_column: str | None = "description",
    similarity: float = 0.8,
    description_similarity: float = 0.8,
    image_root: str | os.PathLike[str] | None = None,
    groups: Sequence[Any] | NDArray[Any] | pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a table into a training and a test part, stratified and without leaks.

    Products whose titles or descriptions are equal or nearly so, or whose images are
    equal, are never on both sides. Shops list one product many times, in other colours
    and sizes; after a random split a classifier finds the twins of many test products
    among those it has learnt from, and its score is too good.

    Parameters
    ----------
    frame : DataFrame
        One row for each product. A table of pandas, polars or pyarrow.

    test_size : float or int, default=0.25
        Share of the rows that goes into the test part, between 0 and 1; an int is a
        number of rows.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same split at each call.

    category_column : str, default="category"
        Column with the category. Its shares are about the same in both parts, and
        each category stands in both. No cell may be missing.

    title_column : str or None, default="title"
        Column with the title, see :func:`group_products`. None leaves titles out of
        account. A table without this column is accepted, another name must exist; so
        it is with the columns of images and descriptions.

    image_column : str or None, default="image"
        Column with the path of a picture, its bytes or its web address.

    url_column : str or None, default="image_url"
        Column with the web address of a picture.

    description_column : str or None, default="description"
        Column with the description, see :func:`group_products`. None leaves
        descriptions out of account.

    similarity : float, default=0.8
        Least similarity of near titles, from 0.5 to 1: the number of words in both
        divided by the number of words in either. A lower one keeps more together.

    description_similarity : float, default=0.8
        Least similarity of near descriptions, in the same measure.

    image_root : str or path-like, default=None
        Folder that relative paths start from. None means the working folder.

    groups : array-like of shape (n_rows,), default=None
        Labels of what must stay together. None takes those of
        :func:`group_products`; otherwise nothing else is compared.

    Returns
    -------
    train, test : tuple of (DataFrame, DataFrame)
        The two parts, in the kind of table that `frame` is. Rows keep their order and
        their index.

    Raises
    ------
    ValueError
        If a column is not there or a category is missing; if a category cannot stand
        on both sides; if a size or similarity is out of range; if a picture's file
        does not exist.
    TypeError
        If a cell or an argument is of the wrong type.

    Warns
    -----
    UserWarning
        If `image_root` is None and none of the relative paths is a file: then only
        equal paths are equal pictures. If descriptions join more than a fifth of the
        rows of a table of 100 rows or more.

    See Also
    --------
    group_products : The groups that stay whole, also for cross-validation.
    balance_products : Draw the same number of products from each category.
    sklearn.model_selection.train_test_split : A split that does not look at twins.

    Notes
    -----
    Rows are shared out to the categories as `train_test_split` does. In each category
    groups are drawn one after another, large ones first. A group goes into the test
    part with the probability that a row has which is drawn from what is left; if it
    is larger than the places that are left, it goes into training. Products without a
    twin then fill the places that remain. So every product has about the same chance,
    and sizes are exact where there are enough products without a twin.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets._splitting._split_products import split_products
    >>> titles = [f"Acme {thing} {n}" for thing in ("Mug", "Lamp") for n in range(8)]
    >>> titles[1] = "ACME mug, 0"
    >>> categories = ["Mugs"] * 8 + ["Lamps"] * 8
    >>> frame = pd.DataFrame({"title": titles, "category": categories})
    >>> train, test = split_products(frame, test_size=0.25, random_state=0)
    >>> len(train), test["category"].value_counts().to_dict()
    (12, {'Mugs': 2, 'Lamps': 2})
    >>> (0 in test.index) == (1 in test.index)
    True
    """
    table = as_frame(frame)
    column = find_column(table, category_column, "category_column")
    if groups is None:
        labels: Any = group_products(
            table,
            title_column=title_column,
            image_column=image_column,
            url_column=url_column,
            description_column=description_column,
            similarity=similarity,
            description_similarity=description_similarity,
            image_root=image_root,
        )
    else:
        labels = _check_groups(groups, len(table))
    categories = column.to_numpy(dtype=object)
    is_test = split_rows(
        categories, labels, test_size, random_state, name=category_column
    )
    return take_rows(frame, ~is_test), take_rows(frame, is_test)


def _check_groups(groups: Any, n_rows: int) -> list[Any]:
    labels = list(as_series(groups, "groups"))
    if len(labels) != n_rows:
        msg = (
            f"`groups` has {count(len(labels), 'label')} for "
            f"{count(n_rows, 'row')}. Give one for each "
            "row."
        )
        raise ValueError(msg)
    lost = [row for row, label in enumerate(labels) if is_missing(label)]
    if lost:
        msg = (
            f"`groups` is missing in {count(len(lost), 'row')}: {list_rows(lost)}. "
            "Give a label of its own to each row that belongs to no group."
        )
        raise ValueError(msg)
    return labels
