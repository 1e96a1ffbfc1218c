"""Incremental learning of text classifiers: `partial_fit` and `warm_start`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_consistent_length

from amzest.text._columns import text_columns
from amzest.text._kept_texts import KeptTexts, TrainingCells, keep_texts
from amzest.utils import (
    MissingSamplesMixin,
    check_sample_weight,
    encode_partial_labels,
    former_state,
    positions_of,
)

#: Without new classes, the calibration is learned again when the number of samples has
#: grown by this factor since then; hyperparameters are chosen again at the second one.
_GROWTH, _GROWTH_OF_CHOICE = 1.25, 2.0


@dataclass(frozen=True)
class JoinedSamples:
    """Samples of former fits and new ones."""

    samples: TrainingCells  # the former ones come first
    totals: NDArray[np.float64]  # (n_classes,), weights of all samples so far
    seen: NDArray[np.bool_]  # (n_samples,), samples that a former fit learned from
    former: dict[str, Any]  # fitted attributes of the former fit

    @property
    def n_present(self) -> int:
        """Number of samples that are not missing."""
        return int(np.count_nonzero(self.samples.present))

    @property
    def recalibrates(self) -> bool:
        """Whether there is enough new to learn the calibration again."""
        kept: KeptTexts | None = self.former.get("kept_samples_")
        if kept is None or len(self.totals) > len(kept.totals):
            return True
        if n_tuned(self.former, self.n_present) != kept.n_tuned:
            return True
        return self.n_present > _GROWTH * kept.n_calibrated


class IncrementalTextMixin(MissingSamplesMixin):
    """Learn from further samples of texts, and add classes, without forgetting."""

    warm_start: bool
    kept_samples_: KeptTexts | None
    _validate_params: Any

    @abstractmethod
    def _fit_joined(self, joined: JoinedSamples, arguments: dict[str, Any]) -> None:
        """Fit the model to former and new samples."""

    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Update the model with further samples.

        The samples of former calls are kept in the fitted state and learned from again,
        so that the model does not forget them (:doc:`/user_guide/learning_on`). After
        `fit`, this requires ``warm_start=True``.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Texts, in the columns of the former samples.

        y : array-like of shape (n_samples,)
            Class labels.

        classes : array-like of shape (n_classes,), default=None
            All classes. Required in the first call; samples of each of them need not be
            in `y`. In a later call it may contain additional classes, but has to
            contain all former ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : estimator
            The updated estimator.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid, a label is none of
            the classes, or the estimator was fitted with ``warm_start=False``.
        """
        self._validate_params()
        self._check_partial_fit()
        joined = self._join(X, y, classes, sample_weight)
        total = max(joined.totals.sum(), np.finfo(np.float64).tiny)  # 0 raises below
        self.class_prior_ = joined.totals / total
        metadata = {"classes": classes, "sample_weight": sample_weight}
        metadata = {k: v for k, v in metadata.items() if v is not None}
        self._fit_joined(joined, {"X": X, "y": y, "metadata": metadata or None})
        return self

    def _check_partial_fit(self) -> None:
        """Raise if a parameter cannot be used with `partial_fit`."""

    def _join(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> JoinedSamples:
        """Validate new samples, and return them with those of former fits."""
        former = former_state(self)
        kept: KeptTexts | None = former.get("kept_samples_")
        if "classes_" in former and kept is None:
            raise ValueError(
                f"This {type(self).__name__} was fitted with warm_start=False and "
                "keeps no samples, without which partial_fit would forget. Refit it "
                "with warm_start=True, or call partial_fit from the start."
            )
        cells, names = text_columns(X)
        for name in {"n_features_in_", "feature_names_in_"} & former.keys():
            setattr(self, name, former[name])
        self._check_columns(cells.shape[1], names, reset=kept is None)
        known = former.get("classes_")
        self.classes_, targets = encode_partial_labels(y, classes, known)
        check_consistent_length(cells, targets)
        weights = check_sample_weight(cells, sample_weight)
        new = TrainingCells(cells, targets, weights)
        totals = self._totals(targets, weights)
        if kept is None or known is None:
            return JoinedSamples(new, totals, np.zeros(len(new), dtype=bool), former)
        places = positions_of(known, self.classes_)
        totals[places] += kept.totals
        old = kept.samples()
        old = TrainingCells(old.cells, places[old.targets], old.weights)
        seen = np.append(np.ones(len(old), dtype=bool), kept.has_seen(new))
        return JoinedSamples(old.with_more(new), totals, seen, former)

    def _totals(
        self, targets: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the total weight of each class."""
        totals: Any = np.bincount(targets, weights, len(self.classes_))
        return np.asarray(totals, dtype=np.float64)

    def _keep_joined(
        self, joined: JoinedSamples, *, calibrated: bool, seed: int
    ) -> None:
        """Keep samples for the next call."""
        kept: KeptTexts | None = joined.former.get("kept_samples_")
        n_samples = joined.n_present
        before = None if calibrated else kept
        self.kept_samples_ = keep_texts(
            joined.samples,
            joined.totals,
            n_calibrated=n_samples if before is None else before.n_calibrated,
            n_tuned=(
                n_tuned(joined.former, n_samples) if before is None else before.n_tuned
            ),
            seen=None if kept is None else kept.seen,
            seed=seed,
        )

    def _keep_fitted(
        self,
        X: Any,
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        seed: int,
    ) -> None:
        """Keep the samples of `fit` if `warm_start`."""
        self.kept_samples_ = None
        if self.warm_start:
            samples = TrainingCells(text_columns(X)[0], targets, weights)
            former = former_state(self)
            kept: KeptTexts | None = former.get("kept_samples_")
            n_samples = int(np.count_nonzero(samples.present))
            self.kept_samples_ = keep_texts(
                samples,
                self._totals(targets, weights),
                n_calibrated=n_samples,
                n_tuned=n_tuned(former, n_samples),
                seen=None if kept is None else kept.seen,
                seed=seed,
            )


def n_tuned(former: dict[str, Any], n_samples: int) -> int:
    """Return with how many samples hyperparameters were chosen, or are now."""
    kept: KeptTexts | None = former.get("kept_samples_")
    before = 0 if kept is None else kept.n_tuned
    return before if n_samples < _GROWTH_OF_CHOICE * before else n_samples


def former_C(former: dict[str, Any], n_samples: int) -> float | None:
    """Return the `C_` of the former fit, unless it is to be chosen again."""
    kept: KeptTexts | None = former.get("kept_samples_")
    chosen: float | None = former.get("C_")
    if kept is None or n_tuned(former, n_samples) != kept.n_tuned:
        return None
    return chosen
