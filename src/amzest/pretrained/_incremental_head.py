"""Incremental learning of classifiers on top of a frozen encoder."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_consistent_length

from amzest.pretrained._extended_head import (
    HeadRows,
    extend_head,
    is_tuned_for,
    join_rows,
    limit_rows,
)
from amzest.pretrained._head import Head, fit_head
from amzest.utils import (
    MissingSamplesMixin,
    check_sample_weight,
    draw_seeds,
    encode_partial_labels,
    former_state,
    positions_of,
    reported_fit,
)


class Embedded(NamedTuple):
    """Vectors of samples."""

    vectors: NDArray[np.float32]  # (n_samples, n_columns * n_features)
    present: NDArray[np.bool_]
    groups: NDArray[np.integer[Any]]  # the same for equal samples
    why_missing: str


class IncrementalHeadMixin(MissingSamplesMixin):
    """Fit the head, and update it with further samples without forgetting."""

    trainable: Any
    warm_start: bool
    random_state: Any
    head_: Head | None
    network_: Any
    _read: Any
    _validate_params: Any

    @abstractmethod
    def _start_encoder(self, cells: NDArray[np.object_]) -> None:
        """Find the encoder, and set the attributes that identify it."""

    @abstractmethod
    def _embed_samples(self, cells: NDArray[np.object_]) -> Embedded:
        """Compute the vectors of samples."""

    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Update the head with further samples.

        The head keeps the vectors of its training samples, in 8 bits, and is fitted to
        these and the new ones, so that it does not forget
        (:doc:`/user_guide/learning_on`). The encoder is that of the first call, or of
        `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

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
            the classes, or the network itself is or was trained (`trainable`).
        """
        self._validate_params()
        former = former_state(self)
        self._check_trainable("partial_fit", former)
        vars(self).update(former)
        metadata = {"classes": classes, "sample_weight": sample_weight}
        metadata = {k: v for k, v in metadata.items() if v is not None}
        with reported_fit(self, X, y, metadata=metadata or None):
            self._fit_part(X, y, classes, sample_weight, former)
        return self

    def _fit_part(
        self,
        X: Any,
        y: Any,
        classes: Any,
        sample_weight: Any,
        former: dict[str, Any],
    ) -> None:
        """Validate samples, and fit the head to them and to those that it keeps."""
        cells = self._read(X, reset=not former)
        self.classes_, targets = encode_partial_labels(
            y, classes, former.get("classes_")
        )
        check_consistent_length(cells, targets)
        weights = check_sample_weight(cells, sample_weight)
        if former:
            self._extend(cells, targets, weights, former)
            return
        totals = np.bincount(targets, weights, len(self.classes_))
        self._fit_to(cells, targets, weights)
        self.class_prior_ = totals / totals.sum()

    def _check_trainable(self, what: str, former: dict[str, Any]) -> None:
        """Raise if the network itself is or was trained."""
        if self.trainable != "head" or former.get("network_") is not None:
            raise ValueError(
                f'{what} requires trainable="head", but {type(self).__name__} trains '
                "the network itself. Refit it on old and new samples together, or use "
                'trainable="head".'
            )

    def _former_head(self) -> Head | None:
        """Return the head of the former fit, with `warm_start`."""
        return former_state(self).get("head_") if self.warm_start else None

    def _fit_to(
        self,
        cells: NDArray[np.object_],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        former: Head | None = None,
    ) -> None:
        """Fit a classifier of the vectors of the frozen encoder."""
        self._start_encoder(cells)
        embedded = self._embed_samples(cells)
        loss_weights = self._training_weights(
            weights, targets, embedded.present, embedded.why_missing
        )
        rows = np.flatnonzero(loss_weights)
        n_columns = self.n_features_in_
        self.network_ = None
        self.head_ = fit_head(
            embedded.vectors[rows],
            targets[rows],
            len(self.classes_),
            loss_weights[rows],
            n_columns=n_columns,
            groups=embedded.groups[rows],
            seed=draw_seeds(self.random_state)["split"],
            former=former if is_tuned_for(former, len(rows), n_columns) else None,
            sample_weights=None if self.class_weight is None else weights[rows],
        )

    def _extend(
        self,
        cells: NDArray[np.object_],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        former: dict[str, Any],
    ) -> None:
        """Fit the head to its rows and new ones."""
        head: Head = former["head_"]
        seed = draw_seeds(self.random_state)["split"]
        embedded = self._embed_samples(cells)
        rows = np.flatnonzero(embedded.present & (weights > 0))
        new = HeadRows(
            embedded.vectors[rows],
            targets[rows],
            weights[rows],
            embedded.groups[rows],
        )
        places = positions_of(former["classes_"], self.classes_)
        joined = limit_rows(join_rows(head, places, new), seed)
        loss_weights = self._training_weights(
            joined.weights,
            joined.targets,
            np.ones(len(joined.targets), dtype=bool),
            embedded.why_missing,
        )
        self.head_ = extend_head(head, joined, len(self.classes_), loss_weights, seed)
        self.class_prior_ = self._new_prior(head, places, former, targets, weights)

    def _new_prior(
        self,
        head: Head,
        places: NDArray[np.int64],
        former: dict[str, Any],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the class frequencies of all samples so far."""
        kept = head.weights if head.sample_weights is None else head.sample_weights
        totals = np.bincount(targets, weights, len(self.classes_))
        totals[places] += former["class_prior_"] * kept.sum(dtype=np.float64)
        result: NDArray[np.float64] = totals / totals.sum()
        return result
