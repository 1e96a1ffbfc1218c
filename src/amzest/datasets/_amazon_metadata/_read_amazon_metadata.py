"""Stream Amazon's published product metadata as DataFrames of one schema."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sklearn.utils._param_validation import StrOptions

from amzest.datasets._amazon_metadata._amazon_products import BrokenLine, LineParser
from amzest.datasets._amazon_metadata._line_files import LineTooLong, read_lines
from amzest.datasets._shared._constraints import POSITIVE_INTEGER
from amzest.datasets._shared._schema import SCHEMA
from amzest.utils import require, validate_params

if TYPE_CHECKING:
    import pandas as pd

    Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_PURPOSE = "read_amazon_metadata"
#: Largest size of the lines of a frame, in bytes, however few they are: one line can be
#: as long as thousands of others.
_CHUNK_BYTES = 32 * 2**20
#: Number of skipped lines that are kept with their errors.
N_REASONS = 10


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
        Number of processes that read files in parallel.

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
        if n_jobs in (None, 1) or len(paths) < 2:
            chunks: Iterator[_Chunk] = (
                chunk
                for path in paths
                for chunk in _read_file(path, self._columns, chunk_size, on_error)
            )
        else:
            chunks = _read_in_parallel(
                paths, self._columns, chunk_size, on_error, n_jobs
            )
        for chunk in chunks:
            self.n_skipped_ += chunk.n_skipped
            self.skipped_ += chunk.reasons[: N_REASONS - len(self.skipped_)]
            self.unreadable_ += chunk.unreadable
            if chunk.n_rows:
                yield self._frame(chunk)

    def _frame(self, chunk: _Chunk) -> pd.DataFrame:
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
        is made from at most 32 MiB of lines. Memory depends on it and not on the files.

    on_error : {"raise", "skip"}, default="raise"
        What to do about a line that does not contain a product: raise an error with
        file and line, or skip and count it, see :class:`AmazonMetadataReader`.

    n_jobs : int, default=None
        Number of files that are read at the same time, each by its own process; -1
        means one per processor. The DataFrames and their order do not depend on it.
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


class _Chunk(NamedTuple):
    """Rows as an Arrow table, and the lines and values that could not be parsed."""

    table: Any
    n_rows: int
    n_skipped: int
    reasons: list[str]
    unreadable: Counter[str]


def _read_file(
    path: Path, columns: Sequence[str], chunk_size: int, on_error: str
) -> Iterator[_Chunk]:
    pyarrow = require("pyarrow", extra="data", purpose=_PURPOSE)
    schema = pyarrow.schema(
        [(name, "string" if SCHEMA[name] == "str" else "float64") for name in columns]
    )
    parser = LineParser(columns)
    n_rows = n_bytes = n_skipped = 0
    reasons: list[str] = []

    def finish() -> _Chunk:
        table = pyarrow.table(parser.values, schema=schema)
        chunk = _Chunk(table, n_rows, n_skipped, reasons, parser.unreadable)
        parser.start(columns)
        return chunk

    for number, line in read_lines(path, purpose=_PURPOSE):
        try:
            if isinstance(line, LineTooLong):
                raise line
            parser.read(line)
            n_rows += 1
            n_bytes += len(line)
        except (BrokenLine, LineTooLong) as error:
            where = f"{path}: line {number} does not contain a product: {error}."
            if on_error == "raise":
                msg = f'{where} Pass on_error="skip" to skip such lines.'
                raise ValueError(msg) from error
            n_skipped += 1
            if len(reasons) < N_REASONS:
                reasons.append(where)
        if n_rows == chunk_size or n_bytes >= _CHUNK_BYTES:
            yield finish()
            n_rows, n_bytes, n_skipped, reasons = 0, 0, 0, []
    yield finish()


def _read_in_parallel(
    paths: Sequence[Path],
    columns: Sequence[str],
    chunk_size: int,
    on_error: str,
    n_jobs: int | None,
) -> Iterator[_Chunk]:
    """Read files in processes that write their chunks to a temporary folder."""
    from joblib import Parallel, delayed, effective_n_jobs

    with TemporaryDirectory(prefix="amzest-") as folder:
        # Only one file more than are being read, so that few chunks wait on the disk.
        read = Parallel(
            n_jobs=n_jobs,
            return_as="generator",
            pre_dispatch=effective_n_jobs(n_jobs) + 1,
        )
        files = read(
            delayed(_spool)(path, Path(folder, str(i)), columns, chunk_size, on_error)
            for i, path in enumerate(paths)
        )
        for chunks in files:
            for file in chunks:
                with open(file, "rb") as stored:
                    yield pickle.load(stored)  # written below, by this program
                file.unlink()


def _spool(
    path: Path, stem: Path, columns: Sequence[str], chunk_size: int, on_error: str
) -> list[Path]:
    files = []
    for i, chunk in enumerate(_read_file(path, columns, chunk_size, on_error)):
        files.append(Path(f"{stem}-{i}.pickle"))
        with open(files[-1], "wb") as stored:
            pickle.dump(chunk, stored, protocol=pickle.HIGHEST_PROTOCOL)
    return files


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
