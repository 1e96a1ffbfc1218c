"""The network that is fine-tuned: a pretrained encoder and a linear layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from amzest.pretrained._text_model import pool

#: Memory of the activations of one part of a batch, by the kind of device.
_MAX_BYTES = {"cpu": 2**29}
_MAX_BYTES_ON_GPU = 2**32


class FineTunedTextNetwork(nn.Module):
    """Vectors of the cells of each sample, concatenated, and a linear layer.

    The embedding table of the tokens is frozen, and so are those of the positions.
    The linear layer has the vectors as inputs less `centre` and times `scale`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        n_cell_features: int,
        n_columns: int,
        n_classes: int,
        pooling: str,
        normalize: bool,
        n_prompt_tokens: int,
        dropout: float,
        n_features_out: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        # Most weights of a multilingual encoder are in this table, of which a batch
        # uses few rows: AdamW would need three times its memory, and update all rows.
        embeddings = getattr(encoder, "embeddings", encoder.get_input_embeddings())
        embeddings.requires_grad_(False)
        self.register_buffer("centre", torch.zeros(n_features_out))
        self.register_buffer("scale", torch.ones(n_features_out))
        self.output = nn.Linear(n_features_out, n_classes)
        self.n_cell_features, self.n_columns = n_cell_features, n_columns
        self.pooling, self.normalize = pooling, normalize
        self.n_prompt_tokens = n_prompt_tokens
        self.dropout = dropout
        self.cost = ActivationCost.of(encoder.config)

    def forward(self, **batch: Tensor) -> Tensor:
        """Return logits, (batch, n_classes)."""
        features = (self.features(**batch) - self.centre) * self.scale
        return self.output(functional.dropout(features, self.dropout, self.training))

    def features(self, **batch: Tensor) -> Tensor:
        """Return the vectors of the cells, (batch, n_features_out); zeros if missing.

        Predictions of large batches are computed in parts, to limit memory.
        """
        if self.training:
            return self._features(batch)
        # Without gradients only one layer at a time has activations.
        limit = _max_bytes(self.centre.device) * self.cost.n_layers
        parts = _divide(batch, self.cost, limit)
        return torch.cat([self._features(part) for _, part in parts])

    def divide(
        self, batch: dict[str, Tensor]
    ) -> Iterator[tuple[slice, dict[str, Tensor]]]:
        """Divide a training batch into parts whose activations fit in memory."""
        return _divide(batch, self.cost, _max_bytes(self.centre.device))

    def _features(self, batch: dict[str, Tensor]) -> Tensor:
        present = batch["present"]  # (batch, n_columns)
        vectors = torch.zeros(
            (*present.shape, self.n_cell_features), device=present.device
        )
        for column in range(self.n_columns):
            rows = present[:, column].nonzero()[:, 0]
            if len(rows):
                encoded = self._encode(batch[f"ids{column}"], batch[f"mask{column}"])
                vectors[rows, column] = encoded
        return vectors.flatten(1)

    def _encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the vectors of texts, (n_texts, n_cell_features)."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        if self.n_prompt_tokens:
            mask = mask.clone()
            mask[:, : self.n_prompt_tokens] = 0
        vectors = pool(hidden.float(), mask, self.pooling)
        return functional.normalize(vectors, dim=1) if self.normalize else vectors


class ActivationCost(NamedTuple):
    """Bytes of the activations that the backward pass needs."""

    n_layers: int
    per_token: int  # in each layer
    per_pair: int  # of tokens of one text, in each layer

    @classmethod
    def of(cls, config: Any) -> ActivationCost:
        """Estimate the cost of a network from its description.

        In float32 a layer keeps about 20 numbers per unit of its width and token, and
        where attention is not fused 4 per head and pair of tokens (Korthikanti et al.,
        2022, https://arxiv.org/abs/2205.05198, section 4.1).
        """
        return cls(
            n_layers=config.num_hidden_layers,
            per_token=4 * 20 * config.hidden_size,
            per_pair=4 * 4 * config.num_attention_heads,
        )

    def of_text(self, length: int) -> int:
        """Return the bytes of a text of `length` tokens."""
        return self.n_layers * length * (self.per_token + self.per_pair * length)


def _max_bytes(device: torch.device) -> int:
    return _MAX_BYTES.get(device.type, _MAX_BYTES_ON_GPU)


def _divide(
    batch: dict[str, Tensor], cost: ActivationCost, max_bytes: int
) -> Iterator[tuple[slice, dict[str, Tensor]]]:
    """Divide a batch into consecutive rows with limited activations, or one row."""
    present = batch["present"]
    widths = torch.zeros(present.shape, dtype=torch.int64)
    for column in range(present.shape[1]):
        if f"mask{column}" in batch:
            lengths = batch[f"mask{column}"].sum(dim=1)
            widths[present[:, column].cpu(), column] = lengths.cpu()
    start = 0
    for stop in _ends(widths.tolist(), cost, max_bytes):
        rows = slice(start, stop)
        yield rows, _rows_of(batch, rows)
        start = stop


def _ends(
    widths: list[list[int]], cost: ActivationCost, max_bytes: int
) -> Iterator[int]:
    """Yield where each part ends; its cells are padded to the longest of the column."""
    start, longest = 0, [0] * len(widths[0])
    for row, lengths in enumerate(widths):
        longest = [max(pair) for pair in zip(longest, lengths, strict=True)]
        n_bytes = (row + 1 - start) * sum(map(cost.of_text, longest))
        if row > start and n_bytes > max_bytes:
            yield row
            start, longest = row, lengths
    yield len(widths)


def _rows_of(batch: dict[str, Tensor], rows: slice) -> dict[str, Tensor]:
    """Return the part of a batch, with no more padding than it needs."""
    part = {"present": batch["present"][rows]}
    for column in range(part["present"].shape[1]):
        before = int(batch["present"][: rows.start, column].sum())
        n_texts = int(part["present"][:, column].sum())
        if n_texts:
            mask = batch[f"mask{column}"][before : before + n_texts]
            width = int(mask.sum(dim=1).max())
            ids = batch[f"ids{column}"][before : before + n_texts]
            part[f"ids{column}"] = ids[:, :width]
            part[f"mask{column}"] = mask[:, :width]
    return part
