"""What a fitted model reads: which columns contain texts, and which images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar

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
from amzest.utils import is_missing, is_missing_image, may_be_image, plain_image_cell

Kind = Literal["text", "image"]
ReaderKind = Literal["text", "image", "category"]

#: Number of cells from which the kind of a column is inferred.
_N_CELLS = 20
#: Meta-estimators within meta-estimators; more would be a cycle.
_MAX_DEPTH = 20
#: Attributes of fitted estimators with several others, and with one.
_SEVERAL = ("named_estimators_", "estimators_", "models", "calibrated_classifiers_")
_SINGLE = ("best_estimator_", "estimator_", "estimator")


class Columns(Protocol):
    """Columns in front of an estimator, as far as they are known."""

    @property
    def are_known(self) -> bool:
        """Whether it is known which columns they are."""

    def in_front_of(self, estimator: Any) -> Self:
        """Return the columns, or those of an estimator's `fit` if they are unknown."""

    def of_selector(self, selector: ColumnSelector) -> Self:
        """Return the columns that a selector selects."""

    def of_transformer(self, transformer: ColumnTransformer, chosen: Any) -> Self:
        """Return the columns of one of the transformers."""


C = TypeVar("C", bound=Columns)


@dataclass(frozen=True)
class TableColumns:
    """Positions of columns in a table whose columns have `names`."""

    positions: tuple[int, ...]
    names: list[Any]

    @property
    def are_known(self) -> bool:
        """Always true."""
        return True

    def in_front_of(self, estimator: Any) -> TableColumns:
        """Return the columns."""
        return self

    def of_selector(self, selector: ColumnSelector) -> TableColumns:
        """Return the columns that a selector selects."""
        own = [self.names[c] for c in self.positions]
        named = all(isinstance(name, str) for name in own)
        table = pd.DataFrame(columns=own) if named else np.empty((0, len(own)))
        return self._take(column_positions(selector._fitted_names(), table))

    def of_transformer(
        self, transformer: ColumnTransformer, chosen: Any
    ) -> TableColumns:
        """Return the columns of one of the transformers."""
        table = pd.DataFrame(columns=[self.names[c] for c in self.positions])
        return self._take(_get_column_indices(table, chosen))

    def _take(self, places: Any) -> TableColumns:
        taken = tuple(self.positions[i] for i in np.atleast_1d(places))
        return TableColumns(taken, self.names)


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
    for estimator, found, kind in walk_readers(model, TableColumns(columns, names)):
        if not isinstance(estimator, ColumnTransformer | Pipeline):
            yield Reader(estimator, found.positions, kind)


def walk_readers(
    model: Any,
    columns: C,
    is_reader: Callable[[Any], bool] = lambda _: False,
    depth: int = 0,
) -> Iterator[tuple[Any, C, ReaderKind | None]]:
    """Yield the estimators in a fitted model that read cells, with columns and kind.

    The columns that a ColumnTransformer selects are also yielded with itself, and those
    of a pipeline without such an estimator with the pipeline. The walk ends at
    estimators for which `is_reader` is true.
    """
    # "drop", "passthrough" and None are no estimators.
    if depth > _MAX_DEPTH or model is None or isinstance(model, str):
        return
    columns = columns.in_front_of(model)

    def walk(part: Any, its: C) -> Iterator[tuple[Any, C, ReaderKind | None]]:
        return walk_readers(part, its, is_reader, depth + 1)

    if is_reader(model):
        yield model, columns, kind_of_estimator(model)
    elif isinstance(model, Pipeline):
        yield from _walk_steps(model, columns, walk)
    elif isinstance(model, ColumnTransformer):
        for _, transformer, chosen in model.transformers_:
            if not (isinstance(transformer, str) and transformer == "drop"):
                found = columns.of_transformer(model, chosen)
                yield from walk(transformer, found)
                yield model, found, None
    elif isinstance(model, FeatureUnion):
        for _, transformer in model.transformer_list:
            yield from walk(transformer, columns)
    else:
        readers = [each for part in parts_of(model) for each in walk(part, columns)]
        if any(kind or found.are_known for _, found, kind in readers):
            yield from readers
        else:
            yield model, columns, kind_of_estimator(model)


def _walk_steps(
    pipeline: Pipeline,
    columns: C,
    walk: Callable[[Any, C], Iterator[tuple[Any, C, ReaderKind | None]]],
) -> Iterator[tuple[Any, C, ReaderKind | None]]:
    for _, step in pipeline.steps:
        if isinstance(step, ColumnSelector):
            columns = columns.of_selector(step)
        elif not isinstance(step, str) and step is not None:
            found = list(walk(step, columns))
            # Numbers come from the first step that reads texts, images or categories.
            # Those before it, such as an imputer, are taken to keep the columns.
            several = isinstance(step, ColumnTransformer | FeatureUnion)
            known = several or any(kind for _, _, kind in found)
            if known or step is pipeline.steps[-1][1]:
                yield from found
                return
    yield pipeline, columns, None


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
    if all(map(may_be_image, cells)):
        return "image"
    return "text" if all(isinstance(c, str) or is_missing(c) for c in cells) else None
