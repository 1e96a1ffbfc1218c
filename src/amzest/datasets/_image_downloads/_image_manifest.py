"""The manifest of a folder of images: the outcome of each URL."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._image_downloads._image_folder import write_whole
from amzest.datasets._image_downloads._image_outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.parquet"
_TYPES = {
    "image_url": "str",
    "image": "str",
    "status": "str",
    "reason": "str",
    "format": "str",
    "width": "Int64",
    "height": "Int64",
    "n_bytes": "Int64",
    "sha256": "str",
}
#: The columns after `image_url`, in the order of the fields of Outcome.
_ROW = ["status", "reason", "image", "format", "width", "height", "n_bytes", "sha256"]


def read_manifest(folder: Path) -> dict[str, Outcome]:
    """Return the outcomes that earlier calls have written, in order of the rows."""
    import pandas as pd
    import pyarrow

    path = folder / MANIFEST
    if not path.exists():
        return {}
    advice = "Move it to another folder; images are found without it."
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        msg = f"{path}: cannot be read as Parquet ({error}). {advice}"
        raise ValueError(msg) from error
    lost = [name for name in _TYPES if name not in frame.columns]
    if lost:
        msg = (
            f"{path}: is not a manifest of download_images, it has no column "
            f"{', '.join(map(repr, lost))}. {advice}"
        )
        raise ValueError(msg)
    columns = [_without_missing(frame[name]) for name in _ROW]
    rows = zip(*columns, strict=True)
    return {
        url: Outcome(*row) for url, row in zip(frame["image_url"], rows, strict=True)
    }


def write_manifest(folder: Path, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Write the outcome of each URL, and return the table."""
    import pandas as pd

    columns: dict[str, list[Any]] = {"image_url": list(outcomes)}
    for field in dataclasses.fields(Outcome):
        columns[field.name] = [
            getattr(outcome, field.name) for outcome in outcomes.values()
        ]
    frame = pd.DataFrame(
        {name: pd.Series(columns[name], dtype=kind) for name, kind in _TYPES.items()}
    )
    # To memory, as pyarrow removes the file if writing fails: no atomic replacement.
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    write_whole(folder / MANIFEST, buffer.getvalue(), sync=True)
    return frame


def _without_missing(column: pd.Series) -> list[Any]:
    cells = column.astype(object)
    return list(cells.where(column.notna(), None))
