"""The out-of-fold rows of all members, as the ensembles read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OutOfFold:
    """What members say of rows that they have not learnt from.

    Attributes
    ----------
    probas : list of ndarray of shape (n_rows, n_classes)
        One for each member.

    presences : list of ndarray of shape (n_rows,), dtype bool
        Rows that each member could read.

    codes : ndarray of shape (n_rows,), dtype int
        True class of each row.

    fold : ndarray of shape (n_rows,), dtype int
        Fold of each row.
    """

    probas: list[NDArray[np.float64]]
    presences: list[NDArray[np.bool_]]
    codes: NDArray[np.intp]
    fold: NDArray[np.intp]

    @classmethod
    def of(cls, crossfit: Any, names: Sequence[str] | None = None) -> Self:
        """Take the rows of some members of a fitted CrossFit; of all by default."""
        names = crossfit.names_ if names is None else names
        return cls(
            [crossfit.oof_proba_[name] for name in names],
            [crossfit.oof_present_[name] for name in names],
            crossfit.y_,
            crossfit.fold_,
        )

    def take(self, rows: NDArray[Any]) -> OutOfFold:
        """Give some of the rows."""
        return OutOfFold(
            [proba[rows] for proba in self.probas],
            [present[rows] for present in self.presences],
            self.codes[rows],
            self.fold[rows],
        )

    def folds(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield for each fold the other rows and its own.

        What is learnt on the first and asked about the second has not seen the second
        in any way: neither had the members.
        """
        for number in np.unique(self.fold):
            inside = self.fold == number
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
