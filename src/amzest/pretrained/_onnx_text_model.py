"""Encoders of texts in ONNX Runtime: without torch, and faster with int8 weights."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural._prefetch import map_in_threads
from amzest.pretrained._model_folder import (
    CONFIG,
    ONNX_RECORD,
    ONNX_WEIGHTS,
    Source,
    opened,
    read_json,
)
from amzest.pretrained._text_description import TextModelDescription
from amzest.pretrained._text_model import (
    LOADING,
    TextTokenizer,
    live_tokenizer,
    pad_batch,
    plan_batches,
)
from amzest.utils import CACHE, available_threads, require, shown, shown_list

#: Names of the vectors of the tokens in exports of this package, of optimum and of
#: sentence-transformers.
HIDDEN_STATES = ("last_hidden_state", "token_embeddings", "hidden_states")

#: Number of tokens that a thread encodes at a time.
_BATCH_TOKENS = 1_024


@dataclass(frozen=True)
class OnnxNetwork:
    """A session of ONNX Runtime that computes the vectors of tokens."""

    session: Any
    inputs: tuple[str, ...]
    output: str
    one_by_one: bool  # whether texts are encoded one by one
    n_known: int | None  # number of tokens that the network knows

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the vectors of tokens, (n_texts, n_tokens, n_features)."""
        arrays = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self.inputs:
            arrays["token_type_ids"] = np.zeros_like(ids)
        inputs = {name: arrays[name] for name in self.inputs}
        (hidden,) = self.session.run([self.output], inputs)
        return np.asarray(hidden, dtype=np.float32)


def load_onnx_network(folder: Path, n_features: int) -> OnnxNetwork:
    """Load the network of a folder, for one thread per call."""
    onnxruntime = require("onnxruntime", extra="onnx", purpose="An ONNX model")
    options = onnxruntime.SessionOptions()
    # Calls run in parallel, each with one thread: the sums then have the same order for
    # every number of threads, and a forked process misses none.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    path = folder / ONNX_WEIGHTS
    try:
        session = onnxruntime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its classes are private, and derive from Exception
        raise ValueError(
            f"{path}: ONNX Runtime cannot load it ({shown(str(error), 300)}). Export "
            "or fetch the model again."
        ) from error
    n_known = (read_json(folder, CONFIG) or {}).get("vocab_size")
    return OnnxNetwork(
        session,
        _find_inputs(session, path),
        _find_output(session, path, n_features),
        _quantizes_activations(path),
        n_known if isinstance(n_known, int) else None,
    )


def _find_inputs(session: Any, path: Path) -> tuple[str, ...]:
    names = tuple(value.name for value in session.get_inputs())
    known = {"input_ids", "attention_mask", "token_type_ids"}
    if not {"input_ids", "attention_mask"} <= set(names) <= known:
        raise ValueError(
            f"{path}: the inputs are {shown_list(names)}; expected "
            f"input_ids, attention_mask and possibly token_type_ids."
        )
    return names


def _find_output(session: Any, path: Path, n_features: int) -> str:
    outputs = {value.name: value for value in session.get_outputs()}
    for name in HIDDEN_STATES:
        if name not in outputs:
            continue
        width = outputs[name].shape[-1]
        if isinstance(width, int) and width != n_features:
            raise ValueError(
                f"{path}: the vectors have {width} features, but {CONFIG} describes a "
                f"network with {n_features}."
            )
        return name
    raise ValueError(
        f"{path}: the outputs are {shown_list(outputs)}; expected the vectors of all "
        f"tokens, named {shown_list(HIDDEN_STATES)}."
    )


def _quantizes_activations(path: Path) -> bool:
    """Return whether the range of int8 activations is found during prediction.

    Dynamic quantization uses one range for all texts of a batch and their padding, so
    that vectors would depend on what else is encoded
    (https://github.com/microsoft/onnxruntime/issues/10111). The operators are searched
    for by name, as the graph in Python would take several times the size of the file.
    """
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"DynamicQuantize") >= 0


@dataclass(frozen=True)
class OnnxTextModel:
    """A live encoder, with the interface of `TextModel`."""

    network: OnnxNetwork
    tokenizer: TextTokenizer
    description: TextModelDescription

    @property
    def n_features(self) -> int:
        """Length of a vector."""
        return self.description.n_features

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts, shape (n_texts, n_features)."""
        result = np.zeros((len(texts), self.n_features), dtype=np.float32)
        ids = self.tokenizer.ids(texts)
        self._check_ids(ids)
        lengths, max_length = [len(row) for row in ids], self.description.max_length
        batches = list(plan_batches(lengths, max_length, _BATCH_TOKENS))

        def compute(rows: NDArray[np.intp]) -> NDArray[np.float32]:
            chosen = [ids[row] for row in rows]
            if not self.network.one_by_one:
                inputs, mask = pad_batch(chosen, self.tokenizer.pad_id, max_length)
                return self._vectors(inputs, mask)
            alone = [np.array([row], dtype=np.int64) for row in chosen]
            return np.concatenate([self._vectors(x, np.ones_like(x)) for x in alone])

        for rows, part in zip(batches, _side_by_side(compute, batches), strict=True):
            result[rows] = part
        return result

    def _check_ids(self, ids: list[list[int]]) -> None:
        largest = max((max(row, default=0) for row in ids), default=0)
        if self.network.n_known is not None and largest >= self.network.n_known:
            raise ValueError(
                f"The tokenizer has the token number {largest}, but the network knows "
                f"only {self.network.n_known}: their files are of different models."
            )

    def _vectors(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        hidden = self.network(ids, mask)
        mask = mask.copy()
        mask[:, : self.tokenizer.n_prompt_tokens] = 0
        vectors = pool_arrays(hidden, mask, self.description.pooling)
        if self.description.normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.maximum(lengths, 1e-12)
        return vectors


def _side_by_side(
    compute: Callable[[NDArray[np.intp]], NDArray[np.float32]],
    batches: list[NDArray[np.intp]],
) -> list[NDArray[np.float32]]:
    """Compute batches in parallel, a single one in this thread."""
    n_threads = min(available_threads(), len(batches))
    if n_threads < 2:
        return list(map(compute, batches))
    return list(map_in_threads(compute, batches, n_threads))


def pool_arrays(
    hidden: NDArray[np.float32], mask: NDArray[np.int64], pooling: str
) -> NDArray[np.float32]:
    """Return a vector for each text from those of its tokens, as `pool` does."""
    if pooling == "cls":
        return hidden[np.arange(len(hidden)), mask.argmax(axis=1)]
    if pooling == "last":
        last = (mask * np.arange(mask.shape[1])).argmax(axis=1)
        return hidden[np.arange(len(hidden)), last]
    weights = mask[..., None].astype(np.float32)  # (n_texts, n_tokens, 1)
    counts = np.maximum(weights.sum(axis=1), 1)
    if pooling == "max":
        lowest = np.finfo(np.float32).min
        return np.where(weights > 0, hidden, lowest).max(axis=1)
    total = (hidden * weights).sum(axis=1)
    return total / (np.sqrt(counts) if pooling == "mean_sqrt_len" else counts)


def check_onnx_settings(source: Source, precision: str, device: str) -> None:
    """Raise if the precision or the device is not that of an ONNX model."""
    if isinstance(source, Path):
        record = read_json(source, ONNX_RECORD)
    else:
        record = json.loads(source.get(ONNX_RECORD, b"{}"))
    known = (record or {}).get("precision")
    if precision not in ("auto", known):
        found = f", here {known}" if known else ""
        raise ValueError(
            f"`precision` is {shown(precision)}, but the precision of an ONNX model is "
            f'that of its file{found}. Pass precision="auto".'
        )
    if device not in ("auto", "cpu"):
        raise ValueError(
            f'`device` is {shown(device)}, but ONNX models use the CPU. Pass "auto".'
        )


def live_onnx_text_model(
    source: Source, fingerprint: str, description: TextModelDescription
) -> OnnxTextModel:
    """Return the encoder of a source; its network and tokenizer stay in the cache."""
    # A forked process loads its own: a lock of the session may have been held.
    key: Hashable = "onnx network", fingerprint, os.getpid()
    with LOADING:
        tokenizer = live_tokenizer(source, fingerprint, description)
        network = CACHE.get(key)
        if network is None:
            with opened(source) as folder:
                network = load_onnx_network(folder, description.n_features)
                files = (folder / ONNX_WEIGHTS).parent.iterdir()
                n_bytes = sum(file.stat().st_size for file in files)
            CACHE.put(key, network, n_bytes)
    return OnnxTextModel(network, tokenizer, description)
