"""A fitted model that workers load once."""

from __future__ import annotations

import hashlib
import os
import pickle
from functools import cached_property
from pathlib import Path
from typing import Any

from amzest.distributed._bounded_cache import BoundedCache
from amzest.distributed._model_columns import model_columns
from amzest.distributed._product_predictions import ProductPredictor
from amzest.distributed._table_output import unfinished_path
from amzest.utils import ForkSafeLock
from amzest.utils._workers import let_worker_grow


def load_predictor(
    model: Any, *, columns: Any = None, trusted: Any = None
) -> ProductPredictor:
    """Return a fitted model, or one in a file, with the columns that it reads."""
    if isinstance(model, str | os.PathLike):
        from amzest.persistence import load

        model = load(model, trusted=trusted)
    if columns is None:
        return ProductPredictor(model)
    return ProductPredictor(model, model_columns(model).renamed(columns))


class LoadedModel:
    """A model in this process, and the bound of the cache for its predictions."""

    def __init__(self, predictor: ProductPredictor) -> None:
        self.predictor = predictor
        self.cache = BoundedCache()


class ModelReference:
    """A fitted model, or one in a file, for this process and for others.

    In this process it is the model. Another process receives the path of its file and
    loads it once, for all parts that it predicts. An estimator is written to `folder`
    when it is first sent to another process.
    """

    def __init__(
        self, model: Any, folder: Path, *, columns: Any = None, trusted: Any = None
    ) -> None:
        self._here: LoadedModel | None = LoadedModel(
            load_predictor(model, columns=columns, trusted=trusted)
        )
        self._columns = None if columns is None else list(columns)
        self._trusted = None if trusted is None else list(trusted)
        self._is_saved = isinstance(model, str | os.PathLike)
        self._path = os.path.abspath(model) if self._is_saved else None
        self._folder = folder
        self._lock: ForkSafeLock | None = ForkSafeLock()

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the model, or of the content of its file."""
        if self._is_saved:
            with open(str(self._path), "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        import joblib

        return str(
            joblib.hash(None if self._here is None else self._here.predictor.model)
        )

    def __getstate__(self) -> dict[str, Any]:
        _ = self.fingerprint  # which other processes cannot compute
        self._write()
        return {**self.__dict__, "_here": None, "_lock": None}

    def loaded(self) -> LoadedModel:
        """Return the model, which is loaded if it is not in this process."""
        if self._here is not None:
            return self._here
        with _LOCK:
            key = f"{self.fingerprint} {self._columns}"
            if key not in _LOADED:
                _LOADED.clear()
                _LOADED[key] = LoadedModel(self._read())
            return _LOADED[key]

    def remove_file(self) -> None:
        """Remove the file that was written for other processes."""
        if self._path is not None and not self._is_saved:
            Path(self._path).unlink(missing_ok=True)
            self._path = None

    def _write(self) -> None:
        if self._here is None or self._lock is None:
            return
        with self._lock:
            if self._path is None:
                # As joblib pickles the arguments of tasks: classes of a notebook too.
                from joblib.externals.loky.backend.reduction import dump

                path = unfinished_path(self._folder / "model")
                with open(path, "xb") as file:
                    dump(self._here.predictor.model, file)
                self._path = str(path)

    def _read(self) -> ProductPredictor:
        let_worker_grow()  # or joblib replaces the worker, which would load it again
        model: Any = self._path
        if not self._is_saved:
            with open(str(self._path), "rb") as file:
                model = pickle.load(file)
        return load_predictor(model, columns=self._columns, trusted=self._trusted)


#: The model that this process, a worker, has loaded, by its fingerprint.
_LOADED: dict[str, LoadedModel] = {}
_LOCK = ForkSafeLock()
