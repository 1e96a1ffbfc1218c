"""The part of cleaning that looks at one row at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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
from amzest.utils import check_choice, check_integer, is_missing

if TYPE_CHECKING:
    import pandas as pd

    Clean = Callable[[str], tuple[str | None, Changes]]

_PURPOSE = "clean_products"
#: What stands in a cell that has nothing to say.
_NO_PHOTO = re.compile(r"(?:.*/)?no-img[^/]*", re.DOTALL)
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
    """Clean a piece of a table, all but what concerns several rows.

    Parameters
    ----------
    frame : DataFrame
        Some rows of a table, in their order.

    categories, several_categories, required, columns, n_examples
        As for :func:`clean_products`.

    Returns
    -------
    table : DataFrame
        The rows that were kept.
    report : CleaningReport
        Reports of all pieces add up to the report of the table.

    Raises
    ------
    TypeError, ValueError, ImportError
        As :func:`clean_products`.
    """
    check_choice("several_categories", several_categories, ("drop", "keep"))
    check_integer("n_examples", n_examples, 0)
    mapping = CategoryMapping(categories)
    names = find_columns(frame, columns)
    if not mapping.keeps_names and "category" not in names:
        msg = (
            "`categories` is given, but the table has no column 'category'. Name it "
            'with columns={"category": ...}, or pass categories=None.'
        )
        raise ValueError(msg)
    needed = check_required(required, frame, names)
    rows = _Rows(frame, names, n_examples)
    rows.clean_texts()
    if "category" in names:
        rows.assign_categories(mapping, several_categories)
    for name in needed:
        rows.drop_missing(name)
    return rows.result()


class _Rows:
    """A piece of a table while it is cleaned."""

    def __init__(
        self, frame: pd.DataFrame, names: dict[str, str], n_examples: int
    ) -> None:
        self._table = frame.copy()
        self._names = names
        self._report = CleaningReport(len(frame), n_examples=n_examples)
        self._keep: NDArray[np.bool_] = np.ones(len(frame), dtype=bool)
        self._cells = {
            role: read_cells(frame[name])
            for role, name in names.items()
            if role != "asin"
        }
        self._labels = row_labels(frame, names)

    def clean_texts(self) -> None:
        """Apply the rules for single texts."""
        plain = TextCleaner(_PURPOSE)
        paragraphs = TextCleaner(_PURPOSE, paragraphs=True)
        brand = TextCleaner(_PURPOSE, byline=True)
        # Of titles, descriptions and addresses nearly all are different and most are
        # clean; of the others there are few different ones.
        self._clean("title", plain.clean, plain.is_suspicious)
        self._clean("description", paragraphs.clean, paragraphs.is_suspicious)
        self._clean("brand", lambda text: _known_brand(*brand.clean(text)))
        self._clean("category", plain.clean)
        self._clean("category_path", PathCleaner(plain).clean)
        self._clean("image_url", _known_photo, _is_no_address)

    def _clean(
        self,
        role: str,
        clean: Clean,
        is_suspicious: Callable[[str], bool] | None = None,
    ) -> None:
        if role not in self._cells:
            return
        cells = self._cells[role]
        found = list(changed_cells(cells, _or_none(clean), is_suspicious))
        for row, cleaned, changes in found:
            cells[row] = cleaned
            for rule, (before, after) in changes.items():
                self._note(rule, role, row, before, after)
        self._write(role, [(row, cleaned) for row, cleaned, _ in found])

    def _note(
        self, rule: str, role: str, row: int, before: str | None, after: str | None
    ) -> None:
        column = self._names[role]
        examples = (
            [Example(self._labels(row), before, after)]
            if self._report.needs_examples(rule, column)
            else []
        )
        self._report.record(rule, column, 1, examples)

    def _write(self, role: str, changed: list[tuple[int, str | None]]) -> None:
        """Write cells into the table; columns without a change stay as they are."""
        import pandas as pd

        if not changed:
            return
        name = self._names[role]
        column = self._table[name]
        is_text = isinstance(column.dtype, pd.StringDtype)
        values = column.astype(object).to_numpy(dtype=object, copy=True)
        for row, cell in changed:
            values[row] = cell
        dtype = column.dtype if is_text else object
        self._table[name] = pd.Series(
            values, index=self._table.index, name=name, dtype=dtype
        )

    def assign_categories(
        self, mapping: CategoryMapping, several_categories: str
    ) -> None:
        """Give each row its category, and drop those without or with several."""
        cells = self._cells["category"]
        paths = self._cells.get("category_path") or [None] * len(cells)
        tops_of: dict[str | None, list[str]] = {None: []}
        name_of: dict[str | None, str | None] = {None: None}
        changed: list[tuple[int, str | None]] = []
        other: list[int] = []
        several: list[int] = []
        for row, (cell, path) in enumerate(zip(cells, paths, strict=True)):
            tops = tops_of.get(path)
            if tops is None:
                tops = tops_of[path] = top_categories(path or "", mapping)
            if cell not in name_of:
                name_of[cell] = mapping.find(cell or "")
            name = name_of[cell] or (tops[0] if tops else None)
            if name is None and (cell is not None or path is not None):
                other.append(row)
            elif len(tops) > 1 and several_categories == "drop":
                several.append(row)
            elif name != cell:
                rule = "filled" if cell is None else "renamed"
                self._note(rule, "category", row, cell, name)
                changed.append((row, name))
        self._drop("other category", "category", other, "category", "category_path")
        self._drop("several categories", "category_path", several, "category_path")
        for row, cell in changed:
            cells[row] = cell
        self._write("category", changed)

    def drop_missing(self, name: str) -> None:
        """Drop the rows in which a column holds nothing."""
        role = {value: role for role, value in self._names.items()}.get(name)
        if role in self._cells:
            lost = [cell is None for cell in self._cells[role]]
        else:
            lost = [is_missing(cell) for cell in self._table[name]]
        rows = np.flatnonzero(np.array(lost, dtype=bool) & self._keep)
        self._drop("missing", name, rows.tolist(), "title")

    def _drop(self, rule: str, column: str, rows: list[int], *shown: str) -> None:
        if not rows:
            return
        name = str(self._names.get(column, column))
        examples = [
            Example(self._labels(row), self._first(row, shown), None)
            for row in rows[: self._report.n_examples]
        ]
        self._report.record(rule, name, len(rows), examples)
        self._keep[rows] = False

    def _first(self, row: int, roles: tuple[str, ...]) -> str | None:
        """Give the first of some cells that holds something."""
        cells = (self._cells[role][row] for role in roles if role in self._cells)
        return next(filter(None, cells), None)

    def result(self) -> tuple[pd.DataFrame, CleaningReport]:
        """Give the rows that were kept, and the report."""
        if not self._keep.all():
            self._table = self._table.loc[self._keep].copy()
        return self._table, self._report


def _or_none(clean: Clean) -> Clean:
    """Make texts of which nothing is left missing."""

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


def _is_no_address(url: str) -> bool:
    return not url or url.isspace() or "no-img" in url


def _known_photo(url: str) -> tuple[str, Changes]:
    if _NO_PHOTO.fullmatch(url):
        return "", {"placeholder": (url, None)}
    return ("" if url.isspace() else url), {}
