"""Optional dependencies, imported when they are first used."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextlib import nullcontext
from types import ModuleType

from amzest.utils._quiet_import import without_warnings


def require(name: str, *, extra: str, purpose: str) -> ModuleType:
    """Import a package; if it is missing, `purpose` and `extra` are in the message."""
    there = sys.modules.get(name) is not None
    try:
        with nullcontext() if there else without_warnings():
            return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(_import_message(name, extra, purpose, error)) from error


def check_installed(name: str, *, extra: str, purpose: str) -> None:
    """Raise ImportError if a package is missing, without importing it."""
    try:
        found = importlib.util.find_spec(name) is not None
        reason = f"No module named {name!r}"
    except ImportError as error:
        found, reason = False, str(error)
    if not found:
        raise ImportError(_import_message(name, extra, purpose, reason))


def _import_message(name: str, extra: str, purpose: str, reason: object) -> str:
    package = name.partition(".")[0]
    return (
        f"{purpose} needs {package}, which cannot be imported ({reason}). "
        f'Install it with: pip install "amzest[{extra}]"'
    )
