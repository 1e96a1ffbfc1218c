"""Write a comparison as text and as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from amzest.evaluation._reports._fusion_report import fusion_sections, gain_sentence
from amzest.evaluation._reports._tables import (
    HtmlCell,
    cut,
    html_page,
    html_table,
    interval,
    percent,
    write_p,
)
from amzest.utils import count

if TYPE_CHECKING:
    from amzest.evaluation._reports._comparison import ClassifierComparison

_WIDTH = 88
#: Categories that are written out in HTML, the hardest ones.
_MAX_CATEGORIES = 50


def comparison_as_text(comparison: ClassifierComparison) -> str:
    """Write a comparison as a table of at most 88 columns.

    Parameters
    ----------
    comparison : ClassifierComparison
        What is written.

    Returns
    -------
    str
        The table, without a line break at its end.
    """
    table = comparison.frame().loc[comparison._ranking("accuracy")]
    letters = comparison._letters("accuracy")
    several = len(table) > 1
    columns = [["accuracy", *_intervals(table, "accuracy")]]
    if several:
        columns.append(["", *letters.loc[table.index]])
    for name in comparison.metrics[1:]:
        heading = comparison._known[name].label
        columns.append([heading, *(f"{value:.3f}" for value in table[name])])
    # Long names give way before numbers do; what does not fit is in `frame()`.
    longest = max(len("design"), *(len(cut(name, 30)) for name in table.index))
    while (room := _WIDTH - _width(columns)) < min(longest, 14) and len(columns) > 1:
        columns.pop()
    columns.insert(0, ["design", *(cut(name, min(room, 30)) for name in table.index)])
    widths = [max(map(len, column)) for column in columns]
    texts = (0, 2) if several else (0,)
    lines = [f"ClassifierComparison: {_size(comparison)}", ""]
    for cells in zip(*columns, strict=True):
        parts = [
            # Names and letters are texts, the rest are numbers.
            f"{cell:<{width}}" if place in texts else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    lines.append("")
    level = percent(comparison.confidence_level)
    lines.append(f"Intervals of {level} from {comparison.n_bootstrap:,} resamples.")
    if several:
        lines += [
            "Designs that share a letter: neither is better in accuracy",
            f"({comparison._claim('accuracy')}).",
        ]
    if comparison._fusion is not None:
        lines += gain_sentence(comparison._fusion)
    return "\n".join(lines)


def _width(columns: list[list[str]]) -> int:
    """Return the width of columns, with two blanks before each."""
    return sum(2 + max(map(len, column)) for column in columns)


def _size(comparison: ClassifierComparison) -> str:
    n_designs = len(comparison.names)
    return (
        f"{count(n_designs, 'design')}, {count(comparison.n_samples, 'row')}, "
        f"{count(len(comparison.classes), 'category')}"
    )


def _intervals(table: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{value:.3f} ({low:.3f}–{high:.3f})"
        for value, low, high in zip(
            table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True
        )
    ]


def comparison_as_html(comparison: ClassifierComparison) -> str:
    """Write a comparison as HTML tables, names escaped.

    Parameters
    ----------
    comparison : ClassifierComparison
        What is written.

    Returns
    -------
    str
        One `div` element that brings its own style.
    """
    sections = [_scores_section(comparison)]
    if len(comparison.names) > 1:
        sections.append(_tests_section(comparison))
    sections.append(_categories_section(comparison))
    if comparison._fusion is not None:
        sections += fusion_sections(comparison._fusion)
    return html_page("ClassifierComparison", _size(comparison), sections)


def _scores_section(comparison: ClassifierComparison) -> str:
    table = comparison.frame().loc[comparison._ranking("accuracy")]
    letters = comparison._letters("accuracy")
    several = len(table) > 1
    head = ["design", *(["group"] if several else [])]
    for name in comparison.metrics:
        metric = comparison._known[name]
        head.append(f"{metric.label} {'↑' if metric.higher_is_better else '↓'}")
    head += ["seconds to fit", "seconds for 1,000 rows", "parameters"]
    rows = []
    for design, row in table.iterrows():
        cells: list[HtmlCell] = [str(letters[design])] if several else []
        for name in comparison.metrics:
            spread = f"{row[f'{name}_low']:.3f}–{row[f'{name}_high']:.3f}"
            cells.append((f"{row[name]:.3f}", spread))
        cells += [
            _number(row["fit_seconds"], ",.3g"),
            _number(row["predict_seconds_per_1000"], ",.3g"),
            _number(row["n_parameters"], ",.0f"),
        ]
        rows.append((str(design), cells))
    level = percent(comparison.confidence_level)
    caption = (
        f"Scores, the best accuracy first; below each its interval of {level} from "
        f"{comparison.n_bootstrap:,} resamples. ↑ higher, ↓ lower is better."
    )
    if several:
        caption += (
            " Designs that share a letter: neither is better in accuracy "
            f"({comparison._claim('accuracy')})."
        )
    text_columns = (1,) if several else ()
    return html_table(caption, head, rows, text_columns=text_columns)


def _number(value: object, form: str) -> str:
    if pd.isna(value):
        return "–"
    text = format(value, form)
    # Three digits of a large number come in exponents.
    return f"{float(text):,.0f}" if "e+" in text else text


def _tests_section(comparison: ClassifierComparison) -> str:
    head = [
        *("first", "second", "difference in accuracy", "only first right"),
        *("only second right", "McNemar p", "bootstrap p", "better"),
    ]
    rows = []
    for pair in comparison.tests().itertuples():
        cells: list[HtmlCell] = [
            pair.second,
            interval(pair.difference, pair.difference_low, pair.difference_high),
            f"{pair.n_only_first:,}",
            f"{pair.n_only_second:,}",
            write_p(pair.mcnemar_p_corrected),
            write_p(pair.bootstrap_p_corrected),
            pair.better or "–",
        ]
        rows.append((pair.first, cells))
    caption = (
        f"Every two designs. Better means: {comparison._claim('accuracy')}. "
        "p-values are "
        f"{'corrected' if comparison.correction else 'not corrected'}, intervals are "
        "those of single differences."
    )
    n_pairs = len(rows)
    title = f"Tests of {count(n_pairs, 'pair')}"
    return html_table(caption, head, rows, title=title, text_columns=(1, 7))


def _categories_section(comparison: ClassifierComparison) -> str:
    table = comparison.per_category()
    f1 = table["f1"].to_numpy().reshape(-1, len(comparison.names))
    support = table["support"].to_numpy()[:: len(comparison.names)]
    means = pd.DataFrame(f1).mean(axis=1)
    hardest = means.sort_values(kind="stable").index[:_MAX_CATEGORIES]
    rows = []
    for place in hardest:
        cells: list[HtmlCell] = [f"{support[place]:,}"]
        cells += [_number(value, ".3f") for value in f1[place]]
        rows.append((str(comparison.classes[place]), cells))
    caption = "F1 in each category, the hardest first."
    if len(hardest) < len(f1):
        caption = f"F1 in the {len(hardest)} hardest of {len(f1):,} categories."
    head = ["category", "rows", *comparison.names]
    return html_table(caption, head, rows, title="Categories")
