"""Read JSON records: an object per line, or one list of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._product_tables._text_lines import open_lines
from amzest.utils import shown

if TYPE_CHECKING:
    import pandas as pd

#: Escape of half a character beyond U+FFFF; without the other half it is invalid.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LINES = "frame.to_json(path, orient='records', lines=True)"


def read_json(path: Path, encoding: str, *, as_lines: bool) -> pd.DataFrame:
    """Read a table of JSON records; empty strings are missing.

    One record per line, or without `as_lines` also one list of records, or an object
    whose only value is such a list.
    """
    if as_lines:
        records = list(read_json_lines(path, encoding))
    else:
        with open_lines(path, encoding) as file:
            records = _records_of_document(path, file.read())
    return json_frame(records, dict.fromkeys(chain.from_iterable(records)))


def read_json_lines(path: Path, encoding: str) -> Iterator[dict[str, Any]]:
    """Yield the records of a file with one per line."""
    with open_lines(path, encoding) as file:
        yield from _records_of_lines(path, file)


def json_frame(records: Sequence[dict[str, Any]], names: Iterable[str]) -> pd.DataFrame:
    """Return records as a table with these columns; empty strings are missing."""
    import pandas as pd

    columns = {name: [record.get(name) for record in records] for name in names}
    # dtype object, as pandas would convert integers with missing cells to floats.
    return pd.DataFrame(
        {
            name: pd.Series(
                [None if cell == "" else cell for cell in cells], dtype=object
            )
            for name, cells in columns.items()
        },
        index=pd.RangeIndex(len(records)),
    )


def _records_of_lines(path: Path, lines: Any) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            record = _parse(line)
        except (ValueError, RecursionError) as error:
            msg = (
                f"{path}: {where} is not JSON ({_reason(error)}). Expected one "
                f"object per line, as written by {_LINES}."
            )
            raise ValueError(msg) from error
        yield _checked(path, where, record, line)


def _records_of_document(path: Path, text: str) -> list[dict[str, Any]]:
    """Read one list of records; otherwise one record per line."""
    try:
        document = _parse(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] == "[":
            msg = (
                f"{path}: is not JSON ({_reason(error)}). Expected a list of "
                "objects or one object per line."
            )
            raise ValueError(msg) from error
        # Not splitlines(), which also splits at U+2028 within strings of JSON.
        return list(_records_of_lines(path, text.split("\n")))
    if isinstance(document, dict):
        # {"data": [...]} as of DataFrame.to_json(orient="table"), {"products": [...]}.
        wrapped = document.get("data") if "data" in document else None
        if len(document) == 1:
            wrapped = next(iter(document.values()))
        if not _is_record_list(wrapped):
            if len(text.splitlines()) > 1 and any(
                isinstance(value, list) for value in document.values()
            ):
                msg = (
                    f"{path}: contains one JSON object with the keys "
                    f"{shown(list(document))}. Expected a list of objects, as written "
                    "by frame.to_json(path, orient='records')."
                )
                raise ValueError(msg)
            return [_checked(path, "line 1", document, text)]
        document = wrapped
    if not isinstance(document, list):
        document = [document]
    return [
        _checked(path, f"record {number}", record, text)
        for number, record in enumerate(document, start=1)
    ]


def _is_record_list(value: Any) -> bool:
    is_list = isinstance(value, list) and len(value) > 0
    return is_list and all(isinstance(record, dict) for record in value)


def _parse(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_without_repeated_names)


def _without_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dict; raise if a name is repeated, which JSON allows."""
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} occurs twice in one object")
    return record


def _reason(error: Exception) -> str:
    too_deep = isinstance(error, RecursionError)
    return "lists or objects are nested too deeply" if too_deep else str(error)


def _checked(path: Path, where: str, record: Any, text: str) -> dict[str, Any]:
    """Raise ValueError if a record is not an object or its text cannot be encoded."""
    if not isinstance(record, dict):
        msg = (
            f"{path}: {where} is a JSON {type(record).__name__}, expected an object. "
            f"Write the table with {_LINES}."
        )
        raise ValueError(msg)
    # Searching the text is much faster than checking each string of the record.
    if _SURROGATE.search(text):
        for name, cell in record.items():
            broken = next(_lone_surrogates((name, cell)), None)
            if broken is not None:
                msg = (
                    f"{path}: {where}, column {shown(name)}: {shown(broken)} contains "
                    "half a character (a lone surrogate), which cannot be encoded. "
                    "Write the whole character, or replace it by U+FFFD: "
                    r're.sub(r"[\ud800-\udfff]", "\ufffd", text).'
                )
                raise ValueError(msg)
    return record


def _lone_surrogates(value: Any) -> Iterator[str]:
    """Yield the strings within a value that contain half a character."""
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            yield value
    elif isinstance(value, dict):
        yield from _lone_surrogates((*value, *value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _lone_surrogates(item)
