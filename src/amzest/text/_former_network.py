"""The weights of a former fit in a network with other words and classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amzest.neural import Weights
from amzest.utils import positions_of, shown

#: What may differ between two fits: sizes that depend on the samples, and settings that
#: do not change the shape of a weight.
_FREE = {
    "dropout",
    "embedding_dropout",
    "block_dropout",
    "n_classes",
    "n_pretrained",
    "n_rows",
    "train_pretrained",
}


def check_former_network(estimator: Any, state: dict[str, Any]) -> None:
    """Raise if the parameters describe another network than that of a former fit."""
    for name, now, before in (
        ("ngram_range", tuple(estimator.ngram_range), state["ngram_range_"]),
        ("n_buckets", int(estimator.n_buckets), state["n_buckets_"]),
        ("linear_part", bool(estimator.linear_part), state["C_"] is not None),
    ):
        if now != before:
            _raise(estimator, name, now, before)
    had_vectors = bool(state["embedding_rows_"])
    if had_vectors != (estimator.embeddings is not None):
        before = "another file" if had_vectors else None
        _raise(estimator, "embeddings", estimator.embeddings, before)


def former_weights(estimator: Any, new: Weights, state: dict[str, Any]) -> Weights:
    """Return the weights of a former fit, in the shapes of an untrained network.

    Rows of words and classes that both have are copied. A new word starts with the
    vectors of its n-grams alone, a new class with the random row of the network.
    """
    _check_architecture(estimator, state)
    old: Weights = state["weights_"]
    weights = {name: array.copy() for name, array in new.items()}
    for name, array in old.items():
        if name not in {"table", "pretrained", "logits.weight", "logits.bias"}:
            weights[name] = array.copy()
    weights["table"][:] = 0
    _copy_rows(
        weights["table"],
        old["table"],
        estimator.vocabulary_,
        state["vocabulary_"],
    )
    n_buckets = state["n_buckets_"]
    weights["table"][-n_buckets:] = old["table"][-n_buckets:]
    if state["architecture_"]["train_pretrained"] and estimator.embedding_rows_:
        _copy_rows(
            weights["pretrained"],
            old["pretrained"],
            estimator.embedding_rows_,
            state["embedding_rows_"],
        )
    places = positions_of(state["classes_"], estimator.classes_)
    known = places >= 0
    for name in ("logits.weight", "logits.bias"):
        weights[name][places[known]] = old[name][known]
    return weights


def _copy_rows(
    new: NDArray[Any],
    old: NDArray[Any],
    new_index: dict[str, int],
    old_index: dict[str, int],
) -> None:
    """Copy the rows of words that both tables have."""
    both = [(new_index[w], row) for w, row in old_index.items() if w in new_index]
    if both:
        to, start = np.array(both).T
        new[to] = old[start]


def _check_architecture(estimator: Any, state: dict[str, Any]) -> None:
    now, before = estimator.architecture_, state["architecture_"]
    for name in now:
        if name not in _FREE and now[name] != before.get(name):
            _raise(estimator, name, now[name], before.get(name))


def _raise(estimator: Any, name: str, now: Any, before: Any) -> None:
    raise ValueError(
        f"`{name}` is {shown(now)}, but was {shown(before)} in the former fit: "
        f"{type(estimator).__name__} cannot start from a network of another "
        "architecture. Restore the parameter, or fit a clone."
    )
