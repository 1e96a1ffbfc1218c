"""What a fitted model reads: which columns contain texts, and which images."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils._indexing import _get_column_indices

from amzest.compose import ColumnSelector
from amzest.compose._column_positions import column_positions
from amzest.inspection._samples import Samples
from amzest.pretrained import ZeroShotClassifier
from amzest.utils import is_missing, is_missing_image, plain_image_cell

Kind = Literal["text", "image"]
ReaderKind = Literal["text", "image", "category"]

#: Number of cells from which the kind of a column is inferred.
_N_CELLS = 20
#: Attributes of fitted estimators with several others, and with one.
_SEVERAL = ("named_estimators_", "estimators_", "models", "calibrated_classifiers_")
_SINGLE = ("best_estimator_", "estimator_", "estimator")


@dataclass(frozen=True)
class Reader:
    """An estimator that reads cells of some columns; `kind` is None if unknown."""

    estimator: Any
    columns: tuple[int, ...]
    kind: ReaderKind | None


def readers_of(
    model: Any, columns: tuple[int, ...], names: list[Any]
) -> Iterator[Reader]:
    """Yield the estimators in a fitted model that read columns, of `columns`."""
    if isinstance(model, str):  # "drop" or "passthrough"
        return
    if isinstance(model, Pipeline):
        yield from _readers_of_steps(model, columns, names)
    elif isinstance(model, ColumnTransformer):
        table = pd.DataFrame(columns=[names[c] for c in columns])
        for _, transformer, chosen in model.transformers_:
            found = tuple(columns[i] for i in _get_column_indices(table, chosen))
            yield from readers_of(transformer, found, names)
    elif isinstance(model, FeatureUnion):
        for _, transformer in model.transformer_list:
            yield from readers_of(transformer, columns, names)
    elif parts := parts_of(model):
        for part in parts:
            yield from readers_of(part, columns, names)
    else:
        yield Reader(model, columns, kind_of_estimator(model))


def _readers_of_steps(
    pipeline: Pipeline, columns: tuple[int, ...], names: list[Any]
) -> Iterator[Reader]:
    for step in pipeline:
        if isinstance(step, ColumnSelector):
            columns = selected_columns(step, columns, names)
        elif not isinstance(step, str) and step is not None:
            found = list(readers_of(step, columns, names))
            # Numbers come from the first step that reads texts, images or categories.
            # Those before it, such as an imputer, are taken to keep the columns.
            several = isinstance(step, ColumnTransformer | FeatureUnion)
            known = several or any(reader.kind for reader in found)
            if known or step is pipeline[-1]:
                yield from found
                return


def selected_columns(
    selector: ColumnSelector, columns: tuple[int, ...], names: list[Any]
) -> tuple[int, ...]:
    """Return the columns that a selector selects of `columns`."""
    own = [names[c] for c in columns]
    named = all(isinstance(name, str) for name in own)
    table = pd.DataFrame(columns=own) if named else np.empty((0, len(own)))
    found = column_positions(selector._fitted_names(), table)
    return tuple(columns[i] for i in np.atleast_1d(found))


def parts_of(model: Any) -> list[Any]:
    """Return the fitted estimators inside an ensemble, a search or a wrapper."""
    for attribute in _SEVERAL:
        found = getattr(model, attribute, None)
        if isinstance(found, Mapping):
            found = list(found.values())
        if isinstance(found, np.ndarray):
            found = found.ravel().tolist()
        if isinstance(found, Sequence):
            return [p for p in found if hasattr(p, "get_params") or _wraps(p)]
    for attribute in _SINGLE:
        found = getattr(model, attribute, None)
        if hasattr(found, "get_params"):
            return [found]
    return []


def _wraps(part: Any) -> bool:
    """Return whether an object is a pair of scikit-learn's CalibratedClassifierCV."""
    return hasattr(part, "estimator") and hasattr(part, "calibrators")


def kind_of_estimator(estimator: Any) -> ReaderKind | None:
    """Return what an estimator reads according to its tags; None if it is neither."""
    if isinstance(estimator, ZeroShotClassifier):
        # Its tags are those of both encoders.
        estimator = getattr(estimator, "encoder_", estimator)
    try:
        tags = get_tags(estimator).input_tags
    except (AttributeError, TypeError, ValueError):
        return None
    if tags.three_d_array and tags.string:
        return "image"
    if tags.categorical:
        return "category"
    return "text" if tags.string and not tags.two_d_array else None


def kinds_of_columns(readers: Sequence[Reader], samples: Samples) -> dict[int, Kind]:
    """Return the kind of each column that is read and contains texts or images."""
    kinds: dict[int, Kind] = {}
    for reader in readers:
        for column in reader.columns:
            kind = reader.kind or _kind_of_cells(samples, column)
            if kind == "text" or kind == "image":
                kinds.setdefault(column, kind)
    return dict(sorted(kinds.items()))


def _kind_of_cells(samples: Samples, column: int) -> Kind | None:
    """Infer the kind of a column from its first cells."""
    cells: list[Any] = []
    for cell in samples.cells(column):
        if not is_missing_image(cell):
            cells.append(plain_image_cell(cell))
        if len(cells) == _N_CELLS:
            break
    if not cells:
        return None
    if all(map(_is_image, cells)):
        return "image"
    return "text" if all(isinstance(c, str) or is_missing(c) for c in cells) else None


def _is_image(cell: Any) -> bool:
    if isinstance(cell, str | os.PathLike):
        kind, _ = mimetypes.guess_type(os.fspath(cell))
        return kind is not None and kind.startswith("image/")
    if isinstance(cell, np.ndarray):
        return cell.ndim in (2, 3)
    return isinstance(cell, bytes | bytearray) or hasattr(cell, "getbands")
