import pickle

import numpy as np
import pandas as pd
import pytest

from amzest.evaluation import summarize_data
from amzest.evaluation._summaries._data_summary import common_columns

TABLE = pd.DataFrame(
    {
        "title": [f"mug number {i}" for i in range(60)],
        "price": np.arange(60.0),
        "brand": ["Acme", "Bolt"] * 30,
    }
)


def test_kinds_and_rows():
    summary = summarize_data(TABLE, max_rows=40)
    assert summary.kinds == {
        "title": "text",
        "price": "numeric",
        "brand": "categorical",
    }
    assert (summary.n_rows, summary.n_sampled) == (60, 40)
    assert "60 rows, 3 columns (40 rows sampled)" in repr(summary)


def test_vocabulary_has_the_words_of_all_rows():
    summary = summarize_data(TABLE, max_rows=10)
    assert len(summary.columns["title"].vocabulary.hashes) == 62


def test_parts_have_the_same_summary_as_the_table():
    parts = (TABLE.iloc[start : start + 7] for start in range(0, 60, 7))
    kinds = {"title": "text", "price": "numeric", "brand": "categorical"}
    found = summarize_data(parts, columns=kinds, max_rows=20)
    expected = summarize_data(TABLE, columns=kinds, max_rows=20)
    for name in ("title", "price"):
        found_arrays = vars(found.columns[name]).values()
        expected_arrays = vars(expected.columns[name]).values()
        for one, other in zip(found_arrays, expected_arrays, strict=True):
            if isinstance(one, np.ndarray):
                np.testing.assert_array_equal(one, other)
    assert found.columns["brand"] == expected.columns["brand"]


def test_summary_contains_no_text():
    data = pickle.dumps(summarize_data(TABLE, columns=["title"]))
    assert b"mug" not in data
    assert len(data) < 10_000


def test_random_state_instance_is_advanced():
    state = np.random.RandomState(0)
    first = summarize_data(TABLE, max_rows=20, random_state=state)
    second = summarize_data(TABLE, max_rows=20, random_state=state)
    prices = [s.columns["price"].values.tolist() for s in (first, second)]
    assert prices[0] != prices[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["colour"]}, "has no column 'colour'; it has 'title'"),
        (
            {"columns": {"title": "texts"}},
            "`columns` has the kind 'texts'",
        ),
        ({"proba": np.ones((60, 2))}, "`proba` needs `model`"),
        ({"review_threshold": 0.5}, "`review_threshold` needs `model`"),
        ({"max_rows": 1}, "The 'max_rows' parameter"),
    ],
)
def test_arguments_are_validated(options, message):
    with pytest.raises(ValueError, match=message):
        summarize_data(TABLE, **options)


def test_table_without_rows_raises():
    with pytest.raises(ValueError, match="`X` has no rows"):
        summarize_data(TABLE.iloc[:0])


def test_columns_in_common():
    assert common_columns(TABLE, TABLE[["brand", "price"]], None) == ["price", "brand"]
    with pytest.raises(ValueError, match="no column in common"):
        common_columns(TABLE, pd.DataFrame({"x": [1]}), None)
