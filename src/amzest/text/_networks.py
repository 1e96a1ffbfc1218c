"""The torch networks that read text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Standard deviation of untrained word vectors.
_INITIAL_SCALE = 0.05

#: Weights of the logits of the two parts: the deep part is the surer of itself.
_DEEP_WEIGHT, _LINEAR_WEIGHT = 0.4, 1.6


class _SumOfRows(torch.autograd.Function):
    """Sum rows of a table by weight; the gradient names the rows that were used.

    Which bags a row went into is known beforehand, so that its gradient is such a sum
    again: nothing is sorted, nothing is added up twice.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, bags: dict[str, Tensor]) -> Tensor:
        ctx.bags, ctx.shape = bags, table.shape
        return functional.embedding_bag(
            bags["rows"],
            table,
            bags["starts"],
            mode="sum",
            per_sample_weights=bags["weights"],
        )  # (n_bags, width)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        bags = ctx.bags
        values = functional.embedding_bag(
            bags["owners"],
            gradient.contiguous(),
            bags["owner_starts"],
            mode="sum",
            per_sample_weights=bags["shares"],
        )  # (n_distinct, width)
        rows = bags["distinct"][None]
        return torch.sparse_coo_tensor(
            rows, values, ctx.shape, is_coalesced=True, check_invariants=False
        ), None


def _bag(table: Tensor, batch: dict[str, Tensor], prefix: str) -> Tensor:
    """Sum the rows of the bags whose names begin with `prefix`, (n_bags, width)."""
    start = f"{prefix}_"
    bags = {
        name.removeprefix(start): tensor
        for name, tensor in batch.items()
        if name.startswith(start)
    }
    return _SumOfRows.apply(table, bags)


def _dropout(x: Tensor, share: float, training: bool) -> Tensor:
    """Drop numbers as `functional.dropout` does, several times faster on a CPU."""
    if not training or not share or x.device.type != "cpu":
        return functional.dropout(x, share, training)
    # 16 bits for each number: a 64-bit draw serves four.
    draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
    draws.random_(-(2**63), None)
    n_dropped = round(share * 2**16)
    kept = draws.view(torch.int16)[: x.numel()].view(x.shape) >= n_dropped - 2**15
    return x * (kept.to(x.dtype) * (2**16 / (2**16 - n_dropped)))


def _masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _masked_max(x: Tensor, mask: Tensor) -> Tensor:
    return x.masked_fill(~mask[..., None], -torch.inf).amax(1)


class TextNetwork(nn.Module):
    """A deep part that reads words in order, beside a linear part that counts them.

    The linear part scores words, pairs of neighbouring words and n-grams by TF-IDF. In
    training each part has a loss of its own; their logits add up.

    Parameters
    ----------
    n_rows : int
        Rows of the table of words and n-grams.

    n_linear_features : int
        Rows of the table of the linear part.

    n_classes : int
        Outputs.

    n_features_out : int
        Width of `features`.

    embedding_size : int
        Width of word vectors.

    dropout : float
        Share of features dropped before the last layer.

    embedding_dropout : float
        Share of the numbers in word vectors that are dropped.

    n_pretrained : int, default=0
        Rows of pretrained vectors; 0 for none.

    train_pretrained : bool, default=False
        Whether pretrained vectors go on learning.
    """

    #: Tables of which a batch touches few rows.
    sparse_parameters = ("table", "linear", "pretrained")

    def __init__(
        self,
        *,
        n_rows: int,
        n_linear_features: int,
        n_classes: int,
        n_features_out: int,
        embedding_size: int,
        dropout: float,
        embedding_dropout: float,
        n_pretrained: int = 0,
        train_pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.dropout, self.embedding_dropout = dropout, embedding_dropout
        self.table = nn.Parameter(torch.randn(n_rows, embedding_size) * _INITIAL_SCALE)
        self.linear = nn.Parameter(torch.zeros(n_linear_features, n_classes))
        pretrained = torch.zeros(n_pretrained, embedding_size)
        if train_pretrained:
            self.pretrained = nn.Parameter(pretrained)
        else:
            self.register_buffer("pretrained", pretrained)
        self.logits = nn.Linear(n_features_out - n_classes, n_classes)

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Read word vectors in order, (batch, length, embedding_size)."""
        raise NotImplementedError

    def _word_vectors(self, batch: dict[str, Tensor]) -> Tensor:
        vectors = _bag(self.table, batch, "word")  # (n_distinct_words, embedding_size)
        if "pretrained_rows" in batch:
            vectors = vectors + functional.embedding(
                batch["pretrained_rows"], self.pretrained, padding_idx=0, sparse=True
            )
        nothing = vectors.new_zeros(1, vectors.shape[1])  # word 0 is no word
        return functional.embedding(batch["words"], torch.cat([nothing, vectors]))

    def _deep(self, batch: dict[str, Tensor]) -> Tensor:
        x = self._word_vectors(batch)
        places = torch.arange(x.shape[1], device=x.device)
        mask = places < batch["lengths"][:, None]  # (batch, length)
        x = _dropout(x, self.embedding_dropout, self.training)
        read = self.encode(x, mask, batch["lengths"])
        return torch.cat([read.float(), _masked_mean(x, mask)], 1)  # (batch, width)

    def _linear(self, batch: dict[str, Tensor]) -> Tensor:
        return _bag(self.linear, batch, "feature")  # (batch, n_classes)

    def features(self, **batch: Tensor) -> Tensor:
        """Return the activations before the last layer, (batch, n_features_out)."""
        return torch.cat([self._deep(batch), self._linear(batch)], 1)

    def forward(self, **batch: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return logits, (batch, n_classes); in training those of each part."""
        deep = _dropout(self._deep(batch), self.dropout, self.training)
        parts = self.logits(deep).float(), self._linear(batch)
        if self.training:
            return parts
        return _DEEP_WEIGHT * parts[0] + _LINEAR_WEIGHT * parts[1]


class TextCNN(TextNetwork):
    """Convolutions of several widths, each pooled to its maximum over the text."""

    def __init__(
        self, *, n_filters: int, kernel_sizes: Sequence[int], **common: Any
    ) -> None:
        super().__init__(**common)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(common["embedding_size"], n_filters, size)
            for size in kernel_sizes
        )

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Return the maximum of each filter, (batch, n_filters * n_sizes)."""
        # One product for all filters, each of their places apart; then these are
        # shifted and added up. Texts are short: this is faster than convolutions.
        places = [weight for c in self.convolutions for weight in c.weight.unbind(2)]
        products = functional.linear(x, torch.cat(places))
        products = products.split(self.convolutions[0].out_channels, 2)
        pooled, first = [], 0
        for convolution in self.convolutions:
            size = convolution.kernel_size[0]
            found = _shift_and_add(products[first : first + size])
            found = found.masked_fill(~mask[..., None], -torch.inf)
            pooled.append(found.amax(1) + convolution.bias)  # (batch, n_filters)
            first += size
        return functional.relu(torch.cat(pooled, 1))


def _shift_and_add(places: Sequence[Tensor]) -> Tensor:
    """Finish a convolution: the product of place k lies k - size // 2 words on."""
    middle = len(places) // 2
    total = places[middle].clone()  # (batch, length, n_filters)
    for place, product in enumerate(places):
        shift = place - middle
        if shift < 0:
            total[:, -shift:] += product[:, :shift]
        elif shift > 0:
            total[:, :-shift] += product[:, shift:]
    return total


class TextLSTM(TextNetwork):
    """A recurrent network in both directions, pooled over the words."""

    def __init__(self, *, hidden_size: int, **common: Any) -> None:
        super().__init__(**common)
        width = common["embedding_size"]
        self.onward = nn.LSTM(width, hidden_size, batch_first=True)
        self.backward_ = nn.LSTM(width, hidden_size, batch_first=True)

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Return maximum and mean of the states, (batch, 4 * hidden_size)."""
        places = torch.arange(x.shape[1], device=x.device)
        # Each text is reversed within its own length: padding stays behind it.
        flipped = torch.where(mask, lengths[:, None] - 1 - places, places)[..., None]
        ahead, _ = self.onward(x)
        back, _ = self.backward_(x.gather(1, flipped.expand_as(x)))
        back = back.gather(1, flipped.expand_as(back))
        states = torch.cat([ahead, back], 2)  # (batch, length, 2 * hidden_size)
        return torch.cat([_masked_max(states, mask), _masked_mean(states, mask)], 1)


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    if query.device.type == "cpu":
        # Its gradient in bfloat16 takes several times as long as in float32.
        with torch.autocast("cpu", enabled=False):
            return functional.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), attn_mask=mask
            )
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


class _Block(nn.Module):
    """Self-attention and a feed-forward layer, normalised before each."""

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.widen, self.narrow = (
            nn.Linear(width, 2 * width),
            nn.Linear(2 * width, width),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        heads = self.query_key_value(self.norm_attention(x))
        heads = heads.view(batch, length, 3, self.n_heads, -1)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # (batch, heads, length, size)
        seen = _attend(query, key, value, mask[:, None, None])
        seen = self.project(seen.transpose(1, 2).reshape(batch, length, width))
        x = x + _dropout(seen, self.dropout, self.training)
        fed = self.narrow(functional.gelu(self.widen(self.norm_feed(x))))
        return x + _dropout(fed, self.dropout, self.training)


class TextTransformer(TextNetwork):
    """A Transformer encoder with learnt positions, pooled over the words."""

    def __init__(
        self,
        *,
        hidden_size: int,
        n_layers: int,
        n_heads: int,
        block_dropout: float,
        n_positions: int,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.widen = nn.Linear(common["embedding_size"], hidden_size)
        self.positions = nn.Parameter(torch.randn(n_positions, hidden_size) * 0.02)
        self.blocks = nn.ModuleList(
            _Block(hidden_size, n_heads, block_dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(hidden_size)

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Return maximum and mean of the outputs, (batch, 2 * hidden_size)."""
        x = self.widen(x) + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)  # (batch, length, hidden_size)
        return torch.cat([_masked_max(x, mask), _masked_mean(x, mask)], 1)


#: Networks by the name that a fitted classifier keeps.
NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "cnn": TextCNN,
    "lstm": TextLSTM,
    "transformer": TextTransformer,
}
