"""Cleaning steps that need one row at a time, so that a table can come in chunks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from amzest.datasets._cleaning._categories import CategoryMapping
from amzest.datasets._cleaning._category_paths import PathCleaner, top_categories
from amzest.datasets._cleaning._clean_text import Changes, TextCleaner, changed_cells
from amzest.datasets._cleaning._cleaning_report import CleaningReport, Example
from amzest.datasets._cleaning._product_columns import (
    check_required,
    find_columns,
    read_cells,
    row_labels,
)
from amzest.utils import is_missing

if TYPE_CHECKING:
    import pandas as pd

    Clean = Callable[[str], tuple[str | None, Changes]]
    #: How to clean the cells of a column, and which cells `Clean` could change.
    ColumnRules = tuple[Clean, Callable[[str], bool] | None]

_PURPOSE = "clean_products"
#: Placeholders for missing values.
_NO_IMAGE = re.compile(r"(?:.*/)?no-img[^/]*", re.DOTALL)
_NO_BRAND = ("unknown", "n/a")


def clean_rows(
    frame: pd.DataFrame,
    *,
    categories: Mapping[str, str] | str | None = None,
    several_categories: str = "drop",
    required: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    n_examples: int = 3,
) -> tuple[pd.DataFrame, CleaningReport]:
    """Apply all cleaning steps but those that compare rows with each other.

    The reports of the chunks of a table add up to the report of the whole.
    """
    mapping = CategoryMapping(categories)
    names = find_columns(frame, columns)
    needed = check_required(required, frame, names)
    if not mapping.keeps_names and "category" not in names:
        msg = (
            "`categories` is given, but the table has no column 'category'. Name it "
            'with columns={"category": ...}, or pass categories=None.'
        )
        raise ValueError(msg)
    report = CleaningReport(len(frame), n_examples=n_examples)
    frame = clean_texts(frame, names, report)
    if "category" in names:
        frame = assign_categories(frame, names, mapping, several_categories, report)
    for name in needed:
        frame = drop_missing(frame, names, name, report)
    return frame, report


def clean_texts(
    frame: pd.DataFrame, names: Mapping[str, str], report: CleaningReport
) -> pd.DataFrame:
    """Apply the rules for texts to each known column."""
    label = row_labels(frame, names)
    cells = {role: read_cells(frame[names[role]]) for role in names if role != "asin"}
    frame = frame.copy()
    for role, (clean, is_suspicious) in _column_rules().items():
        if role not in names:
            continue
        name = names[role]
        cleaned = list(changed_cells(cells[role], _or_none(clean), is_suspicious))
        for row, _, changes in cleaned:
            for rule, (before, after) in changes.items():
                _record_change(report, rule, name, label, row, before, after)
        _replace_cells(frame, name, {row: cell for row, cell, _ in cleaned})
    return frame


def _column_rules() -> dict[str, ColumnRules]:
    """Return how each column is cleaned.

    Nearly all titles, descriptions and addresses are different, and most are clean, so
    that they are searched for suspicious characters first. The other columns have few
    different cells, of which each is cleaned once.
    """
    plain = TextCleaner(_PURPOSE)
    paragraphs = TextCleaner(_PURPOSE, paragraphs=True)
    brand = TextCleaner(_PURPOSE, byline=True)
    return {
        "title": (plain.clean, plain.is_suspicious),
        "description": (paragraphs.clean, paragraphs.is_suspicious),
        "brand": (lambda text: _known_brand(*brand.clean(text)), None),
        "category": (plain.clean, None),
        "category_path": (PathCleaner(plain).clean, None),
        "image_url": (_known_image, _is_suspicious_url),
    }


def assign_categories(
    frame: pd.DataFrame,
    names: Mapping[str, str],
    mapping: CategoryMapping,
    several_categories: str,
    report: CleaningReport,
) -> pd.DataFrame:
    """Rename or fill in the category of each row; drop rows without or with several."""
    label = row_labels(frame, names)
    cells = read_cells(frame[names["category"]])
    paths: Sequence[str | None] = [None] * len(cells)
    if "category_path" in names:
        paths = read_cells(frame[names["category_path"]])
    tops_of: dict[str | None, list[str]] = {None: []}
    name_of: dict[str | None, str | None] = {None: None}
    changed: dict[int, str | None] = {}
    other: dict[int, str | None] = {}
    several: dict[int, str | None] = {}
    for row, (cell, path) in enumerate(zip(cells, paths, strict=True)):
        if path not in tops_of:
            tops_of[path] = top_categories(path or "", mapping)
        if cell not in name_of:
            name_of[cell] = mapping.find(cell or "")
        tops = tops_of[path]
        name = name_of[cell] or (tops[0] if tops else None)
        if name is None and (cell is not None or path is not None):
            other[row] = cell or path
        elif len(tops) > 1 and several_categories == "drop":
            several[row] = path
        elif name != cell:
            rule = "filled" if cell is None else "renamed"
            column = names["category"]
            _record_change(report, rule, column, label, row, cell, name)
            changed[row] = name
    frame = frame.copy()
    _replace_cells(frame, names["category"], changed)
    for rule, role, rows in (
        ("other category", "category", other),
        ("several categories", "category_path", several),
    ):
        if rows:
            examples = [
                Example(label(row), shown, None)
                for row, shown in islice(rows.items(), report.n_examples)
            ]
            report.record(rule, names[role], len(rows), examples)
    return _without_rows(frame, [*other, *several])


def drop_missing(
    frame: pd.DataFrame, names: Mapping[str, str], name: str, report: CleaningReport
) -> pd.DataFrame:
    """Drop the rows without a value in a column."""
    rows = [row for row, cell in enumerate(frame[name]) if is_missing(cell)]
    if not rows:
        return frame
    label = row_labels(frame, names)
    first = rows[: report.n_examples]
    titles: list[str | None] = [None] * len(first)
    if "title" in names:
        titles = read_cells(frame[names["title"]].iloc[first])
    examples = [
        Example(label(row), title, None)
        for row, title in zip(first, titles, strict=True)
    ]
    report.record("missing", str(name), len(rows), examples)
    return _without_rows(frame, rows)


def _record_change(
    report: CleaningReport,
    rule: str,
    column: str,
    label: Callable[[int], str | int],
    row: int,
    before: str | None,
    after: str | None,
) -> None:
    """Count a changed cell; most are not needed as examples, and labels take time."""
    wanted = report.needs_examples(rule, column)
    examples = [Example(label(row), before, after)] if wanted else []
    report.record(rule, column, 1, examples)


def _without_rows(frame: pd.DataFrame, rows: Sequence[int]) -> pd.DataFrame:
    if not rows:
        return frame
    keep = np.ones(len(frame), dtype=bool)
    keep[rows] = False
    return frame.loc[keep].copy()


def _replace_cells(
    frame: pd.DataFrame, name: str, changed: Mapping[int, str | None]
) -> None:
    """Replace cells of a column in place; without changes the column stays as it is."""
    import pandas as pd

    if not changed:
        return
    column = frame[name]
    values = column.astype(object).to_numpy(dtype=object, copy=True)
    for row, cell in changed.items():
        values[row] = cell
    is_text = isinstance(column.dtype, pd.StringDtype)
    dtype = column.dtype if is_text else object
    frame[name] = pd.Series(values, index=frame.index, name=name, dtype=dtype)


def _or_none(clean: Clean) -> Clean:
    """Return a function that makes texts missing of which nothing is left."""

    def clean_or_none(text: str) -> tuple[str | None, Changes]:
        cleaned, changes = clean(text)
        if not cleaned and "placeholder" not in changes:
            changes = {**changes, "empty": (text, None)}
        return cleaned or None, changes

    return clean_or_none


def _known_brand(brand: str, changes: Changes) -> tuple[str, Changes]:
    if brand.casefold() in _NO_BRAND:
        return "", {**changes, "placeholder": (brand, None)}
    return brand, changes


def _is_suspicious_url(url: str) -> bool:
    return not url or url.isspace() or "no-img" in url


def _known_image(url: str) -> tuple[str, Changes]:
    if _NO_IMAGE.fullmatch(url):
        return "", {"placeholder": (url, None)}
    return ("" if url.isspace() else url), {}
