"""What an explanation consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amzest.utils import count, shown


@dataclass(eq=False, repr=False)
class Explained:
    """The data of an explanation, see :class:`Explanation`."""

    samples: pd.DataFrame
    words: pd.DataFrame
    columns: pd.DataFrame
    members: pd.DataFrame
    texts: Mapping[tuple[int, Any], str]
    images: Mapping[tuple[int, Any], NDArray[Any]]
    heat_maps: Mapping[tuple[int, Any], NDArray[np.float64]]
    method: str

    def __len__(self) -> int:
        return len(self.samples)


def check_row(explained: Explained, row: int) -> None:
    """Raise if an explanation has no sample at this position."""
    if not 0 <= row < len(explained):
        raise ValueError(
            f"`row` is {shown(row)}, but there are {count(len(explained), 'sample')}:"
            f" positions are from 0 to {len(explained) - 1}."
        )
