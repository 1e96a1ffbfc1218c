"""Tables of the shares of columns and members."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.inspection._image_occlusion import greyed
from amzest.inspection._model_columns import kinds_of_columns, readers_of
from amzest.inspection._shares import Members, column_shares, find_members
from amzest.inspection._task import Task

Floats = NDArray[np.float64]


def no_shares() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return empty tables."""
    names = ["row", "label", "column", "modality", "contribution"]
    more = ["row", "label", "member", "modality", "probability", "contribution"]
    return pd.DataFrame(columns=names), pd.DataFrame(columns=more)


def share_tables(
    task: Task,
    full: Floats,
    classes: NDArray[Any],
    pixels: dict[int, list[NDArray[Any] | None]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of shares of columns and of members."""
    codes, names = task.predictor.codes, task.samples.names
    cells = {
        column: [""] * len(codes) if kind == "text" else _blank(task, column, pixels)
        for column, kind in task.kinds.items()
    }
    parts = [
        pd.DataFrame(
            {
                "row": np.arange(len(codes)),
                "label": classes[codes],
                "column": names[column],
                "modality": task.kinds[column],
                "contribution": values,
            }
        )
        for column, values in column_shares(task.predictor, cells, full).items()
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values("row", kind="stable", ignore_index=True)
    members = find_members(task.predictor.model, task.samples.X)
    if members is None:
        return table, no_shares()[1]
    return table, _member_table(task, members, classes)


def _blank(
    task: Task, column: int, pixels: dict[int, list[NDArray[Any] | None]]
) -> list[Any]:
    """Return missing images, or grey ones if the model may need an image."""
    readers = task.readers_of_column(column)
    if all(type(r.estimator).__module__.startswith("amzest") for r in readers):
        return [None] * len(task.samples)
    return [None if p is None else greyed(p) for p in pixels[column]]


def _member_table(task: Task, members: Members, classes: NDArray[Any]) -> pd.DataFrame:
    codes, names = task.predictor.codes, task.samples.names
    rows, every = np.arange(len(codes)), tuple(range(len(names)))
    parts = []
    for number, values in enumerate(members.shares(codes)):
        proba, present = members.probas[number], members.presences[number]
        own = np.full(len(codes), np.nan)
        if members.are_probabilities:
            own = np.where(present, proba[rows, codes], np.nan)
        readers = list(readers_of(members.estimators[number], every, names))
        kinds = set(kinds_of_columns(readers, task.samples).values())
        part: dict[str, Any] = {"row": rows, "label": classes[codes]}
        part["member"] = members.names[number]
        part["modality"] = " and ".join(sorted(kinds, reverse=True)) or "other"
        part |= {"probability": own, "contribution": values}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values("row", kind="stable", ignore_index=True)
