"""Find and read a product table; say what is wrong with a file that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_CSV = (".csv", ".csv.gz")
_JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".json", ".json.gz")
_PARQUET = (".parquet",)
_SUFFIXES = (*_CSV, *_PARQUET, *_JSON_LINES)


def find_table(path: Path) -> Path:
    """Give the table file that `path` is or holds.

    Parameters
    ----------
    path : Path
        A table file, or a folder with one file `products.<suffix>`.

    Returns
    -------
    Path
        The absolute path of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a folder holds several tables, or the suffix is not known.
    """
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
                f"`path` {str(path)!r} holds several product tables: {found}. Pass "
                "the path of the one that is meant."
            )
            raise ValueError(msg)
        return tables[0]
    if not path.exists():
        msg = f"`path` {str(path)!r} does not exist. Check the spelling and the folder."
        raise FileNotFoundError(msg)
    if _suffix(path) is None:
        msg = (
            f"`path` {path.name!r} is of no known kind. Known are "
            f"{', '.join(_SUFFIXES)}."
        )
        raise ValueError(msg)
    return path


def read_table(path: Path, *, encoding: str, separator: str) -> pd.DataFrame:
    """Read all cells of a table.

    Parameters
    ----------
    path : Path
        File of one of the known kinds.

    encoding : str
        Of CSV and JSON-lines files.

    separator : str
        What stands between two cells of a CSV file.

    Returns
    -------
    DataFrame
        With a RangeIndex. Empty cells are missing. Cells of a CSV file are texts;
        the others are as they were written.

    Raises
    ------
    ValueError
        If the file cannot be read, has no rows, or its column names are missing or
        stand twice.
    """
    import pandas as pd

    suffix = _suffix(path)
    try:
        if suffix in _CSV:
            frame = _read_csv(path, encoding, separator)
        elif suffix in _JSON_LINES:
            frame = _read_json_lines(path, encoding)
        else:
            frame = _read_parquet(path)
    except UnicodeDecodeError as error:
        msg = (
            f"{path}: is not {encoding} text ({error.reason} at byte {error.start}). "
            'Pass encoding="cp1252" for a table saved by a Windows program, or the '
            "encoding it was saved with."
        )
        raise ValueError(msg) from error
    except pd.errors.EmptyDataError as error:
        msg = f"{path}: is empty. A line of column names and rows are expected."
        raise ValueError(msg) from error
    except pd.errors.ParserError as error:
        msg = (
            f"{path}: cannot be read as CSV ({str(error).strip()}). Texts that hold "
            "the separator, a quote or a line break must stand in double quotes."
        )
        raise ValueError(msg) from error
    except (gzip.BadGzipFile, EOFError) as error:
        msg = f"{path}: is no complete gzip file ({error}). Copy or download it again."
        raise ValueError(msg) from error
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = (
            f"{path}: column names stand more than once: {', '.join(map(repr, twice))}."
            " Rename or remove the columns that are not meant."
        )
        raise ValueError(msg)
    if frame.empty:
        msg = f"{path}: has no rows. Columns: {', '.join(map(repr, names))}."
        raise ValueError(msg)
    frame.columns = pd.Index(names)
    return frame


def _suffix(path: Path) -> str | None:
    name = path.name.lower()
    fits = [suffix for suffix in _SUFFIXES if name.endswith(suffix)]
    return max(fits, key=len, default=None)


def _without_mark(encoding: str) -> str:
    """Skip the byte order mark that spreadsheets put before UTF-8."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") == "utf-8" else encoding


def _without_empty(cell: Any) -> Any:
    return None if isinstance(cell, str) and not cell else cell


def _read_csv(path: Path, encoding: str, separator: str) -> pd.DataFrame:
    import pandas as pd

    # The header is read as a row: pandas would rename repeated names and take the
    # first column for an index where rows are one cell longer than the header.
    cells = pd.read_csv(
        path,
        header=None,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        encoding=_without_mark(encoding),
        sep=separator,
    )
    header = ["" if pd.isna(name) else str(name).strip() for name in cells.iloc[0]]
    frame = cells.iloc[1:].reset_index(drop=True)
    if header[0] == "" and len(header) > 1:
        # DataFrame.to_csv writes its index like this. As a column it would tell the
        # order of the rows, which often is the order of the categories.
        header, frame = header[1:], frame.iloc[:, 1:]
    nameless = [i + 1 for i, name in enumerate(header) if not name]
    if nameless:
        msg = f"{path}: column {nameless[0]} has no name. Name it in the first line."
        raise ValueError(msg)
    frame.columns = pd.Index(header)
    return frame


def _read_json_lines(path: Path, encoding: str) -> pd.DataFrame:
    import pandas as pd

    records: list[dict[str, Any]] = []
    opener: Any = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding=_without_mark(encoding)) as lines:
        for number, line in enumerate(lines, start=1):
            if line.isspace():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                msg = (
                    f"{path}: line {number} is not JSON ({error}). One object is "
                    "expected on each line, as frame.to_json(path, orient='records', "
                    "lines=True) writes it."
                )
                raise ValueError(msg) from error
            if not isinstance(record, dict):
                msg = (
                    f"{path}: line {number} holds a JSON {type(record).__name__}, an "
                    "object is expected on each line. Write the table with "
                    "frame.to_json(path, orient='records', lines=True)."
                )
                raise ValueError(msg)
            records.append(record)
    frame = pd.DataFrame(records, dtype=object)
    return frame.map(_without_empty)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        msg = (
            f"{path}: a Parquet file needs pyarrow, which cannot be imported. Install "
            "it with: pip install pyarrow"
        )
        raise ImportError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path}: cannot be read as Parquet ({error})."
        raise ValueError(msg) from error
    named = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(drop=not named)
    for name in frame.columns:
        if pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = frame[name].map(_without_empty)
    return frame
