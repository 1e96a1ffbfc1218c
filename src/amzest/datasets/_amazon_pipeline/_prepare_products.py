"""From raw files to one clean, balanced and split table, in little memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._amazon_metadata._read_amazon_metadata import check_paths
from amzest.datasets._amazon_pipeline._preparation_report import PreparationReport
from amzest.datasets._amazon_pipeline._prepared_parts import (
    KEYS,
    PartOptions,
    PartSummary,
    make_part,
    table_schema,
    unfinished_name,
)
from amzest.datasets._amazon_pipeline._table_path import (
    MADE_BY,
    check_replaceable,
    check_table_path,
)
from amzest.datasets._amazon_pipeline._work_folder import WorkFolder
from amzest.datasets._cleaning._categories import CategoryMapping
from amzest.datasets._cleaning._clean_products import check_duplicates
from amzest.datasets._cleaning._repeated_rows import (
    RepeatedRows,
    find_repeated_rows,
    report_repeated,
)
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._splitting._balance_products import balance_rows
from amzest.datasets._splitting._group_products import group_in_pieces
from amzest.datasets._splitting._near_titles import check_similarity
from amzest.datasets._splitting._split_rows import split_rows
from amzest.utils import (
    check_choice,
    check_integer,
    count,
    quiet_workers,
    require,
    shown,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

    Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_BATCH_SIZE = 20_000


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
    r"""Make one clean, balanced and split table of published metadata.

    It does what :func:`read_amazon_metadata`, :func:`clean_products`,
    :func:`balance_products`, :func:`split_products` and :func:`download_images` do
    one after the other, with the same result, but never holds more than a piece of
    the texts in memory. When it is stopped, at whatever point, the next call with the
    same arguments goes on from there and ends in the same bytes.

    Parameters
    ----------
    path_or_paths : str, path-like, or sequence of these
        Raw files, see :func:`read_amazon_metadata`.

    out : str or path-like
        Parquet file to write. A table of an earlier call is replaced when the new one
        is complete; of any other file see `overwrite`. What is unfinished lies beside
        it in a folder of the same name with `.parts` after it, which is removed in the
        end. One call at a time can use it.

    categories : mapping of str to str, "published" or None, default=None
        New names of the categories, see :func:`clean_products`. Rows without a
        category are dropped.

    several_categories : {"drop", "keep"}, default="drop"
        What to do with products under several top categories, see
        :func:`clean_products`.

    duplicates : sequence of {"asin", "title"}, default=("asin", "title")
        What may not repeat, see :func:`clean_products`.

    min_per_category : int, default=10
        Categories with fewer products are dropped.

    n_per_category : int, "smallest" or None, default=None
        Number of products to draw from each category, see :func:`balance_products`;
        of a category that has fewer all are kept. None keeps all products.

    test_size : float, int or None, default=0.25
        Share or number of test products, see :func:`split_products`. The column
        `split` then says "train" or "test". None does not split.

    similarity : float, default=0.8
        Of titles that may not stand on both sides, see :func:`split_products`.

    description_similarity : float or None, default=0.8
        The same of descriptions. None leaves descriptions out of account.

    random_state : int, RandomState instance or None, default=0
        What decides the drawing and the split. A call can only go on from where
        another one was stopped if it is an int.

    images : str or path-like, default=None
        Folder for the photos; the column `image` then holds their paths in it. None
        does not download photos.

    download_options : mapping, default=None
        Further arguments of :func:`download_images`.

    on_error : {"raise", "skip"}, default="raise"
        What to do about lines that hold no product.

    n_jobs : int, default=None
        Number of raw files that are read and cleaned at the same time. None means 1,
        -1 one for each processor.

    progress : bool or None, default=None
        Whether to show progress bars. None means on a terminal only.

    overwrite : bool, default=False
        Whether `out` may replace a file that is no table of an earlier call. A raw
        file is never replaced.

    Returns
    -------
    report : PreparationReport
        What came of the lines, step by step; prints as a summary.

    Raises
    ------
    ValueError
        If an argument is wrong, a line is broken, or no product is left; if a category
        cannot stand on both sides of the split.
    FileExistsError
        If `out`, or the folder of unfinished work, is there and was not made here.
    BlockingIOError
        If another call is preparing `out` at this moment.
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
    check_integer("min_per_category", min_per_category, 0)
    check_choice("on_error", on_error, ("raise", "skip"))
    check_similarity(similarity)
    if description_similarity is not None:
        check_similarity(description_similarity, "description_similarity")
    paths = check_paths(path_or_paths)
    require("pyarrow", extra="data", purpose="prepare_products")
    CategoryMapping(categories)  # says now if it is wrong
    target = check_table_path(out, raw=paths, images=images, overwrite=overwrite)
    if isinstance(categories, Mapping):
        categories = dict(categories)
    options = PartOptions(categories, several_categories, ("category",), on_error)
    with WorkFolder(target) as folder:
        report = PreparationReport(str(target))
        with report.time("read and clean"):
            parts, summary = _make_parts(paths, folder.path, options, n_jobs, progress)
            report.add_parts(summary)
        with report.time("find repetitions"):
            light = _Light(parts)
            repeated = light.find_repeated(several_categories, duplicates)
            report.cleaning = report.cleaning.followed_by(
                report_repeated(light.n_rows, repeated, light.show)
            )
        with report.time("balance"):
            rows = np.flatnonzero(repeated.keep)
            rows, report.rare = light.without_rare(rows, min_per_category)
            if not len(rows):
                raise ValueError(_nothing_left(report, categories, min_per_category))
            if n_per_category is not None:
                drawn = balance_rows(
                    light.categories[rows], n_per_category, random_state, on_few="keep"
                )
                report.n_not_drawn = len(rows) - len(drawn)
                rows = rows[drawn]
        extra: dict[str, Any] = {}
        chosen = light.read(rows, ["title", "category", "image_url"])
        if images is not None:
            with report.time("download photos"):
                chosen, manifest = download_images(
                    chosen, images, **{"progress": progress, **(download_options or {})}
                )
                extra["image"] = chosen["image"].to_numpy(dtype=object)
                report.images = manifest["status"].value_counts().to_dict()
        if test_size is not None:
            # After the photos have come, so that equal ones count under any address.
            with report.time("split"):
                groups = group_in_pieces(
                    chosen,
                    None
                    if description_similarity is None
                    else light.cells(rows, "description"),
                    similarity=similarity,
                    description_similarity=description_similarity or 0.8,
                    image_root=images,
                )
                report.count_groups(groups)
                categories_of_rows = chosen["category"].to_numpy(dtype=object)
                try:
                    test = split_rows(
                        categories_of_rows, groups, test_size, random_state
                    )
                except ValueError as error:
                    msg = f"{error} Raising min_per_category drops small categories."
                    raise ValueError(msg) from error
                extra["split"] = np.where(test, "test", "train")
        del chosen
        with report.time("write"):
            if not overwrite:
                check_replaceable(target)  # it may be there by now
            _write(target, folder.path, light, rows, extra)
            report.count(light.categories[rows].tolist(), extra.get("split"))
        folder.remove()
    return report


def _nothing_left(
    report: PreparationReport, categories: Any, min_per_category: int
) -> str:
    """Write why no product is left, and what to do about it."""
    dropped = {
        rule: n
        for rule, _, effect, n in report.cleaning.frame().itertuples(index=False)
        if effect == "dropped"
    }
    if not report.n_products:
        advice = "The files hold none; pass files of Amazon's metadata."
    elif report.rare:
        largest = max(report.rare, key=lambda name: report.rare[name])
        advice = (
            f"The largest category is {shown(largest)} with "
            f"{count(report.rare[largest], 'product')}; lower min_per_category "
            f"({min_per_category})."
        )
    elif "other category" in dropped:
        examples = report.cleaning.examples()
        held = examples["before"][examples["rule"] == "other category"]
        names = ", ".join(shown(name) for name in dict.fromkeys(held))
        advice = (
            f"{count(dropped['other category'], 'product')} of other categories were "
            f"dropped, such as {names}; `categories` is {shown(categories)}. Pass a "
            "mapping that has the names of the files, or categories=None (no "
            "--categories) to keep all."
        )
    else:
        advice = "The summary says why they were dropped."
    return f"No product is left to write to {report.path!r}. {advice}\n\n{report}"


def _make_parts(
    paths: Sequence[Path],
    folder: Path,
    options: PartOptions,
    n_jobs: int | None,
    progress: bool | None,
) -> tuple[list[Path], PartSummary]:
    """Read and clean the raw files, each into a part of its own."""
    from joblib import Parallel, delayed

    parts = [folder / f"{i:05d}.parquet" for i in range(len(paths))]
    tqdm = require("tqdm.auto", extra="data", purpose="prepare_products").tqdm
    summary = PartSummary()
    with tqdm(
        desc="products read",
        unit="",
        unit_scale=True,
        disable=None if progress is None else not progress,
    ) as bar:
        if n_jobs in (None, 1) or len(paths) == 1:
            for path, part in zip(paths, parts, strict=True):
                summary += make_part(path, part, options, told=bar.update)
        else:
            make = Parallel(n_jobs=n_jobs, return_as="generator")
            finished = make(
                delayed(make_part)(path, part, options, parent=os.getpid())
                for path, part in zip(paths, parts, strict=True)
            )
            with quiet_workers():
                for done in finished:
                    bar.update(done.n_products)
                    summary += done
    return parts, summary


class _Light:
    """The rows of all parts, of which only what must be compared is in memory."""

    def __init__(self, parts: Sequence[Path]) -> None:
        import pyarrow
        import pyarrow.parquet

        self._parts = [pyarrow.parquet.ParquetFile(part) for part in parts]
        tables = [
            pyarrow.parquet.read_table(
                part, columns=[*KEYS, "category"], read_dictionary=["category"]
            )
            for part in parts
        ]
        table = pyarrow.concat_tables(tables).unify_dictionaries().combine_chunks()
        self.n_rows = table.num_rows
        self._keys = {key: table[key].to_numpy() for key in KEYS}
        category = table["category"].combine_chunks()
        self._codes = category.indices.to_numpy(zero_copy_only=False)
        self._names = np.array(category.dictionary.to_pylist(), dtype=object)

    @property
    def categories(self) -> NDArray[np.object_]:
        """The category of each row; texts that are equal are one object."""
        found: NDArray[np.object_] = self._names[self._codes]
        return found

    def find_repeated(
        self, several_categories: str, duplicates: Sequence[str]
    ) -> RepeatedRows:
        """Find the rows to drop for what stands in other rows; to be called once."""
        keys, self._keys = self._keys, {}
        return find_repeated_rows(
            asins=keys["asin_key"],
            categories=self._codes.astype(np.uint64) + 1,
            title_keys=keys["title_key"],
            several_categories=several_categories,
            duplicates=duplicates,
        )

    def without_rare(
        self, rows: NDArray[np.intp], min_per_category: int
    ) -> tuple[NDArray[np.intp], dict[str, int]]:
        """Leave out the rows of categories that have too few of these rows."""
        counts = np.bincount(self._codes[rows], minlength=len(self._names))
        rare = counts < min_per_category
        found = {
            str(name): int(n)
            for name, n in zip(self._names[rare], counts[rare], strict=True)
            if n
        }
        return rows[~rare[self._codes[rows]]], found

    def show(self, rows: Sequence[int]) -> pd.DataFrame:
        """Give a few rows whole."""
        order = np.sort(np.asarray(rows, dtype=np.intp))
        frame = self.read(order, ["asin", "title", "category"])
        return frame.set_axis(order)

    def read(self, rows: NDArray[np.intp], columns: Sequence[str]) -> pd.DataFrame:
        """Give columns of certain rows, which are in rising order."""
        import pyarrow

        tables = [table.select(columns) for table in self.pieces(rows, columns)]
        schema = pyarrow.schema([table_schema().field(name) for name in columns])
        frame: pd.DataFrame = pyarrow.concat_tables(
            [schema.empty_table(), *tables]
        ).to_pandas()
        return frame

    def cells(self, rows: NDArray[np.intp], column: str) -> Iterator[str | None]:
        """Yield the cells of a column of certain rows."""
        for piece in self.pieces(rows, [column]):
            yield from piece[column].to_pylist()

    def pieces(
        self, rows: NDArray[np.intp], columns: Sequence[str]
    ) -> Iterator[pyarrow.Table]:
        """Yield columns of certain rows, a piece at a time."""
        import pyarrow

        wanted = np.zeros(self.n_rows, dtype=bool)
        wanted[rows] = True
        start = 0
        for part in self._parts:
            for batch in part.iter_batches(_BATCH_SIZE, columns=list(columns)):
                mask = wanted[start : start + batch.num_rows]
                start += batch.num_rows
                if mask.any():
                    table = pyarrow.Table.from_batches([batch])
                    yield table.filter(pyarrow.array(mask))


def _write(
    target: Path,
    folder: Path,
    light: _Light,
    rows: NDArray[np.intp],
    extra: Mapping[str, Any],
) -> None:
    """Write the chosen rows with the further columns; all or nothing."""
    import pyarrow
    import pyarrow.parquet

    schema = table_schema()
    for name in extra:
        schema = schema.append(pyarrow.field(name, pyarrow.string()))
    schema = schema.with_metadata(MADE_BY)
    unfinished = unfinished_name(folder / "table.parquet")
    start = 0
    with pyarrow.parquet.ParquetWriter(unfinished, schema, compression="zstd") as file:
        for piece in light.pieces(rows, table_schema().names):
            end = start + piece.num_rows
            for name, cells in extra.items():
                column = pyarrow.array(
                    cells[start:end], pyarrow.string(), from_pandas=True
                )
                piece = piece.append_column(name, column)
            file.write_table(piece.replace_schema_metadata(MADE_BY))
            start = end
    os.replace(unfinished, target)
