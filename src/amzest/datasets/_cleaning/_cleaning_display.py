"""Write a cleaning report as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import takewhile
from typing import Any

_WIDTH = 88
#: Characters shown of each text of an example.
_HTML_LENGTH = 80
#: What is shown before the first difference when a text has to be cut.
_CONTEXT = 12
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

Line = tuple[str, str, Any]


def around_difference(
    before: str | None, after: str | None, length: int
) -> tuple[str | None, str | None]:
    """Cut two texts to the part where they begin to differ.

    Parameters
    ----------
    before, after : str or None
        The texts. None stays None.

    length : int
        Characters that each may keep, at least 2; "…" stands for what is cut off.

    Returns
    -------
    before, after : tuple of (str or None, str or None)
        The parts.
    """
    start = 0
    if before and after and max(len(before), len(after)) > length:
        pairs = zip(before, after, strict=False)
        n_same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        start = n_same - min(_CONTEXT, length // 3)
        start = 0 if start < 2 else start
    return _cut(before, start, length), _cut(after, start, length)


def _cut(text: str | None, start: int, length: int) -> str | None:
    if text is None:
        return None
    part = "…" + text[start:] if start else text
    return part if len(part) <= length else part[: length - 1] + "…"


def _quoted(text: str) -> str:
    """Show blanks and signs that cannot be seen."""
    shown = "".join(
        sign
        if sign.isprintable()
        else _SHORT.get(sign) or sign.encode("unicode_escape").decode()
        for sign in text
    )
    return f'"{shown}"'


def _example(finding: Any, dropped: bool, width: int) -> str:
    if not finding.examples:
        return ""
    example = finding.examples[0]
    before, after = example.before, example.after
    if dropped:
        return _fitted(str(example.row) if before is None else before, None, width)[0]
    before, after = _fitted(before, after, (width - 3) // 2)
    return f"{before} → {after}"


def _fitted(before: str | None, after: str | None, width: int) -> tuple[str, str]:
    """Quote two texts so that each fits, although escapes make them longer."""
    length = max(width - 2, 2)
    while True:
        parts = around_difference(before, after, length)
        shown = ["missing" if part is None else _quoted(part) for part in parts]
        excess = max(map(len, shown)) - width
        if excess <= 0 or length <= 2:
            return shown[0], shown[1]
        length = max(length - max(excess // 4, 1), 2)


def report_as_text(title: str, changed: Sequence[Line], dropped: Sequence[Line]) -> str:
    """Write a report as a table of at most 88 columns.

    Parameters
    ----------
    title : str
        The first line.

    changed, dropped : sequence of (str, str, Finding)
        Rules, their columns, and what they found.

    Returns
    -------
    str
        The table, without a line break at its end.
    """
    lines = [f"CleaningReport: {title}"]
    every = [*changed, *dropped]
    if not every:
        return f"{lines[0]}\nNo rule touched a row."
    rules = max(len("rule"), *(len(rule) for rule, _, _ in every))
    columns = max(len("column"), *(len(_name(column)) for _, column, _ in every))
    rows = max(len("rows"), *(len(f"{found.n_rows:,}") for _, _, found in every))
    room = _WIDTH - rules - columns - rows - 6

    def write(rule: str, column: str, n_rows: str, example: str) -> str:
        line = f"{rule:<{rules}}  {column:<{columns}}  {n_rows:>{rows}}  {example}"
        return line.rstrip()

    lines += ["", write("rule", "column", "rows", "example")]
    for part in (changed, dropped):
        if part is dropped and dropped:
            lines += ["", "dropped because"] if changed else ["dropped because"]
        for rule, column, found in part:
            example = _example(found, part is dropped, room)
            lines.append(write(rule, _name(column), f"{found.n_rows:,}", example))
    return "\n".join(lines)


def _name(column: str) -> str:
    return column if len(column) <= 20 else column[:19] + "…"


# Colours are the notebook's own, at part strength, so that light and dark both work.
_TABLE = "border-collapse:collapse;text-align:left;font-size:0.9em;color:inherit"
_CELL = "padding:0.25em 0.75em;text-align:left;vertical-align:top"
_NUMBER = "padding:0.25em 0.75em;text-align:right;vertical-align:top"
_LINE = "border-top:1px solid rgba(128,128,128,0.5)"
_CODE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;color:inherit;padding:0 0.2em;"
    "background:rgba(128,128,128,0.15)"
)


def report_as_html(title: str, changed: Sequence[Line], dropped: Sequence[Line]) -> str:
    """Write a report as an HTML table, examples escaped.

    Parameters
    ----------
    title : str
        The caption.

    changed, dropped : sequence of (str, str, Finding)
        Rules, their columns, and what they found.

    Returns
    -------
    str
        One `table` element that brings its own style.
    """
    caption = (
        '<caption style="caption-side:top;text-align:left;padding:0.25em 0.75em;'
        f'color:inherit"><strong>CleaningReport</strong>: {escape(title)}</caption>'
    )
    if not changed and not dropped:
        empty = f'<tr><td style="{_CELL}">No rule touched a row.</td></tr>'
        return f'<table style="{_TABLE}">{caption}<tbody>{empty}</tbody></table>'
    head = "".join(
        f'<th scope="col" style="{_NUMBER if name == "rows" else _CELL}">{name}</th>'
        for name in ("rule", "column", "rows", "examples")
    )
    body = ""
    for name, part in (("changed", changed), ("dropped because", dropped)):
        if part:
            body += (
                f'<tbody><tr style="{_LINE}"><th scope="rowgroup" colspan="4" '
                f'style="{_CELL}"><em>{name}</em></th></tr>'
                + "".join(_html_row(*line, dropped=part is dropped) for line in part)
                + "</tbody>"
            )
    return (
        f'<table style="{_TABLE}">{caption}<thead><tr>{head}</tr></thead>{body}</table>'
    )


def _html_row(rule: str, column: str, found: Any, *, dropped: bool) -> str:
    examples = "".join(_html_example(e, dropped) for e in found.examples)
    return (
        f'<tr style="{_LINE}"><th scope="row" style="{_CELL};font-weight:normal">'
        f'{escape(rule)}</th><td style="{_CELL}">{escape(column)}</td>'
        f'<td style="{_NUMBER}">{found.n_rows:,}</td>'
        f'<td style="{_CELL}">{examples}</td></tr>'
    )


def _html_example(example: Any, dropped: bool) -> str:
    before, after = around_difference(example.before, example.after, _HTML_LENGTH)
    row = escape(str(example.row))
    if dropped:
        return f"<div>{row if before is None else f'{row}: {_html_text(before)}'}</div>"
    # Screen readers skip an arrow.
    becomes = (
        ' <span aria-hidden="true">→</span>'
        '<span style="position:absolute;width:1px;height:1px;overflow:hidden;'
        'clip-path:inset(50%)">becomes</span> '
    )
    return f"<div>{row}: {_html_text(before)}{becomes}{_html_text(after)}</div>"


def _html_text(text: str | None) -> str:
    if text is None:
        return "<em>missing</em>"
    if not text:
        return "<em>empty</em>"
    return f'<code style="{_CODE}">{escape(_quoted(text)[1:-1])}</code>'
