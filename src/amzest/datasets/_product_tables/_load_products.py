"""Read a product table with its photos into the form that estimators take."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.utils import Bunch

from amzest.datasets._product_tables._check_products import check_products
from amzest.datasets._product_tables._csv_table import SEPARATORS
from amzest.datasets._product_tables._photo_column import resolve_photos
from amzest.datasets._product_tables._read_table import find_table, read_table
from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import (
    check_choice,
    check_integer,
    count,
    is_missing,
    shown,
    shown_list,
)

if TYPE_CHECKING:
    import pandas as pd

_TEXT_COLUMNS = ("title", "description")
#: No leading zeros, and no more digits than a float keeps.
_NUMBER = (
    r"[+-]?(?:(?:0|[1-9][0-9]{0,14})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
)
#: Floats hold every integer up to this one.
_LARGEST_EXACT = 2**53
_CODE_NAME = re.compile(
    r"(?i:(?:.*[_ -])?(?:id|asin|sku|ean|gtin|upc|isbn|barcode|code))|.*[a-z]I[dD]"
)


def load_products(
    path: str | os.PathLike[str],
    *,
    category_column: str | None = "category",
    image_column: str | None = "auto",
    id_column: str | None = "id",
    text_columns: Sequence[str] | None = None,
    min_per_category: int = 2,
    image_root: str | os.PathLike[str] | None = None,
    absolute_images: bool = True,
    check_images: Literal["exists", "decode"] | None = "exists",
    on_missing_image: Literal["raise", "missing"] = "raise",
    max_pixels: int = 50_000_000,
    encoding: str = "utf-8",
    separator: str | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[pd.DataFrame, pd.Series | None]:
    r"""Load a table of products and check it, row by row.

    A table that is wrong is refused with a message that names the column, counts the
    rows and shows the first few. Rows are counted from 0, as in the frame.

    Parameters
    ----------
    path : str or path-like
        A table: CSV (`.csv`), tab-separated (`.tsv`), Parquet (`.parquet`), JSON lines
        (`.jsonl`, `.ndjson`), or `.json` with lines or one list of objects; all but
        Parquet also compressed (`.gz`). Or a folder that holds one of these under the
        name `products`.

    category_column : str or None, default="category"
        Column to predict. Pass None for products that have no category yet.

    image_column : str or None, default="auto"
        Column with the path of an image, or in Parquet its bytes or a dict of `bytes`
        and `path`, as Hugging Face datasets write it, which become bytes or a path.
        "auto" is the column `image` where the table has one; another name must exist.
        With None no column holds images.

    id_column : str or None, default="id"
        Column whose values may not repeat. It stays text, leading zeros included. A
        table without a column `id` is accepted, another name must exist.

    text_columns : sequence of str, default=None
        Columns that stay text even if all of their cells are numbers, as the title
        "1984". They must exist. None means `title` and `description` where the table
        has them.

    min_per_category : int, default=2
        Number of products that each category needs, see
        :func:`~amzest.datasets.check_products`.

    image_root : str or path-like, default=None
        Folder that the paths start from. None means the folder of the table. Paths
        may not lead out of it; links are followed.

    absolute_images : bool, default=True
        Whether the photos' paths are returned as absolute ones, which every image
        estimator reads without being told a folder. With False they stay as they
        are written, for use with the estimators' `image_root`.

    check_images : {"exists", "decode"} or None, default="exists"
        Whether to look if each photo is a file, or to decode it as well, or neither.
        Decoding reads every file once and needs Pillow.

    on_missing_image : {"raise", "missing"}, default="raise"
        What to do about photos that `check_images` does not find or cannot decode:
        raise an error, or leave their cells missing and warn once for each kind of
        problem. Empty cells and Amazon's `no-img` placeholder are always missing.

    max_pixels : int, default=50000000
        Width times height of the largest image that ``check_images="decode"`` decodes.
        The header is read first. Pillow's own limit, twice
        ``PIL.Image.MAX_IMAGE_PIXELS``, holds as well.

    encoding : str, default="utf-8"
        Of CSV and JSON, under any name that Python knows. A byte order mark is
        skipped; under the default it also states UTF-16 or UTF-32.

    separator : str, default=None
        What separates two cells of a CSV file: one character or several, taken
        literally. With None it is found, see the notes.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    products : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes:

        data : DataFrame of shape (n_samples, n_columns)
            All columns but the category.
        target : Series of shape (n_samples,) or None
            The category; None without `category_column`.
        frame : DataFrame
            The whole table, in the order of its columns.
        target_names : list
            The categories, sorted.
        feature_names : list of str
            The columns of `data`.
        image_root : str
            Absolute path of the folder that the paths start from.
        filename : str
            Absolute path of the table.
        DESCR : str
            What was loaded, in a few lines.

    data, target : tuple of (DataFrame, Series or None)
        Only with ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError
        If there is no table at `path`.
    ValueError
        If the table cannot be read or has no rows; if column names are missing,
        unknown or stand twice; if categories are missing or too small; if ids
        repeat; if a photo is not there.
    TypeError
        If `path` is no path, or a cell of a Parquet or JSON table is of a kind that
        its column cannot have, such as a list as category or id.
    ImportError
        If pyarrow (Parquet) or Pillow (``check_images="decode"``) is not installed.

    Warns
    -----
    UserWarning
        With ``on_missing_image="missing"``, when photos are left out.

    See Also
    --------
    make_products : Draw a catalogue at random.
    amzest.datasets.check_products : The same checks, for a frame at hand.

    Notes
    -----
    In CSV only an empty cell is missing: a title "NA", "null" or "None" is a title. A
    column of texts becomes numbers if every cell that is not empty is a decimal number
    without leading zeros, such as a price. Exceptions are the columns named by the
    arguments above and those that are called like codes (`asin`, `sku`, `ean`, `isbn`,
    names that end in `_id` and the like): they stay text. A first column without a
    name, as ``DataFrame.to_csv`` writes its index, is left out.

    The separator of a CSV file is the one of comma, semicolon, tab and vertical bar
    that splits the first line and each of the next 100 rows into the same number of
    cells, two or more. If that holds for several of them, nothing is guessed: an error
    names them. A first line `sep=;`, as spreadsheet programs write it, states the
    separator. Each row must have as many cells as the first line names.

    In Parquet and JSON integers keep all of their digits, also in a column with missing
    cells, which is then of pandas' nullable type (`Int64`). Ids become text: 7 and 7.0
    are "7". Lists and structs stay Python objects.

    Examples
    --------
    >>> import pandas as pd
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from amzest.datasets import load_products
    >>> table = "id,title,price,category\n007,Mug,7.5,A\n008,NA,,A\n009,Cup,5,B\n"
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "products.csv")
    ...     _ = path.write_text(table)
    ...     X, y = load_products(folder, min_per_category=1, return_X_y=True)
    >>> X["id"].tolist(), X["title"].tolist(), X["price"].tolist()
    (['007', '008', '009'], ['Mug', 'NA', 'Cup'], [7.5, nan, 5.0])
    """
    import pandas as pd

    check_choice("check_images", check_images, ("exists", "decode", None))
    check_choice("on_missing_image", on_missing_image, ("raise", "missing"))
    check_integer("max_pixels", max_pixels, 1)
    if not isinstance(path, str | os.PathLike):
        msg = (
            f"`path` must be the path of a file or folder, got {type(path).__name__}. "
            "A table that is in memory needs no loading; check it with check_products."
        )
        raise TypeError(msg)
    file = find_table(Path(path))
    frame = read_table(file, encoding=encoding, separator=separator)
    if image_column == "auto":
        image_column = "image" if "image" in frame.columns else None
    texts = _check_columns(
        frame, file, category_column, image_column, id_column, text_columns
    )
    root = str(file.parent if image_root is None else _folder(image_root))
    for name in texts:
        frame[name] = pd.Series(_as_texts(frame[name]), dtype="str")
    frame = _with_numbers(frame, kept={*texts, category_column, image_column})
    if category_column is not None:
        check_products(
            frame,
            category_column=category_column,
            id_column=id_column,
            min_per_category=min_per_category,
        )
    if image_column is not None:
        photos = resolve_photos(
            list(frame[image_column]),
            name=image_column,
            image_root=root,
            check_images=check_images,
            on_missing_image=on_missing_image,
            absolute_images=absolute_images,
            max_pixels=int(max_pixels),
        )
        all_paths = all(photo is None or isinstance(photo, str) for photo in photos)
        frame[image_column] = pd.Series(photos, dtype="str" if all_paths else object)
    data = frame.drop(columns=[] if category_column is None else category_column)
    target = None if category_column is None else frame[category_column]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        target_names=[] if target is None else sorted(target.unique(), key=str),
        feature_names=list(data.columns),
        image_root=root,
        filename=str(file),
        DESCR=describe_products(file, data, target, loaded_by="load_products"),
    )


def _folder(image_root: str | os.PathLike[str]) -> str:
    folder = os.path.abspath(os.path.expanduser(image_root))
    if not os.path.isdir(folder):
        msg = f"`image_root` {folder!r} is not a folder. Check the spelling."
        raise ValueError(msg)
    return folder


def _check_columns(
    frame: pd.DataFrame,
    file: Path,
    category_column: str | None,
    image_column: str | None,
    id_column: str | None,
    text_columns: Sequence[str] | None,
) -> list[str]:
    """Look for the needed columns and give those that are texts."""
    if isinstance(text_columns, str):
        msg = f"`text_columns` must be a list of names, got {shown(text_columns)}."
        raise TypeError(msg)
    available = list(frame.columns)
    asked: dict[str, list[str | None]] = {
        "category_column": [category_column],
        "image_column": [image_column],
        "id_column": [] if id_column == "id" else [id_column],
        "text_columns": [] if text_columns is None else list(text_columns),
    }
    lost = [
        (argument, name)
        for argument, names in asked.items()
        for name in names
        if name is not None and name not in available
    ]
    if lost:
        wanted = " and ".join(f"{shown(name)} ({argument})" for argument, name in lost)
        advice = "Name the columns that are meant"
        if ("image_column", image_column) in lost:
            advice += ", or pass image_column=None for a table without photos"
        if ("category_column", category_column) in lost:
            advice += ", or pass category_column=None for products without categories"
        marks = [mark for mark in SEPARATORS if mark in available[0]]
        if len(available) == 1 and marks:
            advice += (
                ". The cells seem to be separated by another character: pass "
                f"separator={shown(marks[0])}, or None to have it found"
            )
        msg = (
            f"{file}: has no column {wanted}. Available: "
            f"{shown_list(available)}. {advice}."
        )
        raise ValueError(msg)
    texts = [n for n in text_columns or _TEXT_COLUMNS if n in available]
    if id_column in available and id_column not in texts:
        texts.append(str(id_column))
    return texts


def _as_texts(column: pd.Series) -> list[str | None]:
    """Give the cells as texts; whole numbers are written out, other kinds refused."""
    cells = [None if is_missing(c) and not isinstance(c, str) else c for c in column]
    texts = [_written(c) for c in cells]
    wrong = [
        row for row, c in enumerate(texts) if c is not None and not isinstance(c, str)
    ]
    if wrong:
        kinds = [type(cells[row]).__name__ for row in wrong]
        msg = (
            f"`{column.name}` is no text in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, kinds)}. Write one text into each cell; parts of a "
            'list can be joined with " ".join(parts).'
        )
        raise TypeError(msg)
    return texts


def _written(cell: Any) -> Any:
    """Write a number whose digits are certain as text."""
    if isinstance(cell, Decimal) and cell.is_finite():
        return str(int(cell)) if cell == int(cell) else format(cell, "f")
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell)) if abs(float(cell)) < _LARGEST_EXACT else cell
    whole = hasattr(cell, "__index__") and not isinstance(cell, bool | np.bool_)
    return str(int(cell)) if whole else cell


def _with_numbers(frame: pd.DataFrame, kept: set[str | None]) -> pd.DataFrame:
    """Turn columns of nothing but written numbers into numbers."""
    import pandas as pd

    frame = frame.copy()
    for name in frame.columns:
        if name in kept or isinstance(frame[name].dtype, pd.CategoricalDtype):
            continue
        cells = frame[name].dropna()
        written = len(cells) > 0 and all(isinstance(cell, str) for cell in cells)
        if written:
            number = all(re.fullmatch(_NUMBER, cell) for cell in cells)
            if number and not _CODE_NAME.fullmatch(name):
                frame[name] = pd.to_numeric(frame[name])
        elif frame[name].dtype == object:
            frame[name] = _inferred(frame[name])
    return frame


def _inferred(column: pd.Series) -> pd.Series:
    """Infer the dtype of a column of objects; no integer loses a digit."""
    import pandas as pd

    cells = column.dropna()
    integers: list[int] = [cell for cell in cells if type(cell) is int]
    if 0 < len(integers) == len(cells) < len(column):
        mask = column.isna().to_numpy()
        try:
            values = column.mask(mask, 0).to_numpy(dtype=np.int64)
        except OverflowError:
            return column
        return pd.Series(pd.arrays.IntegerArray(values, mask), name=column.name)
    if any(abs(cell) > _LARGEST_EXACT for cell in integers) and (
        len(integers) < len(column)
    ):
        return column
    return column.infer_objects()


def describe_products(
    file: Path, data: pd.DataFrame, target: pd.Series | None, *, loaded_by: str
) -> str:
    """Describe a table: its columns, how much is missing, its categories.

    Parameters
    ----------
    file : Path
        Where it was loaded from.

    data : DataFrame
        The columns without the category.

    target : Series or None
        The category.

    loaded_by : str
        Function of amzest.datasets that loaded it.

    Returns
    -------
    str
        Some lines.
    """
    missing = data.isna().sum()
    lines = [
        f"{count(len(data), 'product')}, loaded by amzest.datasets.{loaded_by} from",
        "",
    ]
    lines += [f"    {file}", "", "Columns:", ""]
    lines += [
        f"- {name}: {data[name].dtype}, {missing[name]} missing"
        for name in data.columns
    ]
    if target is not None:
        lines += ["", "Categories:", ""]
        lines += [f"- {name}: {n}" for name, n in target.value_counts().items()]
    return "\n".join(lines)
