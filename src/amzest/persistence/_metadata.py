"""The metadata of a file: classes, columns, versions, data and scores."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from amzest.persistence._data_summary import summarize_data
from amzest.persistence._scores import summarize_scores
from amzest.utils import installed_versions, shown

FORMAT = "amzest model"
FORMAT_VERSION = 1

#: Packages whose versions are stored, by the modules of amzest that need them.
_PACKAGES = {
    "": ("amzest", "scikit-learn", "numpy", "scipy", "pandas", "skops"),
    "amzest.text._text_cnn": ("torch", "skorch"),
    "amzest.text._text_lstm": ("torch", "skorch"),
    "amzest.text._text_transformer": ("torch", "skorch"),
    "amzest.image.": ("tensorflow", "keras"),
    "amzest.pretrained.": ("torch", "transformers", "tokenizers", "onnxruntime"),
}


def build_metadata(
    model: Any, types: set[str], *, description: str | None, data: Any, scores: Any
) -> dict[str, Any]:
    """Return the metadata of a model; `types` are those that its file contains."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "description": description,
        "versions": known_versions(types),
        **describe_model(model),
        "data": summarize_data(data),
        "scores": summarize_scores(scores),
    }


def describe_model(model: Any) -> dict[str, Any]:
    """Return type, parameters, classes, columns and training of a model."""
    classes = getattr(model, "classes_", getattr(model, "classes", None))
    columns = getattr(model, "feature_names_in_", None)
    n_columns = getattr(model, "n_features_in_", None)
    return {
        "model": type(model).__name__,
        "parameters": _shown_parameters(model),
        "classes": None if classes is None else _plain(np.asarray(classes)),
        "columns": None if columns is None else _plain(np.asarray(columns)),
        "n_columns": None if n_columns is None else int(n_columns),
        "training": _training(model),
    }


def _shown_parameters(model: Any) -> str:
    """Return the parameters that are not defaults, as scikit-learn prints them."""
    if isinstance(model, BaseEstimator):
        return str(model.__repr__(N_CHAR_MAX=2000))
    return type(model).__name__


def _plain(values: np.ndarray[Any, Any]) -> list[Any]:
    """Return values as JSON has them; others, such as dates, as text."""
    return [
        value if isinstance(value, str | int | float | bool) else str(value)
        for value in values.tolist()
    ]


def known_versions(types: Iterable[str] = ()) -> dict[str, str]:
    """Return the versions of Python and of the packages that these types need."""
    needed = [
        package
        for prefix, packages in _PACKAGES.items()
        if not prefix or any(name.startswith(prefix) for name in types)
        for package in packages
    ]
    # A model can be saved again where its framework is missing.
    found = installed_versions(dict.fromkeys(needed))
    return {"python": platform.python_version(), **found}


def _training(model: Any) -> dict[str, Any]:
    """Return rows, epochs, seconds and class frequencies, as far as they are known."""
    known: dict[str, Any] = {}
    epochs = {}
    for name, part in _fitted_parts(model):
        rows = getattr(part, "y_", None)
        if rows is not None:
            known.setdefault("rows", len(rows))
        if isinstance(n_iter := getattr(part, "n_iter_", None), int) and hasattr(
            part, "loss_curve_"
        ):
            epochs[name] = n_iter
        seconds = getattr(part, "refit_seconds_", None)
        if isinstance(seconds, Mapping) and seconds:
            known.setdefault("seconds", round(sum(map(float, seconds.values())), 3))
        prior = getattr(part, "class_prior_", None)
        if prior is not None and np.ndim(prior) == 1:
            known.setdefault("class_prior", np.round(prior, 6).tolist())
    return known | ({"epochs": epochs} if epochs else {})


def _fitted_parts(model: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a model and the fitted estimators in it with their names."""
    yield name or type(model).__name__, model
    inner: list[tuple[str, Any]] = [
        (entry[0], entry[1])
        for attribute in ("steps", "transformers_")
        for entry in getattr(model, attribute, ())
    ]
    members = getattr(model, "named_estimators_", None)
    if members is None:
        members = getattr(model, "estimators_", None)
    if isinstance(members, Mapping):
        inner += list(members.items())
    for attribute in ("estimator_", "best_estimator_"):
        if hasattr(model, attribute):
            inner.append((attribute.rstrip("_"), getattr(model, attribute)))
    for key, part in inner:
        if isinstance(part, BaseEstimator):
            yield from _fitted_parts(part, f"{name}.{key}" if name else str(key))


def check_metadata(metadata: Any) -> dict[str, Any]:
    """Return metadata that this version understands; raise ValueError otherwise."""
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ValueError("its metadata is not that of a model")
    version = metadata.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"its format has the version {shown(version)}")
    if version > FORMAT_VERSION:
        saved_by = dict(metadata.get("versions") or {}).get("amzest")
        raise ValueError(
            f"its format has the version {version}, and this version of amzest reads "
            f"up to {FORMAT_VERSION}; install amzest {saved_by} or newer"
        )
    return metadata
