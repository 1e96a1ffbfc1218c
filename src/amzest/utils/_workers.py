"""Processes that joblib hands work to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_workers() -> Iterator[None]:
    """Keep joblib from warning that it replaces a process that has grown.

    A process that loads PyTorch or TensorFlow grows by more than joblib allows, and is
    replaced by another one; nothing is lost. Where warnings are errors, this one would
    end the thread that hands out the work, and the call would wait for ever.

    Yields
    ------
    None
        While the warning is off.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="A worker stopped while some jobs", category=UserWarning
        )
        yield
