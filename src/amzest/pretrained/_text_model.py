"""Encoders of texts: a network, its tokenizer, and the pooling of its outputs."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.pretrained._loading import (
    TRANSFORMERS_LOCK,
    import_transformers,
    load_network,
    quiet_transformers,
)
from amzest.pretrained._model_folder import CONFIG, Source, opened, read_json
from amzest.pretrained._text_description import TextModelDescription
from amzest.utils import CACHE, ForkSafeLock, import_torch, require

#: Held while a network or a tokenizer is loaded, so that threads load it once.
LOADING = ForkSafeLock()

#: Characters used of a text for each of its tokens, to limit the time of tokenization.
_CHARACTERS_PER_TOKEN = 1_000

#: Texts are padded to a multiple of this number of tokens, and only texts of the same
#: padded length are encoded together. Sums then have the same order whatever else is in
#: the batch, so that a vector from the cache and a new one are equal to the last bit.
_LENGTH_STEP = 8

#: Number of tokens in a batch. On a CPU larger batches take more memory in each thread,
#: and are not faster.
_BATCH_TOKENS, _GPU_BATCH_TOKENS = 512, 16_384


def load_text_network(source: Source, subfolder: str = "") -> Any:
    """Load the network in float32, for evaluation."""
    with opened(source) as folder:
        return load_network(folder / subfolder)


def load_tokenizer(source: Source, subfolder: str = "") -> Any:
    """Load the tokenizer, without truncation and padding."""
    with opened(source) as folder:
        return _load_tokenizer(folder / subfolder)


def _load_tokenizer(folder: Path) -> Any:
    tokenizers = require("tokenizers", extra="pretrained", purpose="A pretrained model")
    settings = read_json(folder, "tokenizer_config.json") or {}
    described = read_json(folder, "tokenizer.json")
    if described is None:
        described = json.loads(_convert_tokenizer(folder))
    # transformers gives precedence to tokenizer_config.json: in some folders the two
    # disagree about upper and lower case.
    normalizer = described.get("normalizer") or {}
    if normalizer.get("type") == "BertNormalizer":
        names = {
            "do_lower_case": "lowercase",
            "strip_accents": "strip_accents",
            "tokenize_chinese_chars": "handle_chinese_chars",
        }
        normalizer.update(
            {names[name]: value for name, value in settings.items() if name in names}
        )
    described.update(truncation=None, padding=None)
    return tokenizers.Tokenizer.from_str(json.dumps(described))


def check_tokenizer(folder: Path) -> None:
    """Raise if the folder has no tokenizer."""
    names = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "bpe.codes")
    if not any(next(folder.glob(name), None) for name in names):
        raise ValueError(
            f"{folder / 'tokenizer.json'} is missing: the model has no tokenizer. Fetch"
            " the model again with all of its files."
        )


def _convert_tokenizer(folder: Path) -> str:
    """Return the content of tokenizer.json from files of another format."""
    check_tokenizer(folder)
    transformers = import_transformers("Converting a tokenizer")
    with TRANSFORMERS_LOCK, quiet_transformers():
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError(
            f"{folder}: the tokenizer ({type(tokenizer).__name__}) cannot be written "
            "as tokenizer.json, which is needed."
        )
    return str(backend.to_str())


@dataclass(frozen=True)
class TextTokenizer:
    """Token ids of texts, with the prompt and the special tokens."""

    tokenizer: Any  # tokenizers.Tokenizer that truncates
    description: TextModelDescription
    pad_id: int
    n_prompt_tokens: int  # left out of the pooling

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text."""
        limit = _CHARACTERS_PER_TOKEN * self.description.max_length
        encode, prompt = self.tokenizer.encode, self.description.prompt
        lower = self.description.lower_case
        result = []
        for text in texts:
            # Half of a surrogate pair is no character, and cannot be encoded.
            text = (prompt + text.strip()[:limit]).strip()
            text = text.encode("utf-8", "replace").decode("utf-8")
            result.append(encode(text.lower() if lower else text).ids)
        return result


def make_text_tokenizer(
    source: Source, description: TextModelDescription
) -> TextTokenizer:
    """Load the tokenizer of a model, and set it up for a description."""
    with opened(source) as folder:
        folder = folder / description.subfolder
        tokenizer = _load_tokenizer(folder)
        pad_id = find_pad_id(folder, tokenizer)
    # The tokens of the prompt, with the special ones before it.
    first = tokenizer.encode(description.prompt.strip())
    n_first = len(first.ids) - sum(first.special_tokens_mask[-1:])
    if len(first.ids) >= description.max_length:
        raise ValueError(
            f"`max_length` is {description.max_length}, but special tokens and the "
            f"prompt alone take {len(first.ids)}. Pass a larger `max_length`."
        )
    tokenizer.enable_truncation(description.max_length)
    n_prompt_tokens = 0 if description.include_prompt else n_first
    return TextTokenizer(tokenizer, description, pad_id, n_prompt_tokens)


def find_pad_id(folder: Path, tokenizer: Any) -> int:
    """Return the id of the padding token; the attention mask excludes it anyway."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        token = (read_json(folder, name) or {}).get("pad_token")
        token = token.get("content") if isinstance(token, dict) else token
        if token is not None and tokenizer.token_to_id(token) is not None:
            return int(tokenizer.token_to_id(token))
    return int((read_json(folder, CONFIG) or {}).get("pad_token_id") or 0)


def pool(hidden: Any, mask: Any, pooling: str) -> Any:
    """Return a vector for each text from those of its tokens.

    `hidden` has shape (n_texts, n_tokens, n_features), `mask` (n_texts, n_tokens) with
    1 for tokens that take part and 0 for others. Texts without tokens get zeros.
    """
    import torch

    if pooling == "cls":
        first = mask.to(torch.int32).argmax(dim=1)
        return hidden[torch.arange(len(hidden), device=hidden.device), first]
    if pooling == "last":
        places = torch.arange(mask.shape[1], device=mask.device)
        last = (mask * places).argmax(dim=1)
        return hidden[torch.arange(len(hidden), device=hidden.device), last]
    weights = mask[..., None].to(hidden.dtype)  # (n_texts, n_tokens, 1)
    counts = weights.sum(dim=1).clamp(min=1)
    if pooling == "max":
        lowest = torch.finfo(hidden.dtype).min
        return torch.where(weights > 0, hidden, lowest).amax(dim=1)
    total = (hidden * weights).sum(dim=1)
    return total / (counts.sqrt() if pooling == "mean_sqrt_len" else counts)


@dataclass(frozen=True)
class TextModel:
    """A live encoder. The network and the tokenizer are shared, not changed."""

    network: Any
    tokenizer: TextTokenizer
    description: TextModelDescription
    device: Any

    @property
    def n_features(self) -> int:
        """Length of a vector."""
        return self.description.n_features

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, shape (n_texts, n_features)."""
        import torch

        from amzest.neural._torch import compute_side_by_side, one_thread

        result = np.zeros((len(texts), self.n_features), dtype=np.float32)
        ids = self.tokenizer.ids(texts)
        on_cpu = self.device.type == "cpu"
        batches = list(
            plan_batches(
                [len(row) for row in ids],
                self.description.max_length,
                _BATCH_TOKENS if on_cpu else _GPU_BATCH_TOKENS,
            )
        )
        if not batches:
            return result

        def compute(rows: NDArray[np.intp]) -> Any:
            with torch.inference_mode():
                return self._encode_batch([ids[row] for row in rows]).cpu()

        with one_thread():
            if on_cpu:
                parts = compute_side_by_side(compute, iter(batches))
            else:
                parts = list(map(compute, batches))
        for rows, part in zip(batches, parts, strict=True):
            result[rows] = part.numpy()
        return result

    def _encode_batch(self, ids: list[list[int]]) -> Any:
        import torch

        inputs, mask = pad_batch(
            ids, self.tokenizer.pad_id, self.description.max_length
        )
        n_known = self.network.get_input_embeddings().num_embeddings
        if inputs.max() >= n_known:
            raise ValueError(
                f"The tokenizer has the token number {inputs.max()}, but the network "
                f"knows only {n_known}: their files are of different models."
            )
        tokens = torch.from_numpy(inputs).to(self.device)
        attention = torch.from_numpy(mask).to(self.device)
        hidden = self.network(
            input_ids=tokens, attention_mask=attention
        ).last_hidden_state.float()
        pooled_mask = attention.clone()
        pooled_mask[:, : self.tokenizer.n_prompt_tokens] = 0
        vectors = pool(hidden, pooled_mask, self.description.pooling)
        if self.description.normalize:
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        return vectors


def padded_length(length: int, max_length: int) -> int:
    """Return the number of tokens with padding, at most `max_length`."""
    return max(length, min(-(-length // _LENGTH_STEP) * _LENGTH_STEP, max_length))


def pad_batch(
    ids: Sequence[Sequence[int]], pad_id: int, max_length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return token ids and mask of shape (n_texts, n_tokens), padded on the right."""
    width = padded_length(max(map(len, ids)), max_length)
    inputs = np.full((len(ids), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, tokens in enumerate(ids):
        inputs[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return inputs, mask


def plan_batches(
    lengths: Sequence[int], max_length: int, n_tokens: int
) -> Iterator[NDArray[np.intp]]:
    """Yield rows of the same padded length, the longest first; none without tokens."""
    padded = np.array([padded_length(n, max_length) for n in lengths], dtype=np.intp)
    for length in np.unique(padded[padded > 0])[::-1]:
        rows = np.flatnonzero(padded == length)
        step = max(1, n_tokens // int(length))
        for start in range(0, len(rows), step):
            yield rows[start : start + step]


def resolve_precision(precision: str, device: str) -> tuple[str, Any]:
    """Return "float32" or "bfloat16", and the torch device."""
    import_torch("A pretrained model")
    from amzest.neural._torch import resolve_device, trains_in_bfloat16

    found = resolve_device(device)
    low = trains_in_bfloat16(precision, found)
    return ("bfloat16" if low else "float32"), found


def live_text_model(
    source: Source,
    fingerprint: str,
    description: TextModelDescription,
    *,
    precision: str = "auto",
    device: str = "auto",
) -> TextModel:
    """Return the encoder of a source; its network and tokenizer stay in the cache."""
    import_transformers("A pretrained model")
    precision, found = resolve_precision(precision, device)
    key: Hashable = "text network", fingerprint, precision, str(found)
    with LOADING:
        tokenizer = live_tokenizer(source, fingerprint, description)
        network = CACHE.get(key)
        if network is None:
            network = load_text_network(source, description.subfolder)
            network = _moved(network, precision, found)
            tensors = [*network.parameters(), *network.buffers()]
            CACHE.put(key, network, sum(tensor.nbytes for tensor in tensors))
    return TextModel(network, tokenizer, description, found)


def live_tokenizer(
    source: Source, fingerprint: str, description: TextModelDescription
) -> TextTokenizer:
    """Return the tokenizer of a source; it stays in the cache."""
    key: Hashable = "text tokenizer", fingerprint, description.key
    tokenizer = CACHE.get(key)
    if tokenizer is None:
        tokenizer = make_text_tokenizer(source, description)
        CACHE.put(key, tokenizer, 100 * tokenizer.tokenizer.get_vocab_size())
    return tokenizer


def _moved(network: Any, precision: str, device: Any) -> Any:
    import torch

    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    return network.to(device=device, dtype=dtype)
