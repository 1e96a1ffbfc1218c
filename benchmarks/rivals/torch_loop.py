"""A training loop in plain torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from amzest.neural import Batch
from amzest.neural._rowwise_rmsprop import RowwiseRMSprop

Tables = Literal["rowwise", "sparse_adam", "dense_adam"]


def train_epoch_by_hand(
    module: nn.Module,
    batches: Iterable[Batch],
    *,
    learning_rates: Iterable[float],
    device: str = "cpu",
    precision: str = "float32",
    table_factor: float = 1.0,
    tables: Tables = "rowwise",
) -> float:
    """Train a text network of amzest for one epoch, without skorch or amzest.

    Parameters
    ----------
    module : torch.nn.Module
        The network; it is trained in place.

    batches : iterable of Batch
        Training data.

    learning_rates : iterable of float
        Learning rate of each step.

    device : str, default="cpu"
        Device of the module.

    precision : {"float32", "bfloat16"}, default="float32"
        Floating-point precision of matrix products.

    table_factor : float, default=1.0
        Learning rate of the tables, relative to that of the network.

    tables : {"rowwise", "sparse_adam", "dense_adam"}, default="rowwise"
        Optimizer of the tables: amzest's, or torch's for sparse or dense gradients.

    Returns
    -------
    float
        Mean loss.
    """
    sparse_names = () if tables == "dense_adam" else module.sparse_parameters
    sparse = [p for name, p in module.named_parameters() if name in sparse_names]
    known = {id(parameter) for parameter in sparse}
    dense = [p for p in module.parameters() if id(p) not in known]
    optimizer = torch.optim.AdamW(dense, weight_decay=0.0, fused=True)
    table_optimizer: torch.optim.Optimizer | None = None
    if sparse:
        kind = RowwiseRMSprop if tables == "rowwise" else torch.optim.SparseAdam
        table_optimizer = kind(sparse, lr=0.01)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in amzest, since matrix products are small
    module.train()
    total, n_rows = torch.zeros((), device=device), 0
    for batch, learning_rate in zip(batches, learning_rates, strict=True):
        optimizer.param_groups[0]["lr"] = learning_rate
        module.zero_grad()
        if table_optimizer is not None:
            table_optimizer.param_groups[0]["lr"] = learning_rate * table_factor
        inputs = {name: t.to(device) for name, t in batch.inputs.items()}
        targets = torch.from_numpy(batch.targets).to(device)
        weights = torch.from_numpy(batch.weights).to(device)
        with torch.autocast(
            torch.device(device).type,
            torch.bfloat16,
            enabled=precision == "bfloat16",
        ):
            losses = functional.cross_entropy(
                module(**inputs), targets, reduction="none", label_smoothing=0.1
            )
            loss = (losses * weights).mean()
        loss.backward()
        for parameter in dense:
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = parameter.grad.to_dense()
        optimizer.step()
        if table_optimizer is not None:
            table_optimizer.step()
        total += loss.detach() * len(targets)
        n_rows += len(targets)
    torch.set_num_threads(n_threads)
    return float(total) / n_rows
