"""Packages that amzest can do without until they are needed."""

from __future__ import annotations

import importlib
from types import ModuleType


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
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(
            f"{purpose} needs {package}, which cannot be imported ({error}). "
            f'Install it with: pip install "amzest[{extra}]"'
        ) from error
