"""The engine for torch networks. The only module that imports skorch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from amzest.neural._engine import Batch, Output, TrainingSettings, Weights
from amzest.neural._rowwise_rmsprop import RowwiseRMSprop
from amzest.neural._torch import (
    GENERATOR_LOCK,
    compute_side_by_side,
    one_thread,
    resolve_device,
    trains_in_bfloat16,
)
from amzest.utils import without_warnings

with without_warnings():
    from skorch import NeuralNet


@contextmanager
def _seeded_generator(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generator for a block, and restore its state.

    The caller holds the lock: Ctrl+C on the way into a generator's block would leave
    one that the generator holds acquired for as long as the traceback exists.
    """
    devices = [device] if device.type == "cuda" else []
    with one_thread(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    """Convert an array to a tensor, without a copy if its memory is writable.

    torch warns of read-only memory, such as that of a file memory-mapped by joblib.
    """
    return torch.from_numpy(array if array.flags.writeable else array.copy())


class _WeightedNet(NeuralNet):
    """A skorch net with sample weights and a second optimizer for sparse tables."""

    #: Autocast for the forward pass only: in the backward pass an LSTM loses accuracy.
    training_context: AbstractContextManager[Any] = nullcontext()

    def infer(self, x: Any, **fit_params: Any) -> Any:
        """Compute the outputs of a batch."""
        training = self.module_.training
        with self.training_context if training else nullcontext():
            return super().infer(x, **fit_params)

    def get_loss(
        self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False
    ) -> Any:
        """Return the mean weighted loss."""
        targets, weights = y_true
        return (self.criterion_(y_pred, targets) * weights).mean()

    def initialize_optimizer(self, triggered_directly: Any = None) -> Any:
        """Do nothing: the optimizer is created in the first training step.

        For its first optimizer torch imports its compiler, which takes longer than
        everything else before a prediction.
        """
        return self

    def prepare_optimizer(self) -> None:
        """Create the optimizers, if needed: weight decay applies to matrices only."""
        if hasattr(self, "optimizer_"):
            return
        sparse_names = getattr(self.module_, "sparse_parameters", ())
        decayed: list[Any] = []
        free: list[Any] = []
        sparse: list[Any] = []
        for name, parameter in self.module_.named_parameters():
            if name in sparse_names:
                sparse.append(parameter)
            else:
                (decayed if parameter.ndim > 1 else free).append(parameter)
        _, options = self.get_params_for_optimizer("optimizer", [])
        groups = [{"params": decayed}, {"params": free, "weight_decay": 0.0}]
        with self._current_init_context("optimizer"):  # registers them in skorch
            self.optimizer_ = self.optimizer(groups, **options)
            if sparse:
                self.sparse_optimizer_ = RowwiseRMSprop(sparse, self.lr)

    def forget_optimizer(self) -> None:
        """Free the optimizers and the gradients."""
        self.module_.zero_grad(set_to_none=True)
        for name in list(self._optimizers):
            delattr(self, f"{name}_")

    def train_step(self, batch: Any, **fit_params: Any) -> Any:
        """Update with all optimizers; skorch would compute the gradient for each."""
        self.prepare_optimizer()
        self._zero_grad_optimizer()
        step = self.train_step_single(batch, **fit_params)
        self._step_optimizer(None)
        return step

    def train_step_single(self, batch: Any, **fit_params: Any) -> Any:
        """Compute the gradient of a batch: in parts, if the module divides it.

        The activations of a part are freed before those of the next one are computed.
        """
        divide = getattr(self.module_, "divide", None)
        if divide is None:
            return super().train_step_single(batch, **fit_params)
        inputs, (targets, weights) = batch
        loss: Any = 0.0
        for rows, part in divide(inputs):
            # The loss of a part is the mean of its samples.
            fraction = len(targets[rows]) / len(targets)
            step = super().train_step_single(
                (part, (targets[rows], weights[rows] * fraction)), **fit_params
            )
            loss = loss + step["loss"].detach()
        return {"loss": loss}

    def set_learning_rate(self, rate: float, sparse_factor: float) -> None:
        """Set the learning rates of the next step."""
        self.prepare_optimizer()
        for name in self._optimizers:
            factor = sparse_factor if name.startswith("sparse") else 1.0
            for group in getattr(self, f"{name}_").param_groups:
                group["lr"] = rate * factor


class SkorchEngine:
    """A torch module in a skorch net.

    `build` returns the module from the architecture. The module's ``forward`` takes the
    tensors of a batch by name and returns logits, its ``features`` the activations
    before the last layer.
    """

    def __init__(
        self,
        build: Callable[..., nn.Module],
        architecture: dict[str, Any],
        settings: TrainingSettings,
    ) -> None:
        self._device = resolve_device(settings.device)
        sparse_rate = settings.sparse_learning_rate or settings.learning_rate
        self._sparse_factor = sparse_rate / settings.learning_rate
        self._epoch_seeds = np.random.default_rng(settings.seeds["dropout"])
        self.net = _WeightedNet(
            build,
            **{f"module__{name}": value for name, value in architecture.items()},
            criterion=nn.CrossEntropyLoss,
            criterion__reduction="none",
            criterion__label_smoothing=settings.label_smoothing,
            # Not optimizer__...: for these skorch requires an existing optimizer.
            optimizer=functools.partial(
                torch.optim.AdamW, weight_decay=settings.weight_decay, fused=True
            ),
            lr=settings.learning_rate,
            callbacks="disable",
            train_split=None,
            verbose=0,
            device=self._device,
        )
        seed = settings.seeds["weights"]
        with GENERATOR_LOCK, _seeded_generator(seed, self._device):
            self.net.initialize()
        if trains_in_bfloat16(settings.precision, self._device):
            autocast = torch.autocast(self._device.type, torch.bfloat16)
            self.net.training_context = autocast

    def run_epoch(
        self, batches: Iterable[Batch], learning_rates: Iterable[float]
    ) -> float:
        """Train on the batches; return the mean weighted loss over all samples."""
        total = torch.zeros((), dtype=torch.float64)
        n_rows = 0
        self.net.history.new_epoch()
        seed = self._epoch_seeds.integers(2**31)
        with GENERATOR_LOCK, _seeded_generator(int(seed), self._device):
            for batch, learning_rate in zip(batches, learning_rates, strict=True):
                self.net.set_learning_rate(learning_rate, self._sparse_factor)
                step = self.net.train_step((batch.inputs, self._targets(batch)))
                total += step["loss"].detach().to("cpu", torch.float64) * len(
                    batch.targets
                )
                n_rows += len(batch.targets)
        loss = total.item() / n_rows
        self.net.history.record("train_loss", loss)
        return loss

    def _targets(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        return (
            _tensor(batch.targets).to(self._device),
            _tensor(batch.weights).to(self._device),
        )

    def forward(self, batches: Iterable[Any], output: Output) -> NDArray[np.float32]:
        """Return logits or features of all samples, shape (n_samples, n_columns)."""
        module = self.net.module_.eval()
        compute = module if output == "logits" else module.features

        def compute_batch(batch: dict[str, torch.Tensor]) -> torch.Tensor:
            with torch.inference_mode():
                return compute(**self._to_device(batch)).cpu()

        with one_thread():
            if self._device.type == "cpu":
                parts = compute_side_by_side(compute_batch, iter(batches))
            else:
                parts = [compute_batch(batch) for batch in batches]
            return torch.cat(parts).float().numpy()

    def _to_device(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor.to(self._device) for name, tensor in batch.items()}

    def get_weights(self) -> Weights:
        """Copy parameters and buffers into arrays, by name."""
        return {
            name: tensor.detach().cpu().numpy().copy()
            for name, tensor in self.net.module_.state_dict().items()
        }

    def set_weights(self, weights: Weights) -> None:
        """Load arrays returned by `get_weights`."""
        state = {name: _tensor(array) for name, array in weights.items()}
        with one_thread():
            self.net.module_.load_state_dict(state)

    def end_training(self) -> None:
        """Free the optimizers."""
        self.net.forget_optimizer()
