import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from amzest.evaluation._summaries._column_kinds import find_kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["blue mug", "red mug", None], "text"),
        (["Lamps", "Mugs"] * 10, "categorical"),
        (pd.Categorical(["a", "b"]), "categorical"),
        ([True, None], "categorical"),
        ([True, False], "categorical"),
        ([1, 2], "numeric"),
        ([1.5, None], "numeric"),
        (pd.array([1, None], dtype="Int64"), "numeric"),
        ([Decimal("1.5"), None], "numeric"),
        (pd.to_datetime(["2020-01-01"]), "numeric"),
        (["images/1.jpg", "images/2.PNG", ""], "image"),
        (["images/1.avif", "images/2.jfif"], "image"),
        ([b"\x89PNG", None], "image"),
        ([{"bytes": b"\x89PNG", "path": None}], "image"),
        ([np.zeros((4, 4, 3), dtype=np.uint8)], "image"),
        (["https://a.org/1.jpg", "https://a.org/2.jpg"], "other"),
        ([["a", "list"], ["b"]], "other"),
        ([datetime.date(2020, 1, 1)], "other"),
        ([None, "", np.nan], None),
    ],
    ids=str,
)
def test_kind(cells, kind):
    if not isinstance(cells, list):
        column = pd.Series(cells)
    else:
        plain = isinstance(cells[0], int | float) and None not in cells
        column = pd.Series(cells, dtype=None if plain else object)
    assert find_kind(column) == kind
