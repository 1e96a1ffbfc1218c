"""A comparison as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from amzest.evaluation._metrics._scoring import Metric
from amzest.evaluation._reports._fusion_report import (
    fusion_tables,
    gain_sentence,
    recommendation_sentence,
)
from amzest.evaluation._reports._tables import (
    Table,
    html_page,
    html_table,
    percent,
    text_table,
    wrapped,
    write_differences,
    write_number,
    write_p,
    write_scores,
)
from amzest.utils import count

#: Categories that are listed in HTML, the hardest ones.
_MAX_CATEGORIES = 50
_COSTS = (
    ("fit_seconds", "seconds to fit", ",.3g"),
    ("predict_seconds_per_1000", "seconds for 1,000 rows", ",.3g"),
    ("n_parameters", "parameters", ",.0f"),
)
_TESTS = {
    "n_only_first": "only first correct",
    "n_only_second": "only second correct",
    "mcnemar_p_corrected": "McNemar p",
    "bootstrap_p_corrected": "bootstrap p",
}


@dataclass(frozen=True)
class ComparisonSummary:
    """What a report of a comparison shows: the best accuracy is the first row."""

    scores: pd.DataFrame
    letters: pd.Series
    metrics: list[Metric]
    tests: pd.DataFrame
    categories: pd.DataFrame
    test: str
    n_samples: int
    n_bootstrap: int
    confidence_level: float
    corrected: bool
    fusion: Any

    @property
    def heading(self) -> str:
        """Number of designs, rows and categories."""
        n_designs = len(self.scores)
        n_categories = len(self.categories) // n_designs
        return (
            f"ClassifierComparison: {count(n_designs, 'design')}, "
            f"{count(self.n_samples, 'row')}, {count(n_categories, 'category')}"
        )

    @property
    def notes(self) -> str:
        """Which intervals and tests are reported."""
        notes = (
            f"{percent(self.confidence_level)} confidence intervals from "
            f"{self.n_bootstrap:,} bootstrap resamples."
        )
        if len(self.scores) > 1:
            notes += (
                " Designs without a group letter in common differ significantly in "
                f"accuracy ({self.test})."
            )
        return notes


def comparison_as_text(summary: ComparisonSummary) -> str:
    """Write the scores, in lines of at most 88 characters."""
    table = _scores_table(summary, intervals="accuracy", arrows=False)
    parts = [summary.heading, "", text_table(table), "", wrapped(summary.notes)]
    if summary.fusion is not None:
        parts.append(gain_sentence(summary.fusion))
        parts.append(wrapped(recommendation_sentence(summary.fusion)))
    return "\n".join(parts)


def comparison_as_html(summary: ComparisonSummary) -> str:
    """Write all tables as one `div` element."""
    folded = [_categories_table(summary)]
    if len(summary.scores) > 1:
        folded.insert(0, _tests_table(summary))
    if summary.fusion is not None:
        folded += fusion_tables(summary.fusion)
    scores = html_table(_scores_table(summary), folded=False)
    tables = [html_table(table, folded=True) for table in folded]
    return html_page(summary.heading, [scores, *tables])


def _scores_table(
    summary: ComparisonSummary, *, intervals: str = "all", arrows: bool = True
) -> Table:
    """Return scores, and with intervals of all metrics seconds and parameters too."""
    scores = summary.scores
    columns: dict[str, pd.Series] = {}
    for metric in summary.metrics:
        arrow = " ↑" if metric.higher_is_better else " ↓"
        columns[metric.label + (arrow if arrows else "")] = (
            write_scores(scores, metric.name)
            if intervals in ("all", metric.name)
            else scores[metric.name].map(write_number)
        )
        if metric.name == "accuracy" and len(scores) > 1:
            columns["group"] = summary.letters.loc[scores.index]
    if intervals == "all":
        for name, heading, form in _COSTS:
            columns[heading] = scores[name].map(lambda n, f=form: write_number(n, f))
    caption = f"Scores; ↑ higher, ↓ lower is better. {summary.notes}"
    return Table("Scores", caption, pd.DataFrame(columns).rename_axis("design"))


def _tests_table(summary: ComparisonSummary) -> Table:
    tests = summary.tests
    columns = {
        "second": tests["second"],
        "difference in accuracy": write_differences(tests, "difference"),
    }
    for name, heading in _TESTS.items():
        if name in tests:
            write = write_p if name.endswith("_p_corrected") else "{:,}".format
            columns[heading] = tests[name].map(write)
    columns["better"] = tests["better"].fillna("–")
    cells = pd.DataFrame(columns).set_axis(pd.Index(tests["first"], name="first"))
    caption = (
        f"Better: {summary.test}. p-values are "
        f"{'corrected' if summary.corrected else 'not corrected'}, the intervals of "
        "differences are not."
    )
    return Table(f"Tests of {count(len(tests), 'pair')}", caption, cells)


def _categories_table(summary: ComparisonSummary) -> Table:
    table = summary.categories
    # `per_category` is sorted by category, with all designs of a category together.
    n_designs = len(summary.scores)
    f1 = table["f1"].to_numpy().reshape(-1, n_designs)
    cells = pd.DataFrame(f1, columns=table["design"][:n_designs])
    hardest = cells.mean(axis=1).sort_values(kind="stable").index[:_MAX_CATEGORIES]
    cells = cells.map(write_number)
    support = table["support"].to_numpy()[::n_designs]
    cells.insert(0, "support", [f"{rows:,}" for rows in support])
    names = table["category"].astype(str).to_numpy()[::n_designs]
    cells.index = pd.Index(names, name="category")
    caption = "F1 in each category, the hardest first."
    if len(hardest) < len(f1):
        caption = f"F1 in the {len(hardest)} hardest of {len(f1):,} categories."
    return Table("Categories", caption, cells.iloc[hardest])
