"""The public API: what `__all__` of amzest and of its public packages names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Literal

from amzest.neural import all_networks

#: Packages that are not part of the public API.
INTERNAL = {"amzest.cli", "amzest.neural", "amzest.utils"}


def public_modules(package: str = "amzest") -> Iterator[str]:
    """Yield a package and the public packages in it."""
    module = importlib.import_module(package)
    yield package
    for found in pkgutil.iter_modules(module.__path__, f"{package}."):
        private = found.name.rpartition(".")[2].startswith("_")
        if found.ispkg and not private and found.name not in INTERNAL:
            yield from public_modules(found.name)


def shortest_paths() -> dict[str, object]:
    """Return public objects by the path that names their page.

    That is the shortest one; of several, the one in the package that defines it.
    """
    found: dict[str, object] = {}
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            known = [path for path, other in found.items() if other is thing]
            defined_here = getattr(thing, "__module__", "").startswith(
                f"{module_name}."
            )
            if defined_here and known and known[0].count(".") > module_name.count("."):
                del found[known.pop()]
            if not known:
                found[f"{module_name}.{name}"] = thing
    return found


def list_networks(kind: Literal["text", "image"]) -> str:
    """Return the table of the networks of a kind for the API reference."""
    networks = all_networks(kind).values()
    names = [
        path.removeprefix("amzest.")
        for path, thing in shortest_paths().items()
        if any(thing is network for network in networks)
    ]
    lines = [".. currentmodule:: amzest", "", ".. autosummary::"]
    lines += ["   :toctree: generated/", "   :nosignatures:", ""]
    return "\n".join([*lines, *(f"   {name}" for name in names), ""])


def written_here(thing: object) -> bool:
    """Return whether a class, function or method is defined in amzest."""
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "amzest"


def own_members(cls: type) -> tuple[list[str], list[str]]:
    """Return the public methods and properties of a class that amzest defines."""
    methods, properties = [], []
    for name, member in inspect.getmembers(cls):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            if written_here(member.fget):
                properties.append(name)
        elif callable(member) and written_here(member):
            methods.append(name)
    return methods, properties
