"""The report of cleaning a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amzest.datasets._cleaning._cleaning_display import (
    around_difference,
    report_as_html,
    report_as_text,
)
from amzest.datasets._shared._constraints import NON_NEGATIVE_INTEGER
from amzest.utils import count, shown, validate_params

if TYPE_CHECKING:
    import pandas as pd

#: Rules that change cells, then rules that drop rows, in the order of the report.
CHANGING = (
    *("code", "tags", "entities", "mojibake", "control characters", "byline"),
    *("white space", "bullet points", "placeholder", "empty", "filled", "renamed"),
)
DROPPING = ("other category", "several categories", "missing", "repeated")
_ORDER = {rule: place for place, rule in enumerate((*CHANGING, *DROPPING))}

#: Longest text kept of an example, in characters.
_EXAMPLE_LENGTH = 160


@dataclass(frozen=True)
class Example:
    """Asin or label of a row that a rule applied to, and the cell before and after."""

    row: str | int
    before: str | None
    after: str | None


@dataclass
class Finding:
    """Number of rows that a rule applied to in a column, and the first examples."""

    n_rows: int = 0
    examples: list[Example] = field(default_factory=list)


class CleaningReport:
    """Number of rows changed or dropped by each rule of :func:`clean_products`.

    It is displayed as a table, also in a notebook. The reports of the chunks of a table
    add up to the report of the whole with ``+`` or ``sum``.

    Parameters
    ----------
    n_rows_in : int, default=0
        Number of rows before cleaning.

    n_examples : int, default=3
        Number of examples kept for each rule and column, the first ones.

    Attributes
    ----------
    n_rows_in : int
        Number of rows before cleaning.

    n_rows_out : int
        Number of rows that were kept.

    n_examples : int
        Number of examples kept for each rule and column.

    See Also
    --------
    clean_products : Cleans a table and returns its report.

    Examples
    --------
    >>> import pandas as pd
    >>> from amzest.datasets import clean_products
    >>> titles = ["Tom &amp; Jerry", "Mug<br>", "mug", "Cup<br>"]
    >>> table, report = clean_products(pd.DataFrame({"title": titles}))
    >>> report
    CleaningReport: 4 rows in, 3 kept, 1 dropped
    <BLANKLINE>
    rule      column  rows  example
    tags      title      2  "Mug<br>" → "Mug"
    entities  title      1  "Tom &amp; Jerry" → "Tom & Jerry"
    <BLANKLINE>
    dropped because
    repeated  title      1  "mug"
    """

    @validate_params(
        {
            "n_rows_in": [NON_NEGATIVE_INTEGER],
            "n_examples": [NON_NEGATIVE_INTEGER],
        }
    )
    def __init__(self, n_rows_in: int = 0, *, n_examples: int = 3) -> None:
        self.n_rows_in = int(n_rows_in)
        self.n_examples = int(n_examples)
        self._findings: dict[tuple[str, str], Finding] = {}

    __hash__ = None  # type: ignore[assignment]

    @property
    def n_rows_out(self) -> int:
        """Number of rows that were kept."""
        return self.n_rows_in - sum(
            finding.n_rows
            for (rule, _), finding in self._findings.items()
            if rule in DROPPING
        )

    def record(
        self, rule: str, column: str, n_rows: int, examples: Iterable[Example] = ()
    ) -> None:
        """Add rows that a rule applied to.

        Parameters
        ----------
        rule : str
            One of the rules that :func:`clean_products` lists.

        column : str
            Column that the rule was applied to.

        n_rows : int
            Number of rows.

        examples : iterable of Example, default=()
            The first of them; at most `n_examples` are kept in all.
        """
        if rule not in _ORDER:
            known = ", ".join(map(repr, _ORDER))
            raise ValueError(f"`rule` must be one of {known}, got {shown(rule)}.")
        finding = self._findings.setdefault((rule, column), Finding())
        finding.n_rows += n_rows
        for example in examples:
            if len(finding.examples) >= self.n_examples:
                break
            before, after = around_difference(
                example.before, example.after, _EXAMPLE_LENGTH
            )
            finding.examples.append(Example(example.row, before, after))

    def needs_examples(self, rule: str, column: str) -> bool:
        """Return whether fewer than `n_examples` examples are kept.

        Parameters
        ----------
        rule : str
            The rule.

        column : str
            Column that the rule was applied to.

        Returns
        -------
        bool
            True if another example would be kept.
        """
        finding = self._findings.get((rule, column))
        return (len(finding.examples) if finding else 0) < self.n_examples

    def findings(self) -> list[tuple[str, str, Finding]]:
        """Return the rules that applied, in the order of printing.

        Returns
        -------
        list of (str, str, Finding)
            Rule, column, and its number of rows with examples.
        """
        found = sorted(
            self._findings.items(), key=lambda item: (_ORDER[item[0][0]], item[0][1])
        )
        return [(rule, column, finding) for (rule, column), finding in found]

    def frame(self) -> pd.DataFrame:
        """Return the numbers of rows as a table.

        Returns
        -------
        DataFrame of shape (n_findings, 4)
            Columns `rule`, `column`, `effect` ("changed" or "dropped") and `n_rows`.
        """
        import pandas as pd

        rows = [
            (rule, column, _effect(rule), finding.n_rows)
            for rule, column, finding in self.findings()
        ]
        return pd.DataFrame(rows, columns=["rule", "column", "effect", "n_rows"])

    def examples(self) -> pd.DataFrame:
        """Return the examples as a table.

        Returns
        -------
        DataFrame of shape (n_examples_in_all, 5)
            Columns `rule`, `column`, `row`, `before` and `after`.
        """
        import pandas as pd

        rows = [
            (rule, column, example.row, example.before, example.after)
            for rule, column, finding in self.findings()
            for example in finding.examples
        ]
        names = ["rule", "column", "row", "before", "after"]
        return pd.DataFrame(rows, columns=names, dtype=object)

    def followed_by(self, later: CleaningReport) -> CleaningReport:
        """Return the report of two steps, one after the other.

        Parameters
        ----------
        later : CleaningReport
            Report of the second step.

        Returns
        -------
        CleaningReport
            From the input of the first step to the output of the second.

        Raises
        ------
        ValueError
            If the second step had another number of rows than the first one kept.
        """
        if later.n_rows_in != self.n_rows_out:
            msg = (
                f"`later` is about {count(later.n_rows_in, 'row')}, but the step "
                f"before kept {count(self.n_rows_out, 'row')}. To add up reports of "
                "different rows, use +."
            )
            raise ValueError(msg)
        report = self + later
        report.n_rows_in = self.n_rows_in
        return report

    def __add__(self, other: Any) -> CleaningReport:
        if not isinstance(other, CleaningReport):
            return NotImplemented
        total = CleaningReport(
            self.n_rows_in + other.n_rows_in,
            n_examples=max(self.n_examples, other.n_examples),
        )
        for report in (self, other):
            for rule, column, finding in report.findings():
                total.record(rule, column, finding.n_rows, finding.examples)
        return total

    def __radd__(self, other: Any) -> CleaningReport:
        # sum() starts from 0.
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CleaningReport):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON.

        Returns
        -------
        dict
            The input of :meth:`from_dict`.
        """
        return {
            "n_rows_in": self.n_rows_in,
            "n_rows_out": self.n_rows_out,
            "n_examples": self.n_examples,
            "findings": [
                {
                    "rule": rule,
                    "column": column,
                    "effect": _effect(rule),
                    "n_rows": finding.n_rows,
                    "examples": [vars(example).copy() for example in finding.examples],
                }
                for rule, column, finding in self.findings()
            ],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CleaningReport:
        """Create a report from plain values.

        Parameters
        ----------
        values : mapping
            The output of :meth:`to_dict`.

        Returns
        -------
        CleaningReport
            Equal to the original report.
        """
        report = cls(values["n_rows_in"], n_examples=values["n_examples"])
        for found in values["findings"]:
            examples = [Example(**example) for example in found["examples"]]
            report.record(found["rule"], found["column"], found["n_rows"], examples)
        return report

    def __repr__(self) -> str:
        return report_as_text(*self._for_display())

    def _repr_html_(self) -> str:
        return report_as_html(*self._for_display())

    def _for_display(self) -> tuple[str, list[Any], list[Any]]:
        n_dropped = self.n_rows_in - self.n_rows_out
        title = (
            f"{count(self.n_rows_in, 'row')} in, "
            f"{self.n_rows_out:,} kept, {n_dropped:,} dropped"
        )
        changed = [found for found in self.findings() if found[0] in CHANGING]
        dropped = [found for found in self.findings() if found[0] in DROPPING]
        return title, changed, dropped


def _effect(rule: str) -> str:
    return "changed" if rule in CHANGING else "dropped"
