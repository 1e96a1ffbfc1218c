"""What classifiers share that hold a fine-tuned network."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.utils.validation import check_is_fitted

from amzest.neural import BaseNeuralClassifier, Calibration, Weights

#: Parameters that the network gets: names and meaning are those of other networks.
PASSED_ON = (
    "learning_rate",
    "weight_decay",
    "label_smoothing",
    "dropout",
    "batch_size",
    "max_epochs",
    "calibrate",
    "early_stopping",
    "validation_fraction",
    "n_iter_no_change",
    "tol",
    "verbose",
    "class_weight",
    "device",
    "precision",
    "random_state",
)


class FineTunedAttributesMixin:
    """The fitted attributes of a classifier that holds a network in `network_`."""

    network_: Any
    trainable: Any

    def _fine_tuned(self) -> Any:
        """Return the network, as predictions use it."""
        return self.network_

    def _attribute(self, name: str) -> Any:
        """Return an attribute of the fine-tuned network."""
        check_is_fitted(self, "network_")
        if self.network_ is None:
            raise AttributeError(
                f"`{name}` exists only for a fine-tuned network, but "
                f'{type(self).__name__} was fitted with trainable="head".'
            )
        return getattr(self._fine_tuned(), name)

    @property
    def calibration_(self) -> Calibration:
        """The calibration of the fine-tuned network."""
        calibration: Calibration = self._attribute("calibration_")
        return calibration

    @property
    def n_iter_(self) -> int:
        """Number of epochs."""
        return int(self._attribute("n_iter_"))

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of each epoch."""
        return list(self._attribute("loss_curve_"))

    @property
    def validation_scores_(self) -> list[float] | None:
        """Accuracy on held-out samples."""
        scores: list[float] | None = self._attribute("validation_scores_")
        return scores

    @property
    def weights_(self) -> Weights:
        """Parameters of the network by name."""
        return dict(self._attribute("weights_"))

    @property
    def net_(self) -> Any:
        """The network as a skorch object."""
        return self._attribute("net_")


class OwnerContext:
    """Reports the fit of a network to callbacks as the fit of its owner.

    `only_in_fit` are attributes of the network that it has during the fit only.
    """

    def __init__(
        self,
        context: Any,
        owner: Any,
        network: BaseNeuralClassifier,
        only_in_fit: tuple[str, ...],
    ) -> None:
        self.context, self.owner, self.network = context, owner, network
        self.only_in_fit = only_in_fit

    def subcontext(self, **settings: Any) -> OwnerContext:
        """Return the context of a part of the fit."""
        context = self.context.subcontext(**settings)
        return OwnerContext(context, self.owner, self.network, self.only_in_fit)

    def call_on_fit_task_begin(self, *, estimator: Any, **arguments: Any) -> None:
        """Report the start of a part of the fit."""
        self.context.call_on_fit_task_begin(estimator=self.owner, **arguments)

    def call_on_fit_task_end(
        self, *, estimator: Any, reconstruction_attributes: Any, **arguments: Any
    ) -> bool:
        """Report the end of a part of the fit; return whether training should stop."""

        def attributes() -> dict[str, Any]:
            state = reconstruction_attributes
            network = copy.copy(self.network)
            for name in self.only_in_fit:
                network.__dict__.pop(name, None)
            network.__dict__.update(state() if callable(state) else state)
            return dict(self.owner._fitted_with(network))

        return bool(
            self.context.call_on_fit_task_end(
                estimator=self.owner, **arguments, reconstruction_attributes=attributes
            )
        )
