"""The text and HTML of a cleaning report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import takewhile
from typing import Any

from amzest.utils import table_as_html

_WIDTH = 88
#: Longest text of an example in HTML, in characters.
_HTML_LENGTH = 80
#: Characters shown before the first difference of two texts that are cut.
_CONTEXT = 12
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

Line = tuple[str, str, Any]


def around_difference(
    before: str | None, after: str | None, length: int
) -> tuple[str | None, str | None]:
    """Cut two texts to at most `length` characters around their first difference."""
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


def _escape_unprintable(text: str) -> str:
    """Write characters that cannot be printed as Python escapes."""
    return "".join(
        sign
        if sign.isprintable()
        else _SHORT.get(sign) or sign.encode("unicode_escape").decode()
        for sign in text
    )


def _example(finding: Any, dropped: bool, width: int) -> str:
    """Return the first example in at most `width` characters."""
    if not finding.examples:
        return ""
    example = finding.examples[0]
    before, after = example.before, example.after
    if dropped:
        return _fitted(str(example.row) if before is None else before, None, width)[0]
    before, after = _fitted(before, after, (width - 3) // 2)
    return f"{before} → {after}"


def _fitted(before: str | None, after: str | None, width: int) -> tuple[str, str]:
    """Quote two texts in at most `width` characters each."""
    length = max(width - 2, 2)
    while True:
        # Escapes make a text longer, so that its length is found by trying.
        parts = around_difference(before, after, length)
        texts = [
            "missing" if part is None else f'"{_escape_unprintable(part)}"'
            for part in parts
        ]
        excess = max(map(len, texts)) - width
        if excess <= 0 or length <= 2:
            return texts[0], texts[1]
        length = max(length - max(excess // 4, 1), 2)


def report_as_text(title: str, changed: Sequence[Line], dropped: Sequence[Line]) -> str:
    """Return a report as text of at most 88 columns."""
    title = f"CleaningReport: {title}"
    found = [*changed, *dropped]
    if not found:
        return f"{title}\nNo rule applied to any row."
    cells = [
        (rule, _cut(column, 0, 20) or "", f"{finding.n_rows:,}")
        for rule, column, finding in found
    ]
    head = ("rule", "column", "rows")
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    room = _WIDTH - sum(widths) - 6

    def line(rule: str, column: str, n_rows: str, example: str) -> str:
        texts = rule.ljust(widths[0]), column.ljust(widths[1]), n_rows.rjust(widths[2])
        return "  ".join([*texts, example]).rstrip()

    lines = [
        line(*row, _example(finding, i >= len(changed), room))
        for i, (row, (_, _, finding)) in enumerate(zip(cells, found, strict=True))
    ]
    if dropped:
        heading = ["", "dropped because"] if changed else ["dropped because"]
        lines = [*lines[: len(changed)], *heading, *lines[len(changed) :]]
    return "\n".join([title, "", line(*head, "example"), *lines])


def report_as_html(title: str, changed: Sequence[Line], dropped: Sequence[Line]) -> str:
    """Return a report as an HTML table with escaped examples."""
    import pandas as pd

    title = f"<strong>CleaningReport</strong>: {escape(title)}"
    if not changed and not dropped:
        return f"<p>{title}. No rule applied to any row.</p>"
    rows = [
        (escape(column), effect, f"{found.n_rows:,}", _html_examples(found, effect))
        for effect, lines in (("changed", changed), ("dropped", dropped))
        for _, column, found in lines
    ]
    frame = pd.DataFrame(
        rows,
        index=[escape(rule) for rule, _, _ in (*changed, *dropped)],
        columns=["column", "effect", "rows", "examples"],
    ).rename_axis(columns="rule")
    caption = f"<caption>{title}</caption>"
    return table_as_html(frame, caption, justify="left", escape=False)


def _html_examples(found: Any, effect: str) -> str:
    return "".join(_html_example(e, effect == "dropped") for e in found.examples)


def _html_example(example: Any, dropped: bool) -> str:
    before, after = around_difference(example.before, example.after, _HTML_LENGTH)
    text = escape(str(example.row))
    if not dropped:
        text += f": {_html_text(before)} → {_html_text(after)}"
    elif before is not None:
        text += f": {_html_text(before)}"
    return f'<div style="text-align:left">{text}</div>'


def _html_text(text: str | None) -> str:
    if not text:
        return "<em>missing</em>" if text is None else "<em>empty</em>"
    return (
        f'<code style="white-space:pre-wrap">{escape(_escape_unprintable(text))}</code>'
    )
