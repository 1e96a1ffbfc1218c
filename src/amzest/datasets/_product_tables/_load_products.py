"""Load a product table with its images, as estimators expect it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions

from amzest.datasets._product_tables._check_products import check_products
from amzest.datasets._product_tables._column_types import convert_columns
from amzest.datasets._product_tables._csv_table import SEPARATORS
from amzest.datasets._product_tables._image_column import resolve_images
from amzest.datasets._product_tables._read_table import find_table, read_table
from amzest.datasets._shared._constraints import NON_NEGATIVE_INTEGER, POSITIVE_INTEGER
from amzest.utils import count, shown, shown_list, validate_params

if TYPE_CHECKING:
    import pandas as pd

_TEXT_COLUMNS = ("title", "description")


@validate_params(
    {
        "path": [str, os.PathLike],
        "text_columns": ["array-like", None],
        "min_per_category": [NON_NEGATIVE_INTEGER],
        "image_root": [str, os.PathLike, None],
        "absolute_images": ["boolean"],
        "check_images": [StrOptions({"exists", "decode"}), None],
        "on_missing_image": [StrOptions({"raise", "missing"})],
        "max_pixels": [POSITIVE_INTEGER],
        "encoding": [str],
        "separator": [str, None],
        "return_X_y": ["boolean"],
    }
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
    r"""Load a product table and check each of its rows.

    If the table has a problem, an error names the column, counts the rows and lists the
    first few. Rows are counted from 0, as in the frame.

    Parameters
    ----------
    path : str or path-like
        A table: CSV (`.csv`), tab-separated (`.tsv`), Parquet (`.parquet`), JSON lines
        (`.jsonl`, `.ndjson`), or `.json` with lines or one list of objects; all but
        Parquet also compressed (`.gz`). Or a folder that contains one of these under
        the name `products`. To check a table in memory, use
        :func:`~amzest.datasets.check_products`.

    category_column : str or None, default="category"
        Column to predict. None for products without categories.

    image_column : str or None, default="auto"
        Column with the path of an image, or in Parquet its bytes or a dict of `bytes`
        and `path` as in datasets of Hugging Face, which becomes bytes or a path. "auto"
        is the column `image` if the table has one; a column of another name must exist.
        With None no column contains images.

    id_column : str or None, default="id"
        Column of unique identifiers. They stay text, including leading zeros. The
        column `id` may be absent, a column of another name must exist.

    text_columns : sequence of str, default=None
        Columns that stay text even if all of their cells are numbers, such as the title
        "1984". They must exist. None means `title` and `description` if the table has
        them.

    min_per_category : int, default=2
        Minimum number of products of each category, see
        :func:`~amzest.datasets.check_products`.

    image_root : str or path-like, default=None
        Folder that the paths are relative to. None means the folder of the table. Paths
        to files outside of it are an error; links are followed.

    absolute_images : bool, default=True
        Whether to return absolute paths, which every image estimator reads without
        `image_root`. With False paths are returned as they are in the table, for use
        with the `image_root` of estimators.

    check_images : {"exists", "decode"} or None, default="exists"
        Whether to check that each image is a file, or also to decode it, or neither.
        Decoding reads each file once and requires Pillow.

    on_missing_image : {"raise", "missing"}, default="raise"
        How to handle images that `check_images` does not find or cannot decode: raise
        an error, or return missing cells and warn once per kind of problem. Empty cells
        and Amazon's `no-img` placeholder are always missing.

    max_pixels : int, default=50000000
        Maximum width times height of an image that ``check_images="decode"`` decodes;
        the header is read first. Pillow's own limit, twice
        ``PIL.Image.MAX_IMAGE_PIXELS``, applies as well.

    encoding : str, default="utf-8"
        Encoding of CSV and JSON files, under any name that Python knows. A byte order
        mark is skipped; with the default, it also selects UTF-16 or UTF-32.

    separator : str, default=None
        Separator of the cells of a CSV file: one or several characters, not a regular
        expression. None detects it, see Notes.

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
            The whole table, with its columns in their order.
        target_names : list
            The categories, sorted.
        feature_names : list of str
            The columns of `data`.
        image_root : str
            Absolute path of the folder that image paths are relative to.
        filename : str
            Absolute path of the table.
        DESCR : str
            Description of the table.

    data, target : tuple of (DataFrame, Series or None)
        Only with ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError
        If there is no table at `path`.
    ValueError
        If the table cannot be read or has no rows; if column names are missing, unknown
        or duplicated; if categories are missing or too small; if identifiers are not
        unique; if an image does not exist.
    TypeError
        If a parameter has the wrong type, or a cell of a Parquet or JSON table has a
        type that its column cannot have, such as a list as category or identifier.
    ImportError
        If pyarrow (Parquet) or Pillow (``check_images="decode"``) is not installed.

    Warns
    -----
    UserWarning
        With ``on_missing_image="missing"``, if images are missing.

    See Also
    --------
    make_products : Generate synthetic products.
    amzest.datasets.check_products : The same checks, for a frame in memory.
    amzest.datasets.read_image_parquet : Leave the bytes of images in the file.

    Notes
    -----
    In CSV only an empty cell is missing: a title "NA", "null" or "None" is a title. A
    column of texts becomes numeric if all non-empty cells are decimal numbers without
    leading zeros, such as prices. Exceptions are the columns named by parameters and
    columns with names of codes (`asin`, `sku`, `ean`, `isbn`, names that end in `_id`
    and the like): they stay text. A first column without a name, as
    ``DataFrame.to_csv`` writes the index, is left out.

    The separator of a CSV file is the one of comma, semicolon, tab and vertical bar
    that splits the first line and each of the next 100 rows into the same number of
    cells, two or more. If this holds for several of them, an error lists them. A first
    line `sep=;`, as spreadsheet programs write it, sets the separator. Each row must
    have as many cells as the first line.

    In Parquet and JSON integers keep all of their digits, also in a column with missing
    cells, which then has a nullable dtype of pandas (`Int64`). Identifiers become text:
    7 and 7.0 are "7". Lists and structs stay Python objects.

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

    file = find_table(Path(path))
    frame = read_table(file, encoding=encoding, separator=separator)
    if image_column == "auto":
        image_column = "image" if "image" in frame.columns else None
    text_columns = [] if text_columns is None else list(text_columns)
    _check_columns(
        frame,
        file,
        {
            "category_column": [category_column],
            "image_column": [image_column],
            "id_column": [] if id_column == "id" else [id_column],
            "text_columns": text_columns,
        },
    )
    root = str(file.parent if image_root is None else _absolute_folder(image_root))
    texts = [*(text_columns or _TEXT_COLUMNS), id_column]
    frame = convert_columns(frame, texts, kept={category_column, image_column})
    if category_column is not None:
        check_products(
            frame,
            category_column=category_column,
            id_column=id_column,
            min_per_category=min_per_category,
        )
    # Last, as it is slow: it may read all images.
    if image_column is not None:
        images = resolve_images(
            list(frame[image_column]),
            name=image_column,
            image_root=root,
            check_images=check_images,
            on_missing_image=on_missing_image,
            absolute_images=absolute_images,
            max_pixels=int(max_pixels),
        )
        all_paths = all(image is None or isinstance(image, str) for image in images)
        frame[image_column] = pd.Series(images, dtype="str" if all_paths else object)
    data = frame.drop(columns=[] if category_column is None else category_column)
    target = None if category_column is None else frame[category_column]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        # By their text, as categories of different types cannot be compared.
        target_names=[] if target is None else sorted(target.unique(), key=str),
        feature_names=list(data.columns),
        image_root=root,
        filename=str(file),
        DESCR=describe_products(file, data, target, loaded_by="load_products"),
    )


def _absolute_folder(image_root: str | os.PathLike[str]) -> str:
    folder = os.path.abspath(os.path.expanduser(image_root))
    if not os.path.isdir(folder):
        msg = f"`image_root` {folder!r} is not a folder. Check the spelling."
        raise ValueError(msg)
    return folder


def _check_columns(
    frame: pd.DataFrame, file: Path, names: Mapping[str, Sequence[str | None]]
) -> None:
    """Raise ValueError if a column is absent; `names` maps parameters to columns."""
    available = list(frame.columns)
    absent = [
        (parameter, name)
        for parameter, columns in names.items()
        for name in columns
        if name is not None and name not in available
    ]
    if not absent:
        return
    listed = " and ".join(f"{shown(name)} ({parameter})" for parameter, name in absent)
    parameters = {parameter for parameter, _ in absent}
    advice = "Pass the names of existing columns"
    if "image_column" in parameters:
        advice += ", or image_column=None for a table without images"
    if "category_column" in parameters:
        advice += ", or category_column=None for products without categories"
    marks = [mark for mark in SEPARATORS if mark in available[0]]
    if len(available) == 1 and marks:
        advice += (
            ". The cells seem to be separated by another character: pass "
            f"separator={shown(marks[0])}, or None to detect it"
        )
    msg = (
        f"{file}: has no column {listed}. Available: {shown_list(available)}. {advice}."
    )
    raise ValueError(msg)


def describe_products(
    file: Path, data: pd.DataFrame, target: pd.Series | None, *, loaded_by: str
) -> str:
    """Return the columns of a table with their missing cells, and its categories."""
    missing = data.isna().sum()
    lines = [
        f"{count(len(data), 'product')}, loaded by amzest.datasets.{loaded_by} from",
        "",
        f"    {file}",
        "",
        "Columns:",
        "",
    ]
    lines += [
        f"- {name}: {data[name].dtype}, {missing[name]} missing"
        for name in data.columns
    ]
    if target is not None:
        lines += ["", "Categories:", ""]
        lines += [f"- {name}: {n}" for name, n in target.value_counts().items()]
    return "\n".join(lines)
