"""The list of public estimators that other tests use is complete."""

import inspect

from public_api import shortest_paths
from public_estimators import HEAVY, LIGHT


def test_every_public_estimator_is_listed():
    public = {
        name
        for name, thing in shortest_paths().items()
        if inspect.isclass(thing)
        and hasattr(thing, "fit")
        and not inspect.isabstract(thing)
        and not thing.__name__.startswith("Base")
    }
    listed = {type(estimator).__name__ for estimator, _ in {**LIGHT, **HEAVY}.values()}
    assert {name.rpartition(".")[2] for name in public} <= listed
    assert len(public) >= 12
