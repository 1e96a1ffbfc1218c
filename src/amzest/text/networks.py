"""The text networks in PyTorch, and their base class. Importing it loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from amzest.neural._torch import has_bfloat16

__all__ = [
    "TextCNN",
    "TextLSTM",
    "TextNetwork",
    "TextTransformer",
    "masked_max",
    "masked_mean",
]

#: Standard deviation of untrained word vectors.
_INITIAL_SCALE = 0.05


class _SumOfRows(torch.autograd.Function):
    """Weighted sums of table rows, as `embedding_bag`, with a fast sparse gradient.

    The bags that each row belongs to are known beforehand. The gradient is therefore a
    sum of rows again, and already coalesced: torch's own would be sorted first.
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


def _sum_of_rows(table: Tensor, batch: dict[str, Tensor], prefix: str) -> Tensor:
    """Sum the rows of the bags whose names start with `prefix`, (n_bags, width)."""
    start = f"{prefix}_"
    bags = {
        name.removeprefix(start): tensor
        for name, tensor in batch.items()
        if name.startswith(start)
    }
    return _SumOfRows.apply(table, bags)


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Average the words of each text: (batch, length, size) -> (batch, size)."""
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Max-pool over the words of each text: (batch, length, size) -> (batch, size)."""
    return x.masked_fill(~mask[..., None], -torch.inf).amax(1)


class TextNetwork(nn.Module):
    """Base class of text networks.

    A subclass implements `encode`. Word vectors and the last layer are implemented
    here.

    Parameters
    ----------
    n_rows : int
        Number of vectors of words and n-grams.
    n_classes : int
        Number of classes.
    n_features_out : int
        Size of `features`: that of `encode`, plus `embedding_size`.
    embedding_size : int
        Size of word vectors.
    dropout : float
        Dropout rate before the last layer.
    embedding_dropout : float
        Dropout rate of word vectors.
    n_pretrained : int, default=0
        Number of pretrained word vectors.
    train_pretrained : bool, default=False
        Whether pretrained word vectors are trained.
    """

    #: Embedding tables of which a batch uses few rows.
    sparse_parameters = ("table", "pretrained")

    def __init__(
        self,
        *,
        n_rows: int,
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
        pretrained = torch.zeros(n_pretrained, embedding_size)
        if train_pretrained:
            self.pretrained = nn.Parameter(pretrained)
        else:
            self.register_buffer("pretrained", pretrained)
        self.logits = nn.Linear(n_features_out, n_classes)

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Encode the words of each text in order.

        Parameters
        ----------
        x : tensor of shape (batch, length, embedding_size)
            Word vectors; padding and words hidden by token dropout are zero vectors.
        mask : tensor of shape (batch, length), dtype bool
            False for padding, which must not affect the result.
        lengths : tensor of shape (batch,)
            Number of words of each text.

        Returns
        -------
        tensor of shape (batch, width)
            Features of each text.
        """
        raise NotImplementedError

    def _word_vectors(self, batch: dict[str, Tensor]) -> Tensor:
        """Return vectors of the distinct words, (1 + n_distinct_words, size).

        Word 0 is the zero vector, for padding and hidden words.
        """
        vectors = _sum_of_rows(
            self.table, batch, "word"
        )  # (n_distinct_words, embedding_size)
        if "pretrained_rows" in batch:
            vectors = vectors + functional.embedding(
                batch["pretrained_rows"], self.pretrained, padding_idx=0, sparse=True
            )
        return torch.cat([vectors.new_zeros(1, vectors.shape[1]), vectors])

    def vectors_of_words(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the vectors of the words in order, (batch, length, embedding_size)."""
        return functional.embedding(batch["words"], self._word_vectors(batch))

    def features_of_vectors(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the activations before the last layer, (batch, n_features_out).

        Parameters
        ----------
        x : tensor of shape (batch, length, embedding_size)
            Word vectors; padding has zero vectors.
        lengths : tensor of shape (batch,)
            Number of words of each text.

        Returns
        -------
        tensor of shape (batch, n_features_out)
            Features of each text.
        """
        position = torch.arange(x.shape[1], device=x.device)
        mask = position < lengths[:, None]  # (batch, length)
        x = functional.dropout(x, self.embedding_dropout, self.training)
        encoded = self.encode(x, mask, lengths)
        return torch.cat([encoded.float(), masked_mean(x, mask)], 1)

    def features(self, **batch: Tensor) -> Tensor:
        """Return the activations before the last layer, (batch, n_features_out)."""
        return self.features_of_vectors(self.vectors_of_words(batch), batch["lengths"])

    def forward(self, **batch: Tensor) -> Tensor:
        """Return logits, (batch, n_classes)."""
        features = self.features(**batch)
        features = functional.dropout(features, self.dropout, self.training)
        return self.logits(features).float()


class TextCNN(TextNetwork):
    """Convolutions of several sizes, max-pooled over the text (Kim, 2014)."""

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
        # One matrix product for all positions of all filters, then shifted sums: for
        # texts as short as these it is faster than convolutions.
        positions = [weight for c in self.convolutions for weight in c.weight.unbind(2)]
        products = functional.linear(x, torch.cat(positions))
        products = products.split(self.convolutions[0].out_channels, 2)
        pooled, first = [], 0
        for convolution in self.convolutions:
            size = convolution.kernel_size[0]
            convolved = _shift_and_add(products[first : first + size])
            # The bias is the same for all positions: it is added after pooling.
            pooled.append(masked_max(convolved, mask) + convolution.bias)
            first += size
        return functional.relu(torch.cat(pooled, 1))

    def features(self, **batch: Tensor) -> Tensor:
        """Return the activations before the last layer, (batch, n_features_out)."""
        own = type(self).encode is TextCNN.encode  # not that of a subclass
        predicts = own and not self.training
        return self._predicted(batch) if predicts else super().features(**batch)

    def _predicted(self, batch: dict[str, Tensor]) -> Tensor:
        """Return the same as in training, with fewer products.

        Words are repeated in a batch: the filters are multiplied with each distinct
        word once, and each convolution is a sum of such products.
        """
        vectors, words = self._word_vectors(batch), batch["words"]
        positions = [weight for c in self.convolutions for weight in c.weight.unbind(2)]
        products = functional.linear(vectors, torch.cat(positions))
        n_filters = self.convolutions[0].out_channels
        products = products.view(-1, n_filters)  # (n_words * n_positions, n_filters)
        sizes = [convolution.kernel_size[0] for convolution in self.convolutions]
        before, behind = max(sizes) // 2, (max(sizes) - 1) // 2
        rows = functional.pad(words * len(positions), (before, behind))
        pooled, first = [], 0
        for size, convolution in zip(sizes, self.convolutions, strict=True):
            # Products of padding are 0 beside a word; in its middle it must not win.
            products[first + size // 2] = -torch.inf
            start = before - size // 2
            neighbours = rows[:, start : start + words.shape[1] + size - 1]
            neighbours = neighbours.unfold(1, size, 1)  # (batch, length, size)
            index = neighbours + torch.arange(first, first + size, device=rows.device)
            convolved = functional.embedding_bag(
                index.flatten(0, 1), products, mode="sum"
            )  # (batch * length, n_filters)
            convolved = convolved.view(*words.shape, n_filters)
            pooled.append(convolved.amax(1) + convolution.bias)
            first += size
        total = functional.embedding_bag(words, vectors, mode="sum")
        mean = total / batch["lengths"][:, None]
        return torch.cat([functional.relu(torch.cat(pooled, 1)), mean], 1)


def _shift_and_add(products: Sequence[Tensor]) -> Tensor:
    """Sum up a convolution: its product k belongs k - size // 2 words further on."""
    middle = len(products) // 2
    total = products[middle].clone()  # (batch, length, n_filters)
    for position, product in enumerate(products):
        shift = position - middle
        if shift < 0:
            total[:, -shift:] += product[:, :shift]
        elif shift > 0:
            total[:, :-shift] += product[:, shift:]
    return total


class TextLSTM(TextNetwork):
    """A bidirectional LSTM, pooled over the words."""

    def __init__(self, *, hidden_size: int, **common: Any) -> None:
        super().__init__(**common)
        width = common["embedding_size"]
        self.onward = nn.LSTM(width, hidden_size, batch_first=True)
        self.backward_ = nn.LSTM(width, hidden_size, batch_first=True)

    def encode(self, x: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Return maximum and mean of the states, (batch, 4 * hidden_size)."""
        position = torch.arange(x.shape[1], device=x.device)
        # Each text is reversed within its own length, so that padding stays behind it.
        # Packed sequences would do the same several times slower.
        flipped = torch.where(mask, lengths[:, None] - 1 - position, position)
        flipped = flipped[..., None]
        ahead = _states(self.onward, x)
        back = _states(self.backward_, x.gather(1, flipped.expand_as(x)))
        back = back.gather(1, flipped.expand_as(back))
        states = torch.cat([ahead, back], 2)  # (batch, length, 2 * hidden_size)
        return torch.cat([masked_max(states, mask), masked_mean(states, mask)], 1)


def _states(lstm: nn.LSTM, x: Tensor) -> Tensor:
    """Return the hidden states of an LSTM, (batch, length, hidden_size)."""
    if x.device.type == "cpu" and not has_bfloat16(x.device):
        # Such processors have no LSTM in bfloat16.
        with torch.autocast("cpu", enabled=False):
            return lstm(x.float())[0]
    return lstm(x)[0]


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    if query.device.type == "cpu":
        # On a CPU its gradient is several times slower in bfloat16 than in float32.
        with torch.autocast("cpu", enabled=False):
            return functional.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), attn_mask=mask
            )
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


class _Block(nn.Module):
    """Self-attention and a feed-forward layer, with layer normalisation before each."""

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
        attended = _attend(query, key, value, mask[:, None, None])
        attended = self.project(attended.transpose(1, 2).reshape(batch, length, width))
        x = x + functional.dropout(attended, self.dropout, self.training)
        hidden = self.narrow(functional.gelu(self.widen(self.norm_feed(x))))
        return x + functional.dropout(hidden, self.dropout, self.training)


class TextTransformer(TextNetwork):
    """A Transformer encoder with learned positions, pooled over the words."""

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
        return torch.cat([masked_max(x, mask), masked_mean(x, mask)], 1)
