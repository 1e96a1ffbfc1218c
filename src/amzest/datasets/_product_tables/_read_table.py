"""Find and read a file with a product table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._product_tables._csv_table import check_separator, read_csv
from amzest.datasets._product_tables._json_table import read_json
from amzest.datasets._product_tables._text_lines import codec_name
from amzest.utils import as_frame, shown_list

if TYPE_CHECKING:
    import pandas as pd

_CSV = (".csv", ".csv.gz")
_TSV = (".tsv", ".tsv.gz")
_JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_JSON = (".json", ".json.gz")
_PARQUET = (".parquet",)
_SUFFIXES = (*_CSV, *_TSV, *_PARQUET, *_JSON_LINES, *_JSON)


def find_table(path: Path) -> Path:
    """Return the absolute path of a table file, or of `products.*` in a folder."""
    path = path.expanduser().absolute()
    if path.is_dir():
        names = [f"products{suffix}" for suffix in _SUFFIXES]
        tables = [path / name for name in names if (path / name).is_file()]
        if not tables:
            msg = (
                f"`path` {str(path)!r} is a folder without a product table. Put one "
                f"of {', '.join(names)} there, or pass the path of the file itself."
            )
            raise FileNotFoundError(msg)
        if len(tables) > 1:
            found = ", ".join(table.name for table in tables)
            msg = (
                f"`path` {str(path)!r} contains several product tables: {found}. Pass "
                "the path of one of them."
            )
            raise ValueError(msg)
        return tables[0]
    if not path.exists():
        msg = f"`path` {str(path)!r} does not exist. Check the spelling and the folder."
        raise FileNotFoundError(msg)
    if _suffix(path) is None:
        msg = (
            f"`path` {path.name!r} has an unknown suffix. Supported are "
            f"{', '.join(_SUFFIXES)}."
        )
        raise ValueError(msg)
    return path


def read_table(path: Path, *, encoding: str, separator: str | None) -> pd.DataFrame:
    """Read all cells of a table, with a RangeIndex; empty cells are missing.

    Cells of a CSV file are strings, others have the types of the file.
    """
    import pandas as pd

    codec = codec_name(encoding)
    check_separator(separator)
    if is_csv(path):
        frame = read_csv(path, codec, separator_of(path, separator))
    elif is_parquet(path):
        frame = _read_parquet(path)
    else:
        frame = read_json(path, codec, as_lines=is_json_lines(path))
    names = [str(name) for name in frame.columns]
    check_names(path, names)
    if frame.empty:
        msg = f"{path}: has no rows. Columns: {shown_list(names)}."
        raise ValueError(msg)
    frame.columns = pd.Index(names)
    return frame


def check_names(path: Path, names: list[str]) -> None:
    """Raise ValueError if the names of columns are not unique."""
    repeated = sorted(
        name for name, n_columns in Counter(names).items() if n_columns > 1
    )
    if repeated:
        msg = (
            f"{path}: column names are not unique: {shown_list(repeated)}. Rename or "
            "remove the other columns."
        )
        raise ValueError(msg)


def is_table_file(path: Path) -> bool:
    """Return whether the suffix is that of a table."""
    return _suffix(path) is not None


def is_csv(path: Path) -> bool:
    """Return whether the suffix is that of a CSV or tab-separated file."""
    return _suffix(path) in (*_CSV, *_TSV)


def is_json_lines(path: Path) -> bool:
    """Return whether the suffix is that of JSON lines."""
    return _suffix(path) in _JSON_LINES


def is_parquet(path: Path) -> bool:
    """Return whether the suffix is that of a Parquet file."""
    return _suffix(path) in _PARQUET


def separator_of(path: Path, separator: str | None) -> str | None:
    """Return the separator of a file; None if it is to be detected."""
    return "\t" if separator is None and _suffix(path) in _TSV else separator


def _suffix(path: Path) -> str | None:
    name = path.name.lower()
    fits = [suffix for suffix in _SUFFIXES if name.endswith(suffix)]
    return max(fits, key=len, default=None)


def _without_empty(cell: Any) -> Any:
    return None if isinstance(cell, str) and not cell else cell


@contextmanager
def parquet_errors(path: Path) -> Iterator[Any]:
    """Import ``pyarrow.parquet``; errors of reading name the file."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        msg = (
            f"{path}: a Parquet file requires pyarrow, which cannot be imported. "
            "Install it with: pip install pyarrow"
        )
        raise ImportError(msg) from error
    try:
        yield parquet
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        msg = f"{path}: cannot be read as Parquet ({error})."
        raise ValueError(msg) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; integers keep their digits in columns with missing cells."""
    with parquet_errors(path) as parquet, parquet.ParquetFile(path) as file:
        table = file.read()
        table.validate(full=True)  # or invalid UTF-8 would crash later
    return parquet_frame(path, table, 0)


def parquet_frame(path: Path, table: Any, start: int) -> pd.DataFrame:
    """Return a table of pyarrow as a frame; `start` is the number of rows before it."""
    import pandas as pd

    with parquet_errors(path):
        index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    check_names(path, table.schema.names)
    try:
        frame = as_frame(table)
    except UnicodeDecodeError as error:
        msg = (
            f"{path}: contains text that is not UTF-8 ({error}). Write the file again."
        )
        raise ValueError(msg) from error
    # A named index of pandas becomes the first columns. A RangeIndex is stored in the
    # metadata only: https://pandas.pydata.org/docs/development/developer.html
    for entry in reversed(index):
        if isinstance(entry, dict) and entry.get("name") and entry["kind"] == "range":
            steps = range(entry["start"], entry["stop"], entry["step"])
            frame.insert(0, entry["name"], steps[start : start + len(frame)])
        elif isinstance(entry, str) and entry in frame.columns:
            frame.insert(0, entry, frame.pop(entry))
    for name in frame.columns:
        if pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = frame[name].map(_without_empty)
    return frame
