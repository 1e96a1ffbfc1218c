"""Stream Amazon's published product metadata as DataFrames of one schema."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from sklearn.utils._param_validation import StrOptions

from amzest.datasets._amazon_metadata._amazon_products import LineParser
from amzest.datasets._amazon_metadata._file_spans import FileSpan
from amzest.datasets._amazon_metadata._span_chunks import (
    N_REASONS,
    SpanChunk,
    describe_line,
    raise_broken_line,
    read_span,
)
from amzest.datasets._amazon_metadata._span_tasks import SpanPlan, SpanTask
from amzest.datasets._shared._constraints import POSITIVE_INTEGER
from amzest.datasets._shared._schema import SCHEMA
from amzest.utils import (
    quiet_workers,
    run_in_order,
    runs_in_caller,
    validate_params,
)

if TYPE_CHECKING:
    import pandas as pd

    Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_PURPOSE = "read_amazon_metadata"


class AmazonMetadataReader:
    """Iterator over DataFrames of products, see :func:`read_amazon_metadata`.

    It can be iterated once. The counts are complete after the iteration.

    Parameters
    ----------
    paths : sequence of path-like
        Files, in the order of reading.

    columns : sequence of str
        Columns of the DataFrames.

    chunk_size : int
        Largest number of rows of a DataFrame.

    on_error : {"raise", "skip"}
        What to do about broken lines.

    n_jobs : int or None
        Number of processes that read in parallel.

    Attributes
    ----------
    n_products_ : int
        Number of products read so far.

    n_skipped_ : int
        Number of broken lines skipped so far.

    skipped_ : list of str
        File, line number and error of the first 10 of them.

    unreadable_ : Counter
        Number of values of each column that could not be parsed and are missing, such
        as a style sheet instead of a price.

    See Also
    --------
    read_amazon_metadata : Returns a reader.

    Examples
    --------
    >>> from amzest.datasets import AmazonMetadataReader
    >>> reader = AmazonMetadataReader([], ["asin"], 10, "raise", None)
    >>> list(reader), reader.n_products_
    ([], 0)
    """

    def __init__(
        self,
        paths: Sequence[Path],
        columns: Sequence[str],
        chunk_size: int,
        on_error: Literal["raise", "skip"],
        n_jobs: int | None,
    ) -> None:
        self.n_products_ = 0
        self.n_skipped_ = 0
        self.skipped_: list[str] = []
        self.unreadable_: Counter[str] = Counter()
        self._columns = list(columns)
        self._frames = self._read(paths, chunk_size, on_error, n_jobs)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Return the reader itself."""
        return self

    def __next__(self) -> pd.DataFrame:
        """Return the next DataFrame."""
        return next(self._frames)

    def _read(
        self, paths: Sequence[Path], chunk_size: int, on_error: str, n_jobs: int | None
    ) -> Iterator[pd.DataFrame]:
        options = (self._columns, chunk_size, on_error)
        spans: Generator[tuple[Path, Iterable[SpanChunk]]]
        plan = SpanPlan.of(paths)
        if not plan.is_divided or runs_in_caller(n_jobs):
            spans = (
                (task.path, read_span(text, *options))
                for _, task in plan.whole_tasks()
                for _, text in task.spans(_PURPOSE)
            )
        else:
            spans = _read_in_parallel(plan, *options, n_jobs)
        # Workers do not know how many lines of the file precede their span.
        n_lines: Counter[Path] = Counter()
        with closing(spans):
            for path, chunks in spans:
                n_before = n_lines[path]
                for chunk in chunks:
                    n_lines[path] += chunk.n_lines
                    self._count(path, n_before, chunk)
                    if chunk.n_rows:
                        yield self._frame(chunk)

    def _count(self, path: Path, n_before: int, chunk: SpanChunk) -> None:
        """Count the lines of a chunk whose span follows `n_before` lines."""
        self.n_skipped_ += chunk.n_skipped
        self.skipped_ += [
            describe_line(path, n_before + number, reason)
            for number, reason in chunk.reasons
        ][: N_REASONS - len(self.skipped_)]
        self.unreadable_ += chunk.unreadable
        if chunk.failure is not None:
            number, reason = chunk.failure
            raise_broken_line(path, n_before + number, reason)

    def _frame(self, chunk: SpanChunk) -> pd.DataFrame:
        import pandas as pd

        start = self.n_products_
        self.n_products_ += chunk.n_rows
        frame: pd.DataFrame = chunk.table.to_pandas()
        return frame.set_axis(pd.RangeIndex(start, self.n_products_))


@validate_params(
    {
        "on_error": [StrOptions({"raise", "skip"})],
        "chunk_size": [POSITIVE_INTEGER],
    }
)
def read_amazon_metadata(
    path_or_paths: Paths,
    *,
    columns: Sequence[str] | None = None,
    chunk_size: int = 50_000,
    on_error: Literal["raise", "skip"] = "raise",
    n_jobs: int | None = None,
) -> AmazonMetadataReader:
    r"""Read the product metadata that SNAP and the McAuley lab publish, in chunks.

    The releases of 2014 (Python literals), 2018 and 2023 (JSON) are converted to one
    schema. A file can contain lines of different releases. Lines are parsed, never
    evaluated.

    Parameters
    ----------
    path_or_paths : str, path-like, or sequence of these
        Files with one product per line, plain or compressed with gzip or Zstandard,
        which is detected from their content.

    columns : sequence of str, default=None
        Columns of the schema to read, in this order. Fewer are faster. None reads all
        of them, see Notes.

    chunk_size : int, default=50_000
        Largest number of rows of a DataFrame; fewer if lines are long, as a DataFrame
        is made from at most 32 MiB of lines, and at the end of a span of a large file,
        see Notes. Memory depends on it and not on the files.

    on_error : {"raise", "skip"}, default="raise"
        What to do about a line that does not contain a product: raise an error with
        file and line, or skip and count it, see :class:`AmazonMetadataReader`.

    n_jobs : int, default=None
        Number of processes that read files, and spans of large files, at the same time;
        -1 means one per processor. The DataFrames and their order do not depend on it.
        Processes keep DataFrames that are not needed yet in the folder for temporary
        files. None means 1.

    Returns
    -------
    reader : AmazonMetadataReader
        Iterator over DataFrames, whose RangeIndex continues from one to the next.
        ``pd.concat(reader)`` returns a single one.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If an argument is invalid; while iterating, if a line is broken or a compressed
        file is truncated.
    ImportError
        If the packages of the extra `data` are not installed.

    See Also
    --------
    clean_products : Cleans the texts and drops repeated products.
    fetch_amazon_products : Downloads the files as well.

    Notes
    -----
    Columns and their keys in 2014, 2018 and 2023. Texts are as published, except that
    blank texts are missing:

    ============= ======= ======================================================
    column        dtype   content
    ============= ======= ======================================================
    asin          str     `asin`; in 2023 `parent_asin`
    title         str     `title`
    description   str     `description`; paragraphs of a list on separate lines
    category      str     the first level of the first path; without a path
                          `main_cat` or `main_category`
    category_path str     `categories` or `category`: levels joined by ``" > "``,
                          several paths on separate lines
    brand         str     `brand`; in 2023 `store`
    price         float64 `price` in the currency of the shop, the lower end of a
                          range; other texts are missing and counted
    image_url     str     the first of `imUrl`, `imageURLHighRes`, `imageURL`,
                          `image`; in 2023 the main one of `images`, the largest
    ============= ======= ======================================================

    NaN and Infinity, which Python and pandas write for missing values, are missing in
    every column.

    A large file consists of spans, which processes read at the same time: 64 MiB of
    lines of a plain file, or the members of 16 MiB of a compressed file that consists
    of several members or frames, such as one written by bgzip or pzstd, or concatenated
    files. A file of a single gzip member or Zstandard frame is a stream, which only one
    process can decompress, the calling one; others parse 64 MiB of lines at a time,
    which are kept in the folder for temporary files. If there are as many streams as
    processes, each process reads a whole stream.

    Broken lines are those that are longer than 16 MiB, nested deeper than 32 levels or
    contain an unpaired surrogate; Python literals beyond JSON with more than 262,144
    characters outside of strings; and reviews or questions, which are published with
    the metadata and also have an `asin`.

    References
    ----------
    .. [1] J. McAuley, C. Targett, Q. Shi, A. van den Hengel, "Image-based
       recommendations on styles and substitutes", SIGIR 2015.
    .. [2] J. Ni, J. Li, J. McAuley, "Justifying recommendations using
       distantly-labeled reviews and fine-grained aspects", EMNLP 2019.
    .. [3] Y. Hou, J. Li, Z. He, A. Yan, X. Chen, J. McAuley, "Bridging language and
       items for retrieval and recommendation", arXiv:2403.03952, 2024.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from amzest.datasets import read_amazon_metadata
    >>> lines = '''
    ... {'asin': 'B01', 'title': 'Mug', 'price': 7.5, 'categories': [['Home', 'Cups']]}
    ... {"asin": "B02", "title": "Lamp", "price": "$1,250.00", "category": ["Home"]}
    ... {"parent_asin": "B03", "title": "Tee", "price": null, "categories": ["Cloth"]}
    ... '''
    >>> columns = ["asin", "title", "category_path", "price"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "meta.json")
    ...     _ = path.write_text(lines)
    ...     for frame in read_amazon_metadata(path, columns=columns):
    ...         print(frame)
      asin title category_path   price
    0  B01   Mug   Home > Cups     7.5
    1  B02  Lamp          Home  1250.0
    2  B03   Tee         Cloth     NaN
    """
    paths = check_paths(path_or_paths)
    names = _check_columns(columns)
    LineParser(names)  # raises now if a package is missing
    return AmazonMetadataReader(paths, names, chunk_size, on_error, n_jobs)


def _read_in_parallel(
    plan: SpanPlan,
    columns: Sequence[str],
    chunk_size: int,
    on_error: str,
    n_jobs: int | None,
) -> Generator[tuple[Path, Iterable[SpanChunk]]]:
    """Read spans in processes that write their chunks to a temporary folder."""
    with TemporaryDirectory(prefix="amzest-") as folder:

        def unpacked(number: int, span: FileSpan) -> Path:
            return Path(folder, f"{number}-{span.number}.lines")

        tasks = (
            (task, Path(folder, str(i)), columns, chunk_size, on_error)
            for i, (_, task) in enumerate(plan.tasks(n_jobs, _PURPOSE, unpacked))
        )
        # Only one span more than are being read, so that few chunks wait on the disk.
        results = run_in_order(_spool, tasks, n_jobs=n_jobs, few_waiting=True)
        try:
            for path, spans in results:
                for files in spans:
                    yield path, _read_spooled(files)
        finally:
            with quiet_workers():
                results.close()


def _read_spooled(files: Sequence[Path]) -> Iterator[SpanChunk]:
    for file in files:
        with open(file, "rb") as stored:
            yield pickle.load(stored)  # written below, by this program
        file.unlink()


def _spool(
    task: SpanTask, stem: Path, columns: Sequence[str], chunk_size: int, on_error: str
) -> tuple[Path, list[list[Path]]]:
    """Read the spans of a task; return the path and the files of each span."""
    if not stem.parent.is_dir():
        msg = (
            f"{str(stem.parent)!r}, the temporary folder of the caller, does not exist "
            "on this worker. Set the environment variable TMPDIR of the caller to a "
            "folder that it shares with all workers, as it does the raw files."
        )
        raise FileNotFoundError(msg)
    spans = []
    for number, (_, text) in enumerate(task.spans(_PURPOSE)):
        files = []
        for i, chunk in enumerate(read_span(text, columns, chunk_size, on_error)):
            files.append(Path(f"{stem}-{number}-{i}.pickle"))
            with open(files[-1], "wb") as stored:
                pickle.dump(chunk, stored, protocol=pickle.HIGHEST_PROTOCOL)
        spans.append(files)
    return task.path, spans


def check_paths(path_or_paths: Paths) -> list[Path]:
    """Return the paths of existing files; raise if there are none or one is missing."""
    if isinstance(path_or_paths, str | os.PathLike):
        path_or_paths = [path_or_paths]
    paths = list(path_or_paths)
    if not paths:
        raise ValueError("`path_or_paths` is empty; pass one file or several.")
    files = [Path(path).expanduser() for path in paths]
    for file in files:
        if not file.exists():
            msg = f"{str(file)!r} does not exist. Check the spelling and the folder."
            raise FileNotFoundError(msg)
        if file.is_dir():
            msg = f"{str(file)!r} is a folder. Pass the files in it."
            raise IsADirectoryError(msg)
    return files


def _check_columns(columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        return list(SCHEMA)
    names = [columns] if isinstance(columns, str) else list(columns)
    unknown = [name for name in names if name not in SCHEMA]
    if unknown or not names or len(set(names)) < len(names):
        wrong = f"unknown: {', '.join(map(repr, unknown))}" if unknown else "got"
        msg = (
            f"`columns` must be different names of {', '.join(SCHEMA)}; {wrong} "
            f"in {columns!r}."
        )
        raise ValueError(msg)
    return names
