"""Tables of reports, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import NamedTuple

import pandas as pd

from amzest.utils import table_as_html

#: Characters per line of a report.
WIDTH = 88
#: Columns of a value and the ends of its interval.
_ENDINGS = ("", "_low", "_high")


class Table(NamedTuple):
    """A table of texts with title and caption; the index name is a heading."""

    title: str
    caption: str
    cells: pd.DataFrame


def cut(text: object, length: int) -> str:
    """Return a text on one line of at most `length` characters."""
    line = " ".join(str(text).split())
    # The ellipsis is one of the characters.
    return line if len(line) <= length else line[: length - 1] + "…"


def percent(share: float) -> str:
    """Write a fraction as a percentage: "95%", "99.5%"."""
    return f"{100 * share:.4g}%"


def write_number(value: object, form: str = ".3f") -> str:
    """Write a number; "–" if it is missing."""
    if pd.isna(value):
        return "–"
    text = format(value, form)
    # Three digits of a large number are written with an exponent.
    return f"{float(text):,.0f}" if "e+" in text else text


def write_p(p_value: float) -> str:
    """Write a p-value: "0.012" or "<0.001"."""
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def write_scores(scores: pd.DataFrame, name: str) -> pd.Series:
    """Write a column with its interval: "0.912 (0.887–0.940)"."""
    parts = [scores[name + ending].map("{:.3f}".format) for ending in _ENDINGS]
    return parts[0] + " (" + parts[1] + "–" + parts[2] + ")"


def write_differences(differences: pd.DataFrame, name: str) -> pd.Series:
    """Write a column with its interval: "+0.012 (-0.004 to +0.020)"."""
    parts = [differences[name + ending].map("{:+.3f}".format) for ending in _ENDINGS]
    return parts[0] + " (" + parts[1] + " to " + parts[2] + ")"


def wrapped(text: str) -> str:
    """Return a text in lines of at most `WIDTH` characters."""
    return "\n".join(wrap(text, WIDTH, break_on_hyphens=False))


def text_table(table: Table) -> str:
    """Return a table as text, in lines of at most `WIDTH` characters.

    Names are cut off first, and then columns: the HTML has all of them.
    """
    cells = table.cells
    while True:
        for length in range(34, 13, -4):
            text = _as_text(cells, length)
            if max(map(len, text.splitlines())) <= WIDTH or cells.shape[1] == 1:
                return text
        cells = cells.iloc[:, :-1]


def _as_text(cells: pd.DataFrame, name_length: int) -> str:
    short = cells.set_axis([cut(name, name_length) for name in cells.index])
    # pandas separates texts by one space; two are easier to read.
    short.columns = [f" {heading}" for heading in cells.columns]
    return str(short.rename_axis(columns=cells.index.name).to_string())


def html_table(table: Table, *, folded: bool) -> str:
    """Return a table as HTML, escaped; `folded` hides it below its title."""
    cells = table.cells.rename_axis(index=None, columns=table.cells.index.name)
    caption = (
        '<caption style="caption-side:top;text-align:left;max-width:60em">'
        f"{escape(table.caption)}</caption>"
    )
    # A wide table scrolls by itself; the keyboard reaches it too.
    scrolled = (
        f'<div role="region" aria-label="{escape(table.title)}" tabindex="0" '
        f'style="overflow-x:auto">{table_as_html(cells, caption)}</div>'
    )
    if not folded:
        return scrolled
    return (
        '<details><summary style="cursor:pointer">'
        f"{escape(table.title)}</summary>{scrolled}</details>"
    )


def html_page(heading: str, tables: Sequence[str]) -> str:
    """Return tables as HTML below a heading such as "Report: 3 designs"."""
    kind, _, size = heading.partition(": ")
    return (
        f"<div><p><strong>{escape(kind)}</strong>: {escape(size)}</p>"
        f"{''.join(tables)}</div>"
    )
