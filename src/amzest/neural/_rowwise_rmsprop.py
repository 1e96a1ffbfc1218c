"""An optimizer for embedding tables of which a batch uses few rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class RowwiseRMSprop(torch.optim.Optimizer):
    """RMSprop with one second moment per row, for tables with sparse gradients.

    It stores one number per row instead of two per element, as in the embedding tables
    of recommender systems (Mudigere et al., 2022, https://arxiv.org/abs/2104.05158).
    Rows without a gradient cost nothing. It is Adam (Kingma and Ba, 2015,
    https://arxiv.org/abs/1412.6980) without momentum, with bias correction.
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
        # Not .indices(): it requires the coalesced flag, which autograd does not keep.
        rows, values = gradient._indices()[0], gradient._values()  # (n,), (n, width)
        mean = state["mean_square"].index_select(0, rows)
        mean.lerp_(values.square().mean(1), 1 - decay)
        state["mean_square"].index_copy_(0, rows, mean)
        # Bias correction of Adam: the mean starts at 0 and is at first too small.
        bias = 1 - decay ** state["step"]
        step = (bias**0.5 * lr) / (mean.sqrt_() + bias**0.5 * eps)
        old = table.index_select(0, rows)
        table.index_copy_(0, rows, old.addcmul_(values, step[:, None], value=-1))
