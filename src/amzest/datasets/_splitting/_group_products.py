"""Groups of near-duplicate products, which a split must not separate."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._shared._constraints import SIMILARITY
from amzest.datasets._shared._key_columns import check_columns
from amzest.datasets._splitting._equal_images import image_labels
from amzest.datasets._splitting._labels import join_groups
from amzest.datasets._splitting._near_descriptions import near_description_groups
from amzest.datasets._splitting._near_titles import near_title_groups
from amzest.utils import as_frame, shown_list, validate_params

if TYPE_CHECKING:
    import pandas as pd


_DEFAULTS = {
    "title_column": "title",
    "image_column": "image",
    "url_column": "image_url",
    "description_column": "description",
}
#: Warn about a group with more than this fraction of the rows, in tables of at least
#: `_MIN_ROWS` rows.
_MAX_FRACTION = 0.2
_MIN_ROWS = 100


@validate_params(
    {
        "similarity": [SIMILARITY],
        "description_similarity": [SIMILARITY],
        "image_root": [str, os.PathLike, None],
    }
)
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
    """Label near-duplicate products as one group.

    Products belong to one group if their titles or descriptions are equal or nearly
    equal, if their images are equal, or if a chain of such products connects them. Pass
    the labels as `groups` to :class:`~sklearn.model_selection.GroupKFold` and the like,
    so that no product is scored by a model that was fitted on a near-duplicate of it.

    Parameters
    ----------
    frame : DataFrame
        One row per product. A table of pandas, polars or pyarrow.

    title_column : str or None, default="title"
        Column with the title. Missing titles are near to none. With None titles are
        ignored. The column `title` may be absent, a column of another name must exist.
        The same holds for the three other columns, but at least one must exist.

    image_column : str or None, default="image"
        Column with the path, the bytes or the URL of an image. Files and bytes are
        compared by content, byte by byte.

    url_column : str or None, default="image_url"
        Column with the URL of an image. URLs are compared without their protocol, those
        of Amazon by the identifier of the image, regardless of host and size. Amazon's
        `no-img` placeholder is a missing image.

    description_column : str or None, default="description"
        Column with the description: a string or a list of strings. A sentence that
        occurs under more than 20 titles, and more than 2 % of all titles, is
        boilerplate and ignored; near titles count once. Descriptions with fewer than 5
        distinct words besides boilerplate are near to none. The first 4,000 characters
        are compared. If a chain of near descriptions connects more titles than that, a
        higher similarity is required within this chain. With None descriptions are
        ignored.

    similarity : float, default=0.8
        Minimum Jaccard similarity of near titles, from 0.5 to 1: the number of words in
        both divided by the number of words in either, regardless of case, punctuation,
        order and repetition. With 0.8 two titles of nine words may differ in one word
        each.

    description_similarity : float, default=0.8
        Minimum Jaccard similarity of near descriptions, from 0.5 to 1.

    image_root : str or path-like, default=None
        Folder that relative paths start from. None means the working directory.

    Returns
    -------
    groups : ndarray of shape (n_rows,), dtype int64
        Labels 0, 1, ... in order of first occurrence.

    Raises
    ------
    ValueError
        If a column is absent, a similarity is out of range or an image file does not
        exist.
    TypeError
        If a cell has a type that its column cannot have.

    Warns
    -----
    UserWarning
        If `image_root` is None and none of the relative paths is a file: then only
        equal paths are equal images. If descriptions connect more than a fifth of the
        rows of a table of at least 100 rows.

    See Also
    --------
    split_products : Split a table without separating groups.
    sklearn.model_selection.StratifiedGroupKFold : Cross-validation by groups.

    Notes
    -----
    Near titles are found by an exact set similarity join in nearly linear time: words
    are sorted by rising frequency, and titles are compared only if they share words
    among their first ones, more words where many titles share them (prefix filtering
    [1]_ [2]_ [3]_). Most pairs are ruled out by bitmaps of their words [4]_. No near
    title is missed. If thousands of titles share most of their rare words, the time is
    bounded by grouping some titles that are not near.

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
    >>> from amzest.datasets import group_products
    >>> image = "https://m.media-amazon.com/images/I/51Iph04Jy3L"
    >>> frame = pd.DataFrame(
    ...     {
    ...         "title": ["Acme Mug, 3 (Blue)", "Lamp", "ACME mug 3 blue NEW", None],
    ...         "image_url": [None, f"{image}._SX38_.jpg", None, f"{image}.jpg"],
    ...     }
    ... )
    >>> group_products(frame).tolist()
    [0, 1, 0, 1]
    """
    frame = as_frame(frame)
    columns = _find_columns(
        frame,
        title_column=title_column,
        image_column=image_column,
        url_column=url_column,
        description_column=description_column,
    )
    names = {
        argument.removesuffix("_column"): name for argument, name in columns.items()
    }
    return group_columns(
        {role: ColumnChunks.of(frame[name].array) for role, name in names.items()},
        similarity=similarity,
        description_similarity=description_similarity,
        image_root=image_root,
        names=names,
    )


def group_columns(
    columns: Mapping[str, ColumnChunks],
    *,
    similarity: float,
    description_similarity: float,
    image_root: str | os.PathLike[str] | None,
    names: Mapping[str, str] | None = None,
) -> NDArray[np.int64]:
    """Return what `group_products` does, for columns that are read in chunks.

    `columns` are some of "title", "image", "url" and "description"; `names` are those
    of the user's table.
    """
    names = names or {}
    n_rows = next(iter(columns.values())).n_rows
    titles = np.arange(n_rows, dtype=np.int64)
    groups = titles
    for role in [role for role in ("title", "image", "url") if role in columns]:
        cells, name = columns[role], names.get(role, role)
        if role == "title":
            groups = titles = near_title_groups(cells, similarity, name=name)
        else:
            labels = image_labels(
                cells, name=name, image_root=image_root, read_files=role == "image"
            )
            groups = join_groups([groups, labels])
    if "description" not in columns:
        return groups
    name = names.get("description", "description")
    near = near_description_groups(
        columns["description"].cells(), titles, description_similarity, name=name
    )
    joined = join_groups([groups, near])
    _warn_if_large(joined, groups, name)
    return joined


def _warn_if_large(
    joined: NDArray[np.int64], groups: NDArray[np.int64], name: str
) -> None:
    """Warn if it is the descriptions that make the largest group very large."""
    largest, before = (
        int(np.bincount(labels).max(initial=0)) for labels in (joined, groups)
    )
    n_rows = len(groups)
    if before <= _MAX_FRACTION * n_rows < largest and n_rows >= _MIN_ROWS:
        warnings.warn(
            f"Near texts of `{name}` put {largest} of {n_rows} rows into one group. "
            "Raise description_similarity, or pass description_column=None to ignore "
            "descriptions.",
            UserWarning,
            stacklevel=5,
        )


def _find_columns(frame: pd.DataFrame, **names: str | None) -> dict[str, str]:
    """Return the columns that exist, by argument; default columns may be absent."""
    check_columns(
        frame,
        {
            argument: name
            for argument, name in names.items()
            if name not in (None, _DEFAULTS[argument])
        },
    )
    found = {
        argument: name
        for argument, name in names.items()
        if name is not None and name in frame.columns
    }
    if not found:
        msg = (
            "Products cannot be compared: the table has neither titles, descriptions "
            f"nor images. Available: {shown_list(frame.columns)}. Pass the name of a "
            "column as title_column, description_column, image_column or url_column."
        )
        raise ValueError(msg)
    return found
