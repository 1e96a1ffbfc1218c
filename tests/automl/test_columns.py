import datetime

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import sparse

from amzest.automl._columns import describe_columns, select_columns, table_of

N = 12


def column(cells):
    return (list(cells) * N)[:N]


TABLE = pd.DataFrame(
    {
        "title": column(["red shoe", "garden hose", None, "茶色の革靴"]),
        "asin": [f"B01MQDZ9L{i}" for i in range(N)],
        "price": column([9.5, np.nan, 3.0]),
        "row": np.arange(N),
        "stock": column([1, 5, 5]),
        "page": column(["https://shop.example/shoe.jpg", "//shop.example/a/b.jpg"]),
        "file": column(["images/a.jpg", "images/b.PNG", None]),
        "bytes": column([b"\x89PNG", None]),
        "dict": column([{"bytes": b"\x89PNG", "path": None}]),
        "day": pd.date_range("2020-01-01", periods=N),
        "date": column([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)]),
        "features": column([["warm", "soft"], []]),
        "mixed": column(["warm", 1.5]),
        "shop": column(["The same shop"]),
        "one": column([1]),
        "empty": column([None, ""]),
    }
)
KINDS = {
    "title": ("text", ""),
    "asin": ("ignore", "no words"),
    "price": ("number", ""),
    "row": ("ignore", "distinct integers"),
    "stock": ("number", ""),
    "page": ("ignore", "URLs"),
    "file": ("image", ""),
    "bytes": ("image", ""),
    "dict": ("image", ""),
    "day": ("ignore", "dates"),
    "date": ("ignore", "date"),
    "features": ("ignore", "join their items"),
    "mixed": ("ignore", "float, str"),
    "shop": ("ignore", "texts are equal"),
    "one": ("ignore", "values are equal"),
    "empty": ("ignore", "missing"),
}


def test_columns_are_recognised_by_their_cells():
    found = describe_columns(TABLE)
    assert found["kind"].to_dict() == {name: kind for name, (kind, _) in KINDS.items()}
    for name, (_, reason) in KINDS.items():
        assert reason in found.loc[name, "reason"]


def test_kinds_and_groups_that_are_given_are_used():
    found = describe_columns(TABLE, {"row": "number", "title": "ignore"}, "price")
    assert found.loc["row"].tolist() == ["number", "set by `column_kinds`"]
    assert found.loc["title", "kind"] == found.loc["price", "kind"] == "ignore"
    with pytest.raises(ValueError, match="`column_kinds` has 'colour', but"):
        describe_columns(TABLE, {"colour": "text"})
    with pytest.raises(ValueError, match="'video' for the column 'file'"):
        describe_columns(TABLE, {"file": "video"})


@pytest.mark.parametrize(
    ("X", "names", "kind"),
    [
        (["red shoe", "blue hose"], ["x0"], "text"),
        (pd.Series(["red shoe", "blue hose"], name="title"), ["title"], "text"),
        (np.array([["red", 1.5], ["blue", 2.5]], dtype=object), ["x0", "x1"], "text"),
        ([["red", 1.5], ["blue", 2.5]], ["x0", "x1"], "text"),
        (np.array([[0.5, 1], [2.5, 3]]), ["x0", "x1"], "number"),
        (np.zeros((2, 8, 8, 3), np.uint8), ["x0"], "image"),
        ([np.zeros((8, 8)), np.zeros((9, 9))], ["x0"], "image"),
        (pd.DataFrame({0: ["red", "blue"]}), ["0"], "text"),
        (polars.DataFrame({"title": ["red", "blue"]}), ["title"], "text"),
    ],
)
def test_samples_of_any_form_become_a_table(X, names, kind):
    table = table_of(X)
    assert list(table.columns) == names
    assert describe_columns(table)["kind"].iloc[0] == kind


def test_what_is_no_table_is_a_clear_error():
    with pytest.raises(TypeError, match="sparse matrix"):
        table_of(sparse.eye_array(3))
    with pytest.raises(TypeError, match="`X` is"):
        table_of("red shoe")
    with pytest.raises(ValueError, match="0 sample"):
        table_of([])
    with pytest.raises(ValueError, match="more than one column named '0'"):
        table_of(pd.DataFrame([["red", "blue"]], columns=[0, "0"]))


def test_only_the_columns_that_are_used_are_needed():
    assert list(select_columns(TABLE, ["price", "title"])) == ["price", "title"]
    with pytest.raises(ValueError, match="lacks the columns 'colour' that `fit` used"):
        select_columns(TABLE, ["title", "colour"])
