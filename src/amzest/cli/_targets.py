"""The categories of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import count, is_missing

if TYPE_CHECKING:
    import pandas as pd

    from amzest.distributed._progress import Progress


def read_target(frame: pd.DataFrame, options: Any, progress: Progress) -> pd.DataFrame:
    """Return the rows with a category; raise for the others, or leave them out.

    The index has the row numbers of the table.
    """
    missing = frame[options.target].map(is_missing).to_numpy(bool)
    if not missing.any():
        return frame
    n_missing = int(missing.sum())
    if not options.skip_unlabelled:
        rows = frame.index[missing].tolist()
        msg = (
            f"`{options.target}` is missing in {count(n_missing, 'row')}: "
            f"{list_rows(rows)}. Fill it in, or pass --skip-unlabelled to leave them "
            "out."
        )
        raise ValueError(msg)
    progress.report(f"Left out {count(n_missing, 'row')} without a category.")
    return frame[~missing]
