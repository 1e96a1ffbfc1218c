"""Live networks of fitted estimators: in the cache, not in the estimators."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any

from amzest.neural._engine import Engine, Weights
from amzest.utils import CACHE, ForkSafeLock

#: Held while an engine is built, so that threads do not build the same one twice.
_BUILDING = ForkSafeLock()


def _engine_key(estimator: Any) -> Hashable:
    return "engine", id(estimator)


def keep_engine(estimator: Any, weights: Weights, engine: Engine) -> None:
    """Keep the engine that has exactly these weights, as long as its estimator lives.

    The estimator is compared by identity and referenced weakly: pickle, copy and clone
    never see its engine.
    """
    key, discard = _engine_key(estimator), CACHE.discard
    # An id is used again only after this callback has dropped the entry.
    owner = weakref.ref(estimator, lambda _: discard(key))
    n_bytes = sum(values.nbytes for values in weights.values())
    CACHE.put(key, (owner, weights, engine), n_bytes)


def live_engine(
    estimator: Any, weights: Weights, build: Callable[[], Engine]
) -> Engine:
    """Return the engine of an estimator; build it if there is none with these weights.

    A refit or a copy has another dict of weights.
    """
    with _BUILDING:
        _, kept, engine = CACHE.get(_engine_key(estimator)) or (None, None, None)
        if engine is None or kept is not weights:
            engine = build()
            engine.set_weights(weights)
            keep_engine(estimator, weights, engine)
        return engine
