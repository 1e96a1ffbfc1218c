"""Groups of products that belong on one side of a split."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._splitting._equal_pictures import picture_keys
from amzest.datasets._splitting._near_descriptions import near_description_groups
from amzest.datasets._splitting._near_titles import (
    check_similarity,
    near_title_groups,
    number_labels,
)
from amzest.utils import (
    as_frame,
    shown,
    shown_list,
)

if TYPE_CHECKING:
    import pandas as pd


_DEFAULTS = {
    "title_column": "title",
    "image_column": "image",
    "url_column": "image_url",
    "description_column": "description",
}
#: A group with a larger share of the rows is worth a warning, in a table of so many.
_MAX_FRACTION = 0.2
_MIN_ROWS = 100


def group_products(
    frame: pd.DataFrame,
    *,
    title_column: str | None = "title",
    image_column: str | None = "image",
    url_column: str | None = "image_url",
    description_column: str | None = "description",
    similarity: float = 0.8,
    description_similarity: float = 0.8,
    image_root: str | os.PathLike[str] | None = None,
) -> NDArray[np.int64]:
    """Give products that are nearly the same one label.

    Products are together when their titles or descriptions are equal or nearly so,
    when their images are equal, and when a chain of such products joins them. The
    labels are `groups` for :class:`~sklearn.model_selection.GroupKFold` and the like:
    a product is then never scored by a model that has learnt from its twin.

    Parameters
    ----------
    frame : DataFrame
        One row for each product. A table of pandas, polars or pyarrow.

    title_column : str or None, default="title"
        Column with the title. Missing titles are near to none. None leaves titles
        out of account. A table without a column `title` is accepted, another name
        must exist; so it is with the three other columns, but one must be there.

    image_column : str or None, default="image"
        Column with the path of a picture, its bytes or its web address. Files and
        bytes are equal when their contents are, byte by byte.

    url_column : str or None, default="image_url"
        Column with the web address of a picture. Addresses are equal but for their
        protocol; at Amazon, when the number of the picture is the same, whatever the
        host and the size. Amazon's `no-img` placeholder is no picture.

    description_column : str or None, default="description"
        Column with the description: text, or a list of texts. A sentence that occurs
        under more than 20 titles, and more than 2 % of all titles, is boilerplate and
        is not compared; near titles count once. Descriptions of which fewer than 5
        distinct words are left are near to none. The first 4,000 characters are
        compared. Where a chain of near descriptions joins more titles than that,
        only nearer ones stay together. None leaves descriptions out of account.

    similarity : float, default=0.8
        Least similarity of near titles, from 0.5 to 1: the number of words in both
        divided by the number of words in either (Jaccard), without regard to case,
        signs, order and repetition. With 0.8 two titles of nine words may differ in
        one word each.

    description_similarity : float, default=0.8
        Least similarity of near descriptions, from 0.5 to 1, in the same measure.

    image_root : str or path-like, default=None
        Folder that relative paths start from. None means the working folder.

    Returns
    -------
    groups : ndarray of shape (n_rows,), dtype int64
        Labels 0, 1, ... in the order in which they first appear.

    Raises
    ------
    ValueError
        If a column is not there, a similarity is out of range or a picture's file
        does not exist.
    TypeError
        If a cell is of a kind that its column cannot have.

    Warns
    -----
    UserWarning
        If `image_root` is None and none of the relative paths is a file: then only
        equal paths are equal pictures. If descriptions join more than a fifth of the
        rows of a table of 100 rows or more.

    See Also
    --------
    split_products : Split a table so that groups stay whole.
    sklearn.model_selection.StratifiedGroupKFold : Cross-validation by groups.

    Notes
    -----
    The join of the titles is exact and takes nearly linear time: words are put in one
    order, rare words first, and titles are compared only where they share words among
    their first ones, more words where many titles share them [1]_ [2]_ [3]_. Most
    pairs are ruled out by bitmaps of their words [4]_. No near title is missed. Where
    thousands of titles share most of their rare words the time is bounded by putting
    some together that are not near.

    References
    ----------
    .. [1] S. Chaudhuri, V. Ganti and R. Kaushik. A primitive operator for similarity
       joins in data cleaning. ICDE, 2006.
    .. [2] R. J. Bayardo, Y. Ma and R. Srikant. Scaling up all pairs similarity
       search. WWW, 2007.
    .. [3] J. Wang, G. Li and J. Feng. Can we beat the prefix filtering? An adaptive
       framework for similarity join and search. SIGMOD, 2012.
    .. [4] E. F. O. Sandes, G. L. M. Teodoro and A. C. M. A. Melo. Bitmap filter:
       speeding up exact set similarity joins with bitwise operations. Information
       Systems 88, 2020.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets._splitting._group_products import group_products
    >>> photo = "https://m.media-amazon.com/images/I/51Iph04Jy3L"
    >>> frame = pd.DataFrame(
    ...     {
    ...         "title": ["Acme Mug, 3 (Blue)", "Lamp", "ACME mug 3 blue NEW", None],
    ...         "image_url": [None, f"{photo}._SX38_.jpg", None, f"{photo}.jpg"],
    ...     }
    ... )
    >>> group_products(frame).tolist()
    [0, 1, 0, 1]
    """
    check_similarity(similarity)
    check_similarity(description_similarity, "description_similarity")
    frame = as_frame(frame)
    columns = _find_columns(
        frame,
        title_column=title_column,
        image_column=image_column,
        url_column=url_column,
        description_column=description_column,
    )
    description = columns.pop("description_column", None)
    groups, title_groups = group_titles_and_images(
        frame, columns, similarity=similarity, image_root=image_root
    )
    if description is None:
        return groups
    return join_descriptions(
        groups,
        title_groups,
        frame[description].array,
        description_similarity,
        name=description,
    )


def group_in_pieces(
    frame: pd.DataFrame,
    descriptions: Iterable[Any] | None,
    *,
    similarity: float,
    description_similarity: float,
    image_root: str | os.PathLike[str] | None,
) -> NDArray[np.int64]:
    """Do as :func:`group_products`, of descriptions that come one after another."""
    columns = _find_columns(
        frame, title_column="title", image_column="image", url_column="image_url"
    )
    groups, title_groups = group_titles_and_images(
        frame, columns, similarity=similarity, image_root=image_root
    )
    if descriptions is None:
        return groups
    return join_descriptions(groups, title_groups, descriptions, description_similarity)


def group_titles_and_images(
    frame: pd.DataFrame,
    columns: dict[str, str],
    *,
    similarity: float,
    image_root: str | os.PathLike[str] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the groups by titles and images, and those by titles alone."""
    titles = np.arange(len(frame), dtype=np.int64)
    parts = [titles]
    for argument, name in columns.items():
        if argument == "title_column":
            # The array behind the column gives its texts piece by piece.
            cells = frame[name].array
            titles = near_title_groups(cells, similarity, name=name)
            parts.append(titles)
        else:
            cells = frame[name].to_numpy(dtype=object)
            read_files = argument == "image_column"
            keys = picture_keys(
                cells, name=name, image_root=image_root, read_files=read_files
            )
            parts.append(_label_keys(keys))
    return join_groups(parts), titles


def join_descriptions(
    groups: NDArray[np.int64],
    title_groups: NDArray[np.int64],
    descriptions: Iterable[Any],
    similarity: float,
    *,
    name: str = "description",
) -> NDArray[np.int64]:
    """Join groups whose products have near descriptions."""
    near = near_description_groups(descriptions, title_groups, similarity, name=name)
    joined = join_groups([groups, near])
    largest, before = (
        int(np.bincount(labels).max(initial=0)) for labels in (joined, groups)
    )
    n_rows = len(groups)
    if before <= _MAX_FRACTION * n_rows < largest and n_rows >= _MIN_ROWS:
        warnings.warn(
            f"Near texts of `{name}` put {largest} of {n_rows} rows into one group. "
            "Raise description_similarity=, or pass description_column=None to leave "
            "descriptions out of account.",
            UserWarning,
            stacklevel=3,
        )
    return joined


def join_groups(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Join several groupings of the same rows, transitively.

    Parameters
    ----------
    parts : sequence of ndarray of shape (n_rows,), dtype int64
        Labels 0, 1, ... of the rows.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int64
        Labels 0, 1, ... in the order in which they first appear; rows that have the
        same label in one of the parts have the same label.
    """
    groups, *others = parts
    for other in others:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        if not len(groups):
            break
        shape = (int(groups.max()) + 1, int(other.max()) + 1)
        n = sum(shape)
        edges = (np.ones(len(groups), dtype=np.int32), (groups, shape[0] + other))
        graph = coo_array(edges, shape=(n, n))
        groups = connected_components(graph, directed=False)[1][groups]
        groups = number_labels(groups)
    return groups


def _label_keys(keys: list[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    labels = np.empty(len(keys), dtype=np.int64)
    for row, key in enumerate(keys):
        # A row without a picture is alone; no key is a tuple.
        labels[row] = numbers.setdefault((row,) if key is None else key, len(numbers))
    return labels


def _find_columns(frame: pd.DataFrame, **names: str | None) -> dict[str, str]:
    """Give the columns that are there; the defaults may be absent."""
    available = shown_list(frame.columns)
    lost = [
        f"{shown(name)} ({argument})"
        for argument, name in names.items()
        if name not in (None, _DEFAULTS[argument]) and name not in frame.columns
    ]
    if lost:
        msg = f"The table has no column {', '.join(lost)}. Available: {available}."
        raise ValueError(msg)
    found = {
        argument: name
        for argument, name in names.items()
        if name is not None and name in frame.columns
    }
    if not found:
        msg = (
            "There is nothing to compare products by: the table has neither titles, "
            f"descriptions nor images. Available: {available}. Name one in "
            "title_column=, description_column=, image_column= or url_column=."
        )
        raise ValueError(msg)
    return found
