"""An optimizer for tables of which a batch touches few rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class RowwiseRMSprop(torch.optim.Optimizer):
    """Scale the gradient of each row by a running mean of its squares.

    One number a row is remembered instead of two for each element, as embedding tables
    of recommender systems are trained: rows that a batch does not touch cost nothing,
    and a touched one is read and written once. It is Adam without momentum, whose
    second moment is shared by a row.

    Parameters
    ----------
    params : iterable of torch.nn.Parameter
        Tables of shape (n_rows, width), with sparse gradients that name each row once.

    lr : float
        Learning rate.

    decay : float, default=0.999
        Share of the running mean that a step leaves in place.

    eps : float, default=1e-8
        Added to the root of the mean.

    References
    ----------
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization.

    Mudigere et al. (2022), Software-Hardware Co-design for Fast and Scalable Training
    of Deep Learning Recommendation Models (row-wise second moments).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        decay: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "decay": decay, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is not None:
                    self._update(table, **{k: group[k] for k in ("lr", "decay", "eps")})

    def _update(self, table: Tensor, *, lr: float, decay: float, eps: float) -> None:
        state: dict[str, Any] = self.state[table]
        if not state:
            state["step"] = 0
            state["mean_square"] = table.new_zeros(len(table))
        state["step"] += 1
        gradient: Any = table.grad
        # Not .indices(): they ask that rows are sorted, which autograd forgets to say.
        rows, values = gradient._indices()[0], gradient._values()  # (n,), (n, width)
        mean = state["mean_square"].index_select(0, rows)
        mean.lerp_(values.square().mean(1), 1 - decay)
        state["mean_square"].index_copy_(0, rows, mean)
        # The mean starts at 0 and is too small by this factor at first.
        bias = 1 - decay ** state["step"]
        step = (bias**0.5 * lr) / (mean.sqrt_() + bias**0.5 * eps)
        old = table.index_select(0, rows)
        table.index_copy_(0, rows, old.addcmul_(values, step[:, None], value=-1))
