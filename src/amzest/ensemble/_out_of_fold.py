"""Out-of-fold predictions of several members, from which the ensembles learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of members, with the labels as codes.

    Each entry of `probas` has shape (n_samples, n_classes), all else (n_samples,).
    """

    probas: list[NDArray[np.float64]]
    presences: list[NDArray[np.bool_]]
    codes: NDArray[np.intp]
    fold: NDArray[np.intp]
    sample_weight: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, fits: Any, names: Sequence[str] | None = None) -> Self:
        """Return the predictions of some members of a fitted CrossFit, or of all."""
        names = fits.names_ if names is None else names
        return cls(
            [fits.oof_proba_[name] for name in names],
            [fits.oof_present_[name] for name in names],
            fits.y_,
            fits.fold_,
            getattr(fits, "sample_weight_", None),
        )

    def take(self, rows: NDArray[Any]) -> OutOfFold:
        """Return some of the samples."""
        return OutOfFold(
            [proba[rows] for proba in self.probas],
            [present[rows] for present in self.presences],
            self.codes[rows],
            self.fold[rows],
            None if self.sample_weight is None else self.sample_weight[rows],
        )

    def of_member(self, member: int) -> OutOfFold:
        """Return the predictions of one member."""
        return replace(
            self, probas=[self.probas[member]], presences=[self.presences[member]]
        )

    def with_probas(self, probas: list[NDArray[np.float64]]) -> OutOfFold:
        """Return the same samples with other predictions."""
        return replace(self, probas=probas)

    def weighted(self) -> OutOfFold:
        """Return the samples to learn from: those whose weight is not zero."""
        if self.sample_weight is None:
            return self
        return self.take(np.flatnonzero(self.sample_weight))

    def folds(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield for each fold the positions of all other samples and of its own.

        What is learnt from the first is evaluated on the second without bias: neither
        it nor the members' out-of-fold predictions have used the labels of the second.
        """
        for number in np.unique(self.fold):
            inside = self.fold == number
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
