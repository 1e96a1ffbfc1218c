"""A summary of the data that a model was fitted on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from amzest.utils import as_frame, as_series, is_column, is_table, missing_mask, shown


def summarize_data(data: Any) -> dict[str, Any] | None:
    """Return rows and columns of samples, or the description of the caller."""
    if data is None:
        return None
    if isinstance(data, str):
        return {"description": data}
    if isinstance(data, Mapping):
        return _checked_json(data)
    if is_column(data):
        data = as_series(data).to_frame()
    if is_table(data):
        frame = as_frame(data)
        columns = {str(name): _summarize(column) for name, column in frame.items()}
        return {"rows": len(frame), "columns": columns}
    if isinstance(data, list | tuple | np.ndarray):
        return {"rows": len(data)}
    raise TypeError(
        "`data` must be the samples of the fit, such as a table, or a description, or "
        f"a dict, got {shown(data)}."
    )


def _summarize(column: Any) -> dict[str, Any]:
    missing = missing_mask(column.to_numpy(dtype=object))
    fraction = round(float(missing.mean()), 4) if len(missing) else 0.0
    return {"dtype": str(column.dtype), "missing": fraction}


def _checked_json(data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(dict(data))))
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`data` must have values that JSON can write, got {shown(data)} ({error})."
        ) from error
