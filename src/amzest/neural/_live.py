"""Live networks of fitted estimators: a cache beside them, never inside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from amzest.neural._engine import Engine, Weights
from amzest.utils import ForkSafeLock

#: Estimator -> the weights an engine was given, and that engine. Entries go with their
#: estimator; pickle, copy and clone never see them.
_ENGINES: WeakKeyDictionary[Any, tuple[Weights, Engine]] = WeakKeyDictionary()

_LOCK = ForkSafeLock()


def keep_engine(estimator: Any, weights: Weights, engine: Engine) -> None:
    """Keep the engine that holds exactly these weights."""
    with _LOCK:
        _ENGINES[estimator] = (weights, engine)


def live_engine(
    estimator: Any, weights: Weights, build: Callable[[], Engine]
) -> Engine:
    """Return the engine of an estimator; build it when its weights are other ones.

    Parameters
    ----------
    estimator : estimator instance
        Whose network it is; compared by identity.

    weights : dict of str to ndarray
        Fitted weights; a refit or a copy brings another dict.

    build : callable
        Makes an untrained engine.

    Returns
    -------
    Engine
        Ready to compute.
    """
    with _LOCK:
        kept, engine = _ENGINES.get(estimator, (None, None))
        if engine is None or kept is not weights:
            engine = build()
            engine.set_weights(weights)
            _ENGINES[estimator] = (weights, engine)
        return engine
