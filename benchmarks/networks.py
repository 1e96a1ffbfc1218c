"""The networks of the package by short names; new ones are measured as well."""

from __future__ import annotations

from typing import Any, Literal

from amzest.neural import all_networks


def networks(kind: Literal["text", "image"]) -> dict[str, Any]:
    """Return the networks of a kind by short name, such as "CNN" or "LSTM"."""
    return {
        name.removeprefix(kind.title()).removesuffix("Classifier"): network
        for name, network in all_networks(kind).items()
    }
