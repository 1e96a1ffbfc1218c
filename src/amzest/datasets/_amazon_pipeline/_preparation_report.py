"""The report of :func:`prepare_products`."""

from __future__ import annotations

import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._amazon_pipeline._prepared_parts import PartSummary
from amzest.datasets._cleaning._cleaning_report import CleaningReport

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class PreparationReport:
    """What each step of :func:`prepare_products` did; prints as a summary.

    Parameters
    ----------
    path : str
        Path of the table.

    Attributes
    ----------
    n_products : int
        Number of products read.

    n_skipped : int
        Number of broken lines skipped.

    skipped : list of str
        File, line number and error of the first 10 of them.

    unreadable : dict of str to int
        Number of values of each column that could not be parsed and are missing.

    cleaning : CleaningReport
        Report of the cleaning steps.

    rare : dict of str to int
        Number of products of the categories that were dropped for having too few.

    n_not_drawn : int
        Number of products dropped to balance the categories.

    counts : dict of (str, str) to int
        Number of products of each category and side of the split; the side is "all" if
        the table was not split.

    n_groups : int
        Number of groups of near-duplicates, each on one side of the split; 0 if the
        table was not split.

    largest_group : int
        Number of products in the largest group.

    images : dict of str to int or None
        Number of images for each status of :func:`download_images`.

    seconds : dict of str to float
        Elapsed time of each step.

    See Also
    --------
    prepare_products : Returns the report.

    Examples
    --------
    >>> from amzest.datasets import PreparationReport
    >>> print(PreparationReport("products.parquet"))
    products read                          0
    products kept                          0  in products.parquet
    """

    path: str
    n_products: int = field(default=0, init=False)
    n_skipped: int = field(default=0, init=False)
    skipped: list[str] = field(default_factory=list, init=False)
    unreadable: dict[str, int] = field(default_factory=dict, init=False)
    cleaning: CleaningReport = field(default_factory=CleaningReport, init=False)
    rare: dict[str, int] = field(default_factory=dict, init=False)
    n_not_drawn: int = field(default=0, init=False)
    counts: dict[tuple[str, str], int] = field(default_factory=dict, init=False)
    n_groups: int = field(default=0, init=False)
    largest_group: int = field(default=0, init=False)
    images: dict[str, int] | None = field(default=None, init=False)
    seconds: dict[str, float] = field(default_factory=dict, init=False)

    @contextmanager
    def time(self, step: str) -> Iterator[None]:
        """Measure the elapsed time of a step.

        Parameters
        ----------
        step : str
            Name of the step.

        Yields
        ------
        None
            While the step runs.
        """
        start = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - start

    def add_parts(self, summary: PartSummary) -> None:
        """Add the summary of the raw files.

        Parameters
        ----------
        summary : PartSummary
            Sum over all files.
        """
        for name, value in vars(summary).items():
            setattr(self, name, value)

    def count(self, categories: Sequence[Any], split: Sequence[str] | None) -> None:
        """Count the products of the table.

        Parameters
        ----------
        categories : sequence of str
            Category of each product.

        split : sequence of str or None
            Side of each product. None if the table was not split.
        """
        sides = ["all"] * len(categories) if split is None else split
        self.counts = dict(Counter(zip(categories, map(str, sides), strict=True)))

    def count_groups(self, groups: NDArray[np.int64]) -> None:
        """Count the groups of near-duplicates.

        Parameters
        ----------
        groups : ndarray of shape (n_products,), dtype int64
            Group of each product.
        """
        sizes = np.bincount(groups)
        self.n_groups, self.largest_group = len(sizes), int(sizes.max())

    def frame(self) -> pd.DataFrame:
        """Return the number of products of each category and side of the split.

        Returns
        -------
        DataFrame of shape (n_categories, n_sides)
            Rows are categories, columns are sides.
        """
        import pandas as pd

        table = pd.Series(self.counts, dtype=int).rename_axis(["category", "split"])
        return table.unstack(fill_value=0)

    def __str__(self) -> str:
        rows: list[tuple[str, int, str]] = [("products read", self.n_products, "")]
        if self.n_skipped:
            rows.append(("broken lines skipped", self.n_skipped, self.skipped[0]))
        for name, n in self.unreadable.items():
            rows.append((f"{name} unreadable", n, "now missing"))
        for rule, column, effect, n in self.cleaning.frame().itertuples(index=False):
            if effect == "dropped":
                rows.append((f"dropped: {rule}", n, f"by {column}"))
        if self.rare:
            n = sum(self.rare.values())
            rows.append(("dropped: rare category", n, _shorten(self.rare)))
        if self.n_not_drawn:
            rows.append(("dropped: to balance", self.n_not_drawn, ""))
        rows.append(("products kept", sum(self.counts.values()), f"in {self.path}"))
        if self.n_groups:
            note = f"the largest has {self.largest_group:,}"
            rows.append(("groups of near-duplicates", self.n_groups, note))
        for status, n in (self.images or {}).items():
            rows.append((f"images: {status}", n, ""))
        lines = [f"{name:<28}{n:>12,}  {note}".rstrip() for name, n, note in rows]
        if self.counts:
            lines += ["", self.frame().to_string()]
        if self.seconds:
            lines += ["", "seconds"]
            lines += [f"{name:<28}{s:>12.1f}" for name, s in self.seconds.items()]
        return "\n".join(lines)


def _shorten(names: Iterable[str]) -> str:
    """Join names, shortened to the width of a line."""
    return textwrap.shorten(", ".join(map(repr, names)), 44, placeholder=" ...")
