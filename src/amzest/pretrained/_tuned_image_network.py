"""The network that is fine-tuned: the last blocks of a pretrained one, and a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from amzest.pretrained._network_cut import TrainedPart


class TunedImageNetwork(nn.Module):
    """Logits of the classes from the feature maps before the first trained block.

    Its state are the weights that are trained; the frozen ones are found elsewhere.
    """

    def __init__(
        self, part: TrainedPart, *, n_features_out: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.part = part
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_features_out, n_classes)
        # Features differ in scale between networks, and a layer that is not.
        self.register_buffer("centre", torch.zeros(n_features_out))
        self.register_buffer("scale", torch.ones(n_features_out))

    def features(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features, (batch, n_features_out), of maps, (batch, ...)."""
        features: torch.Tensor = self.part(maps)
        return (features - self.centre) * self.scale

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return logits, (batch, n_classes), of maps, (batch, ...)."""
        logits: torch.Tensor = self.output(self.dropout(self.features(maps)))
        return logits

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the weights that are trained, and the scale of the features."""
        state = super().state_dict(*args, **kwargs)
        frozen = {
            name
            for name, tensor in self.part.named_parameters(prefix="part")
            if not tensor.requires_grad
        }
        frozen |= {name for name, _ in self.part.named_buffers(prefix="part")}
        return {name: tensor for name, tensor in state.items() if name not in frozen}

    def load_state_dict(self, state: Mapping[str, Any], **kwargs: Any) -> Any:
        """Load what `state_dict` returned."""
        if state.keys() != self.state_dict().keys():
            raise ValueError("The weights do not belong to the trained blocks.")
        return super().load_state_dict(state, strict=False)
