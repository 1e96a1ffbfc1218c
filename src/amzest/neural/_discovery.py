"""Find the networks of the package: tests, benchmarks and documentation list them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from amzest.neural._base import BaseNeuralClassifier


def all_networks(
    kind: Literal["text", "image"] | None = None,
) -> dict[str, type[BaseNeuralClassifier]]:
    """Return the classifiers of the package that are networks, sorted by name.

    As in :func:`sklearn.utils.discovery.all_estimators`, defining a class and importing
    it in its package is enough to be listed. Classes of other packages are not.
    """
    packages = tuple(f"amzest.{k}." for k in ([kind] if kind else ["text", "image"]))
    found = {
        cls.__name__: cls
        for cls in _subclasses(BaseNeuralClassifier)
        if cls.__module__.startswith(packages) and not cls.__name__.startswith("Base")
    }
    return dict(sorted(found.items()))


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
