"""From raw files to one cleaned, balanced and split table, in little memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from amzest.datasets._amazon_metadata._read_amazon_metadata import check_paths
from amzest.datasets._amazon_pipeline._part_tasks import make_parts
from amzest.datasets._amazon_pipeline._parts_table import PartsTable, write_table
from amzest.datasets._amazon_pipeline._preparation_report import PreparationReport
from amzest.datasets._amazon_pipeline._prepared_parts import PartOptions
from amzest.datasets._amazon_pipeline._table_path import (
    check_replaceable,
    check_table_path,
)
from amzest.datasets._amazon_pipeline._work_folder import WorkFolder
from amzest.datasets._cleaning._categories import CategoryMapping
from amzest.datasets._cleaning._clean_products import check_duplicates
from amzest.datasets._cleaning._repeated_rows import report_repeated
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._shared._constraints import (
    NON_NEGATIVE_INTEGER,
    POSITIVE_INTEGER,
    SIMILARITY,
    TEST_SIZE,
)
from amzest.datasets._splitting._balance_products import balance_rows
from amzest.datasets._splitting._group_products import group_columns
from amzest.datasets._splitting._split_rows import split_rows
from amzest.utils import count, require, shown, validate_params

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@validate_params(
    {
        "several_categories": [StrOptions({"drop", "keep"})],
        "min_per_category": [NON_NEGATIVE_INTEGER],
        "n_per_category": [StrOptions({"smallest"}), POSITIVE_INTEGER, None],
        "test_size": [*TEST_SIZE, None],
        "similarity": [SIMILARITY],
        "description_similarity": [SIMILARITY, None],
        "random_state": ["random_state"],
        "on_error": [StrOptions({"raise", "skip"})],
    }
)
def prepare_products(
    path_or_paths: Paths,
    out: str | os.PathLike[str],
    *,
    categories: Mapping[str, str] | Literal["published"] | None = None,
    several_categories: Literal["drop", "keep"] = "drop",
    duplicates: Sequence[str] = ("asin", "title"),
    min_per_category: int = 10,
    n_per_category: int | Literal["smallest"] | None = None,
    test_size: float | int | None = 0.25,
    similarity: float = 0.8,
    description_similarity: float | None = 0.8,
    random_state: int | np.random.RandomState | None = 0,
    images: str | os.PathLike[str] | None = None,
    download_options: Mapping[str, Any] | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    n_jobs: int | None = None,
    progress: bool | None = None,
    overwrite: bool = False,
) -> PreparationReport:
    r"""Make a cleaned, balanced and split table from published metadata.

    The result is that of :func:`read_amazon_metadata`, :func:`clean_products`,
    :func:`balance_products`, :func:`download_images` and :func:`split_products` called
    one after the other, but only some of the texts are in memory at any time. If a
    call is interrupted, the next call with the same arguments resumes it and writes
    the same bytes.

    Parameters
    ----------
    path_or_paths : str, path-like, or sequence of these
        Raw files, see :func:`read_amazon_metadata`.

    out : str or path-like
        Parquet file to write. A table of an earlier call is replaced when the new one
        is complete; for any other file see `overwrite`. Unfinished work is kept next to
        it, in a folder of the same name followed by `.parts`, which is removed at the
        end. Only one call at a time can use it.

    categories : mapping of str to str, "published" or None, default=None
        New names of the categories, see :func:`clean_products`. Rows without a
        category are dropped.

    several_categories : {"drop", "keep"}, default="drop"
        What to do with products in several top-level categories, see
        :func:`clean_products`.

    duplicates : sequence of {"asin", "title"}, default=("asin", "title")
        Columns whose values must not be repeated, see :func:`clean_products`.

    min_per_category : int, default=10
        Categories with fewer products are dropped.

    n_per_category : int, "smallest" or None, default=None
        Number of products to sample from each category, see :func:`balance_products`.
        All products of smaller categories are kept. None keeps all products.

    test_size : float, int or None, default=0.25
        Fraction or number of test products, see :func:`split_products`. The column
        `split` then contains "train" or "test". None does not split.

    similarity : float, default=0.8
        Titles at least this similar are on the same side of the split, see
        :func:`split_products`. From 0.5 to 1.

    description_similarity : float or None, default=0.8
        The same for descriptions. None ignores descriptions.

    random_state : int, RandomState instance or None, default=0
        Controls the sampling and the split. Only with an int can a call resume an
        interrupted one.

    images : str or path-like, default=None
        Folder for the images; the column `image` then contains their paths in it. None
        does not download images.

    download_options : mapping, default=None
        Further arguments of :func:`download_images`.

    on_error : {"raise", "skip"}, default="raise"
        What to do about lines that do not contain a product.

    n_jobs : int, default=None
        Number of processes that read and clean raw files, and spans of large files, at
        the same time, see :func:`read_amazon_metadata`. The table does not depend on
        it. None means 1, and -1 one per processor.

    progress : bool or None, default=None
        Whether to show progress bars. None shows them on a terminal only.

    overwrite : bool, default=False
        Whether `out` may replace a file that is not a table of an earlier call. A raw
        file is never replaced.

    Returns
    -------
    report : PreparationReport
        What each step did; prints as a summary.

    Raises
    ------
    ValueError
        If an argument is invalid, a line is broken, no product is left, or a category
        cannot be on both sides of the split.
    FileExistsError
        If `out` or the folder of unfinished work exists and was not written by this
        function.
    BlockingIOError
        If another call is writing `out`.
    OSError
        If a file cannot be read or written.
    ImportError
        If the packages of the extra `data` are not installed.

    See Also
    --------
    fetch_amazon_products : Downloads the raw files as well.
    amzest.load_products : Loads the table.

    Notes
    -----
    From a shell: ``python -m amzest.datasets prepare RAW... --out products.parquet``.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from amzest.datasets import prepare_products
    >>> line = "{{'asin': '{0}', 'title': '{1} {0}', 'categories': [['{1}']]}}"
    >>> lines = [line.format(i, name) for i in range(20) for name in ("Mug", "Lamp")]
    >>> with TemporaryDirectory() as folder:
    ...     raw, out = Path(folder, "meta.json"), Path(folder, "products.parquet")
    ...     _ = raw.write_text("\n".join(lines))
    ...     report = prepare_products(
    ...         raw, out, duplicates=("title",), several_categories="keep"
    ...     )
    ...     frame = pd.read_parquet(out)
    >>> frame.groupby(["category", "split"]).size().tolist()
    [5, 15, 5, 15]
    """
    check_duplicates(duplicates)
    CategoryMapping(categories)  # raises now if it is invalid
    paths = check_paths(path_or_paths)
    require("pyarrow", extra="data", purpose="prepare_products")
    target = check_table_path(out, raw=paths, images=images, overwrite=overwrite)
    if isinstance(categories, Mapping):
        categories = dict(categories)
    options = PartOptions(categories, several_categories, ("category",), on_error)
    with WorkFolder(target) as folder:
        report = PreparationReport(str(target))
        with report.time("read and clean"):
            parts, summary = make_parts(paths, folder.path, options, n_jobs, progress)
            report.add_parts(summary)
        with report.time("drop repeated"):
            table = PartsTable(parts)
            rows = _drop_repeated(table, several_categories, duplicates, report)
        with report.time("balance"):
            rows, report.rare = table.without_rare(rows, min_per_category)
            if not len(rows):
                raise ValueError(_nothing_left(report, categories, min_per_category))
            rows = _balance(table, rows, n_per_category, random_state, report)
        extra: dict[str, Any] = {}
        columns = {
            "title": table.column(rows, "title"),
            "url": table.column(rows, "image_url"),
        }
        if images is not None:
            with report.time("download images"):
                download = {"progress": progress, **(download_options or {})}
                products = table.read(rows, ["title", "category", "image_url"])
                products, manifest = download_images(products, images, **download)
                extra["image"] = products["image"].to_numpy(dtype=object)
                del products
                columns["image"] = ColumnChunks.of(extra["image"])
                report.images = manifest["status"].value_counts().to_dict()
        if test_size is not None:
            # After the download, as equal images may have different addresses.
            with report.time("split"):
                if description_similarity is not None:
                    columns["description"] = table.column(rows, "description")
                groups = group_columns(
                    columns,
                    similarity=similarity,
                    description_similarity=description_similarity or 0.8,
                    image_root=images,
                )
                report.count_groups(groups)
                categories_of = table.categories[rows]
                extra["split"] = _split(categories_of, groups, test_size, random_state)
        with report.time("write"):
            if not overwrite:
                check_replaceable(target)  # another program may have written it
            write_table(target, folder.path, table, rows, extra)
            report.count(table.categories[rows].tolist(), extra.get("split"))
        folder.remove()
    return report


def _drop_repeated(
    table: PartsTable,
    several_categories: str,
    duplicates: Sequence[str],
    report: PreparationReport,
) -> NDArray[np.intp]:
    """Return the rows that do not repeat others."""
    repeated = table.find_repeated(several_categories, duplicates)
    report.cleaning = report.cleaning.followed_by(
        report_repeated(table.n_rows, repeated, table.examples)
    )
    return np.flatnonzero(repeated.keep)


def _balance(
    table: PartsTable,
    rows: NDArray[np.intp],
    n_per_category: int | Literal["smallest"] | None,
    random_state: Any,
    report: PreparationReport,
) -> NDArray[np.intp]:
    """Sample rows so that the categories are balanced."""
    if n_per_category is None:
        return rows
    sampled = balance_rows(
        table.categories[rows], n_per_category, random_state, on_few="keep"
    )
    report.n_not_drawn = len(rows) - len(sampled)
    return rows[sampled]


def _split(
    categories: NDArray[Any], groups: NDArray[Any], test_size: Any, random_state: Any
) -> NDArray[Any]:
    """Return "train" or "test" for each product."""
    try:
        test = split_rows(categories, groups, test_size, random_state)
    except ValueError as error:
        msg = f"{error} Raising min_per_category drops small categories."
        raise ValueError(msg) from error
    return np.where(test, "test", "train")


def _nothing_left(
    report: PreparationReport, categories: Any, min_per_category: int
) -> str:
    """Return a message with the reason why no product is left, and a remedy."""
    dropped = {
        rule: n
        for rule, _, effect, n in report.cleaning.frame().itertuples(index=False)
        if effect == "dropped"
    }
    if not report.n_products:
        advice = "The files do not contain any; pass files of Amazon's metadata."
    elif report.rare:
        largest = max(report.rare, key=lambda name: report.rare[name])
        advice = (
            f"The largest category is {shown(largest)} with "
            f"{count(report.rare[largest], 'product')}; lower min_per_category "
            f"({min_per_category})."
        )
    elif "other category" in dropped:
        examples = report.cleaning.examples()
        dropped_names = examples["before"][examples["rule"] == "other category"]
        names = ", ".join(shown(name) for name in dict.fromkeys(dropped_names))
        advice = (
            f"{count(dropped['other category'], 'product')} of other categories were "
            f"dropped, such as {names}; `categories` is {shown(categories)}. Pass a "
            "mapping with the category names of the files, or categories=None (no "
            "--categories) to keep all."
        )
    else:
        advice = "See the summary for the reasons."
    return f"No product is left to write to {report.path!r}. {advice}\n\n{report}"
