"""Inputs without rows that can be counted and read twice, and messages about them."""

import numpy as np
import pandas as pd
from scipy import sparse

_MASKED = np.ma.array(["mug", "lamp"], mask=[False, True], dtype=object)


class _NoLength:
    """Can be read from the start again, but not counted."""

    def __iter__(self):
        return iter(["mug"])


#: Name, object, and part of the message.
_CASES = (
    ("None", None, "is None"),
    ("string", "mug", "is a single str"),
    ("bytes", b"mug", "is a single bytes"),
    ("int", 3, "is a single int"),
    ("type", str, "is a single type"),
    ("dict", {"mug": 1, "lamp": 2}, r"is a mapping \(dict\)"),
    ("keys", {"mug": 1}.keys(), r"view of a mapping \(dict_keys\)"),
    ("values", {"mug": 1}.values(), r"view of a mapping \(dict_values\)"),
    ("set", {"mug", "lamp"}, "is a set, whose order"),
    ("frozenset", frozenset(["mug"]), "is a frozenset, whose order"),
    ("iterator", iter(["mug"]), r"read only once.*list\(X\)"),
    ("generator", (text for text in ["mug"]), "iterator .generator."),
    ("map", map(str, ["mug"]), "iterator .map."),
    ("no length", _NoLength(), "cannot be counted"),
    ("groups", pd.DataFrame({"a": [1]}).groupby("a"), "a DataFrameGroupBy.*grouped"),
    ("groups of a column", pd.Series([1]).groupby([1]), "a SeriesGroupBy.*grouped"),
    ("sparse matrix", sparse.eye(3), "is a sparse matrix"),
    ("sparse array", sparse.csr_array([[1]]), "is a sparse matrix"),
    ("no dimension", np.array("mug"), "without dimensions"),
    ("structured", np.array([("mug", 1)], "U3,i4"), "with the fields f0, f1"),
    ("masked", _MASKED, r"masked array.*filled\(None\)"),
    ("masked table", _MASKED[:, None], "is a masked array"),
)
NO_ROWS = [(thing, message) for _, thing, message in _CASES]
NO_ROWS_IDS = [name for name, _, _ in _CASES]
