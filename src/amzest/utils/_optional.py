"""Packages that amzest can do without until they are needed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import nullcontext
from types import ModuleType

from amzest.utils._quiet_import import without_warnings


def require(name: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or say what to type to get it.

    Parameters
    ----------
    name : str
        Module to import, for example ``"PIL.Image"``.

    extra : str
        Extra of amzest that installs it, for example ``"image"``.

    purpose : str
        What needs it, as the user knows it: a class or function name.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        When the package is not installed. The message names the extra.
    """
    there = sys.modules.get(name) is not None
    try:
        with nullcontext() if there else without_warnings():
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(_advice(name, extra, purpose, error)) from error


def check_installed(name: str, *, extra: str, purpose: str) -> None:
    """Make sure that an optional package is there, without importing it.

    Parameters
    ----------
    name : str
        Top-level package, for example ``"scikeras"``.

    extra : str
        Extra of amzest that installs it.

    purpose : str
        What needs it.

    Raises
    ------
    ImportError
        When the package is not installed. The message names the extra.
    """
    try:
        found = importlib.util.find_spec(name) is not None
        reason = f"No module named {name!r}"
    except ImportError as error:
        found, reason = False, str(error)
    if not found:
        raise ImportError(_advice(name, extra, purpose, reason))


def _advice(name: str, extra: str, purpose: str, reason: object) -> str:
    package = name.partition(".")[0]
    return (
        f"{purpose} needs {package}, which cannot be imported ({reason}). "
        f'Install it with: pip install "amzest[{extra}]"'
    )
