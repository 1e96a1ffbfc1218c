"""Stream Amazon's published product metadata as frames of one schema."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from amzest.datasets._amazon_metadata._amazon_products import BrokenLine, LineParser
from amzest.datasets._amazon_metadata._line_files import LineTooLong, read_lines
from amzest.datasets._shared._schema import SCHEMA
from amzest.utils import check_choice, check_integer, require

if TYPE_CHECKING:
    import pandas as pd

    Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

_PURPOSE = "read_amazon_metadata"
#: A frame ends after so many bytes of lines, however few they are: a line may hold as
#: much as thousands of others.
_CHUNK_BYTES = 32 * 2**20
#: How many of the lines that were skipped are kept with their reason.
N_REASONS = 10


class AmazonMetadataReader:
    """Iterator over frames of products; made by :func:`read_amazon_metadata`.

    It is used up by one pass. What it counts is complete when the pass is.

    Parameters
    ----------
    paths : sequence of path-like
        The files, in the order in which they are read.

    columns : sequence of str
        Columns of the frames.

    chunk_size : int
        Rows of a frame, at most.

    on_error : {"raise", "skip"}
        What to do about a broken line.

    n_jobs : int or None
        Processes that read files side by side.

    Attributes
    ----------
    n_products_ : int
        Products read so far.

    n_skipped_ : int
        Broken lines passed over so far.

    skipped_ : list of str
        The first 10 of them: file, number of the line, and what is wrong with it.

    unreadable_ : Counter
        For each column, how many values were there but could not be read and are
        missing in the frames, such as a style sheet in the place of a price.

    See Also
    --------
    read_amazon_metadata : Makes a reader.

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
        """Return the next frame."""
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
            chunks = _read_side_by_side(
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


def read_amazon_metadata(
    path_or_paths: Paths,
    *,
    columns: Sequence[str] | None = None,
    chunk_size: int = 50_000,
    on_error: Literal["raise", "skip"] = "raise",
    n_jobs: int | None = None,
) -> AmazonMetadataReader:
    r"""Read the product metadata that SNAP and the McAuley lab publish, in pieces.

    The releases of 2014 (Python literals), 2018 and 2023 (JSON) are brought to one
    schema. Lines of different releases may stand in one file. Nothing of a line is
    ever run: no `eval`, no compiler.

    Parameters
    ----------
    path_or_paths : str, path-like, or sequence of these
        Files with one product a line, plain or compressed with gzip or Zstandard,
        which is seen from their content.

    columns : sequence of str, default=None
        Which columns of the schema to read, in this order. Fewer are faster. None
        means all, see Notes.

    chunk_size : int, default=50_000
        Rows of a frame, at most; fewer where lines are long, as a frame is made of 32
        MiB of lines at most. Memory depends on this and not on the files.

    on_error : {"raise", "skip"}, default="raise"
        What to do about a line that holds no product: raise an error that names file
        and line, or pass over it and count it, see
        :class:`AmazonMetadataReader`.

    n_jobs : int, default=None
        How many files are read at the same time, each by a process of its own; -1
        means one for each processor. The frames are the same and come in the same
        order for every value. Processes that run ahead keep their frames in the
        folder for temporary files. None means 1.

    Returns
    -------
    reader : AmazonMetadataReader
        Iterator over DataFrames with a common RangeIndex, which goes on from one to
        the next. ``pd.concat(reader)`` makes them one.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If an argument is wrong; while iterating, if a line is broken or the end of a
        compressed file is missing.
    ImportError
        If the packages of the extra `data` are not installed.

    See Also
    --------
    clean_products : Mends the texts and drops repetitions.
    fetch_amazon_products : Downloads the files as well.

    Notes
    -----
    Columns, with the keys that they are read from in 2014, 2018 and 2023. Texts are
    as published, except that blank ones are missing:

    ============= ======= ======================================================
    column        dtype   what it holds
    ============= ======= ======================================================
    asin          str     `asin`; in 2023 `parent_asin`
    title         str     `title`
    description   str     `description`; paragraphs of a list on lines of their own
    category      str     the first level of the first path; without a path
                          `main_cat` or `main_category`
    category_path str     `categories` or `category`: levels joined by ``" > "``,
                          the paths of a product on lines of their own
    brand         str     `brand`; in 2023 `store`
    price         float64 `price` in the currency of the shop, of a range the lower
                          end; what is no amount is missing and counted
    image_url     str     the first of `imUrl`, `imageURLHighRes`, `imageURL`,
                          `image`; in 2023 the main one of `images`, the largest
    ============= ======= ======================================================

    NaN and Infinity, which Python and pandas write for missing values, are missing in
    every column.

    Not read: a line above 16 MiB, values nested deeper than 32 levels, half a
    surrogate pair; a review or a question, which are published beside the metadata and
    have an `asin` as well. Such lines count as broken.

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
    check_choice("on_error", on_error, ("raise", "skip"))
    check_integer("chunk_size", chunk_size, 1)
    paths = check_paths(path_or_paths)
    names = _check_columns(columns)
    LineParser(names)  # says now if a package is missing
    return AmazonMetadataReader(paths, names, chunk_size, on_error, n_jobs)


class _Chunk(NamedTuple):
    """Some rows as an Arrow table, and what was met on the way."""

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
            where = f"{path}: line {number} holds no product: {error}."
            if on_error == "raise":
                msg = f'{where} Pass on_error="skip" to pass over such lines.'
                raise ValueError(msg) from error
            n_skipped += 1
            if len(reasons) < N_REASONS:
                reasons.append(where)
        if n_rows == chunk_size or n_bytes >= _CHUNK_BYTES:
            yield finish()
            n_rows, n_bytes, n_skipped, reasons = 0, 0, 0, []
    yield finish()


def _read_side_by_side(
    paths: Sequence[Path],
    columns: Sequence[str],
    chunk_size: int,
    on_error: str,
    n_jobs: int | None,
) -> Iterator[_Chunk]:
    """Read files in processes that leave their chunks in a temporary folder."""
    from joblib import Parallel, delayed, effective_n_jobs

    with TemporaryDirectory(prefix="amzest-") as folder:
        # One file ahead of those being read: what waits on the disk stays small.
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
