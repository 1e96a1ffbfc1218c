"""Numbers and HTML tables of reports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

#: A cell's text, or a text with a smaller one below it.
HtmlCell = str | tuple[str, str]

# Colours are the notebook's own, at part strength, so that light and dark both work.
_TABLE = "border-collapse:collapse;font-size:0.9em;color:inherit;margin:0.25em 0"
_TEXT = "padding:0.25em 0.6em;text-align:left;vertical-align:top"
_NUMBER = (
    "padding:0.25em 0.6em;text-align:right;vertical-align:top;"
    "font-variant-numeric:tabular-nums"
)
_NAME = f"{_TEXT};font-weight:normal;overflow-wrap:anywhere;min-width:6em"
_LINE = "border-top:1px solid rgba(128,128,128,0.5)"
_CAPTION = (
    "caption-side:top;text-align:left;padding:0.25em 0.6em;color:inherit;max-width:60em"
)


def cut(text: str, length: int) -> str:
    """Put a text on one line of so many characters at most.

    Parameters
    ----------
    text : str
        The text.

    length : int
        Characters that are kept; "…" stands for what is cut off.

    Returns
    -------
    str
        The line.
    """
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def percent(share: float) -> str:
    """Write a share as per cent without needless digits.

    Parameters
    ----------
    share : float
        From 0 to 1.

    Returns
    -------
    str
        Such as "95%".
    """
    return f"{100 * share:.4g}%"


def interval(value: float, low: float, high: float) -> tuple[str, str]:
    """Write a difference with its interval.

    Parameters
    ----------
    value, low, high : float
        The difference and the ends of its interval.

    Returns
    -------
    tuple of (str, str)
        Such as ("+0.012", "+0.004 to +0.020").
    """
    return f"{value:+.3f}", f"{low:+.3f} to {high:+.3f}"


def write_p(p_value: float) -> str:
    """Write a p-value.

    Parameters
    ----------
    p_value : float
        From 0 to 1.

    Returns
    -------
    str
        Such as "0.012" or "<0.001".
    """
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def html_table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[tuple[str, Sequence[HtmlCell]]],
    *,
    title: str | None = None,
    text_columns: Collection[int] = (),
) -> str:
    """Write an HTML table, everything escaped.

    Parameters
    ----------
    caption : str
        What the table shows.

    head : sequence of str
        Headings; the first is that of the rows' names.

    rows : sequence of (str, sequence of str or (str, str))
        Name and cells of each row.

    title : str, default=None
        Heading under which the table is folded away. None shows it at once.

    text_columns : collection of int, default=()
        Columns besides the first that hold text and no numbers.

    Returns
    -------
    str
        A `table` element, in a `details` element if there is a title.
    """
    styles = [
        _TEXT if place == 0 or place in text_columns else _NUMBER
        for place in range(len(head))
    ]
    headings = "".join(
        f'<th scope="col" style="{style}">{escape(name)}</th>'
        for name, style in zip(head, styles, strict=True)
    )
    body = "".join(
        f'<tr style="{_LINE}"><th scope="row" style="{_NAME}">{escape(name)}</th>'
        + "".join(
            f'<td style="{style}">{_html_cell(cell)}</td>'
            for cell, style in zip(cells, styles[1:], strict=True)
        )
        + "</tr>"
        for name, cells in rows
    )
    table = (
        f'<table style="{_TABLE}"><caption style="{_CAPTION}">{escape(caption)}'
        f"</caption><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table>"
    )
    label = escape(title or caption)
    # A wide table scrolls by itself; the keyboard reaches it too.
    scrolled = (
        f'<div role="region" aria-label="{label}" tabindex="0" '
        f'style="overflow-x:auto">{table}</div>'
    )
    if title is None:
        return scrolled
    return (
        '<details style="margin:0.25em 0"><summary style="cursor:pointer;'
        f'padding:0.25em 0.6em">{escape(title)}</summary>{scrolled}</details>'
    )


def _html_cell(cell: HtmlCell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    value, below = cell
    return (
        f'{escape(value)}<br><span style="font-size:0.85em;white-space:nowrap;'
        f'opacity:0.85">{escape(below)}</span>'
    )


def html_page(kind: str, size: str, sections: Sequence[str]) -> str:
    """Put tables below a heading.

    Parameters
    ----------
    kind : str
        Class of the report.

    size : str
        What it is about.

    sections : sequence of str
        Tables as HTML.

    Returns
    -------
    str
        One `div` element.
    """
    return (
        '<div style="color:inherit"><p style="margin:0.25em 0.6em">'
        f"<strong>{escape(kind)}</strong>: {escape(size)}</p>{''.join(sections)}</div>"
    )
