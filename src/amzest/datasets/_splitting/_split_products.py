"""Split a product table into training and test set without leakage."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._constraints import TEST_SIZE
from amzest.datasets._shared._key_columns import find_column
from amzest.datasets._shared._row_listing import list_rows
from amzest.datasets._splitting._group_products import group_products
from amzest.datasets._splitting._split_rows import split_rows
from amzest.utils import (
    as_frame,
    as_series,
    count,
    is_missing,
    take_rows,
    validate_params,
)

if TYPE_CHECKING:
    import pandas as pd


@validate_params({"test_size": TEST_SIZE, "random_state": ["random_state"]})
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
    """Split a table into training and test set, stratified and without leakage.

    Products whose titles or descriptions are equal or nearly equal, or whose images are
    equal, are never in both sets. Shops list one product many times, in several colours
    and sizes; after a random split, the training set contains near-duplicates of many
    test products, and the test score is too optimistic.

    Parameters
    ----------
    frame : DataFrame
        One row per product. A table of pandas, polars or pyarrow.

    test_size : float or int, default=0.25
        If float, the proportion of the rows in the test set, between 0 and 1. If int,
        the number of rows.

    random_state : int, RandomState instance or None, default=None
        Controls the split. Pass an int for reproducible output across multiple function
        calls.

    category_column : str, default="category"
        Column with the category, by which the split is stratified; each category occurs
        in both sets. Missing values are not allowed.

    title_column : str or None, default="title"
        Column with the title, see :func:`group_products`. With None titles are ignored.
        The column `title` may be absent, a column of another name must exist. The same
        holds for the columns of images and descriptions.

    image_column : str or None, default="image"
        Column with the path, the bytes or the URL of an image.

    url_column : str or None, default="image_url"
        Column with the URL of an image.

    description_column : str or None, default="description"
        Column with the description, see :func:`group_products`. With None descriptions
        are ignored.

    similarity : float, default=0.8
        Minimum Jaccard similarity of near titles, from 0.5 to 1: the number of words in
        both divided by the number of words in either. Lower values give larger groups.

    description_similarity : float, default=0.8
        Minimum Jaccard similarity of near descriptions, from 0.5 to 1.

    image_root : str or path-like, default=None
        Folder that relative paths start from. None means the working directory.

    groups : array-like of shape (n_rows,), default=None
        Group labels; a group is never divided. None uses :func:`group_products`.
        Otherwise texts and images are not compared.

    Returns
    -------
    train, test : tuple of (DataFrame, DataFrame)
        Training and test set, of the same library as `frame`. Rows keep their order and
        their index.

    Raises
    ------
    ValueError
        If a column is absent or a category is missing; if a category cannot occur in
        both sets; if a size or similarity is out of range; if an image file does not
        exist.
    TypeError
        If a cell or a parameter has the wrong type.

    Warns
    -----
    UserWarning
        If `image_root` is None and none of the relative paths is a file: then only
        equal paths are equal images. If descriptions connect more than a fifth of the
        rows of a table of at least 100 rows.

    See Also
    --------
    group_products : The groups, also for cross-validation.
    balance_products : Sample the same number of products of each category.
    sklearn.model_selection.train_test_split : A split that ignores near-duplicates.

    Notes
    -----
    Test rows are allocated to categories as by `train_test_split`. Within a category,
    groups are visited in random order, large ones first. A group goes into the test set
    with probability (test rows still needed) / (rows still to place), and into the
    training set if it is larger than the number of test rows still needed. Products
    without near-duplicates fill the rest. So all products have about the same
    probability, and the sizes are exact if there are enough products without
    near-duplicates.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import split_products
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
            f"`groups` has {count(len(labels), 'label')} for {count(n_rows, 'row')}. "
            "Pass one label per row."
        )
        raise ValueError(msg)
    missing = [row for row, label in enumerate(labels) if is_missing(label)]
    if missing:
        msg = (
            f"`groups` is missing in {count(len(missing), 'row')}: "
            f"{list_rows(missing)}. Use a unique label for each row that belongs to no "
            "group."
        )
        raise ValueError(msg)
    return labels
