from decimal import Decimal

import pandas as pd
import pytest

from amzest.evaluation._summaries._value_columns import (
    align_counts,
    summarize_categories,
    summarize_numbers,
    summarize_presence,
)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([1.5, None]), [1.5]),
        (pd.Series([1, None], dtype="Int64"), [1]),
        (pd.Series([Decimal("0.5"), None], dtype=object), [0.5]),
        (pd.Series(pd.to_datetime(["1970-01-02", None])), [86400]),
        (pd.Series(pd.to_datetime(["1970-01-02"], utc=True)), [86400]),
        (pd.Series(pd.to_timedelta(["1min", None])), [60]),
    ],
    ids=str,
)
def test_numbers(column, values):
    found = summarize_numbers(column)
    assert found.values.tolist() == values
    assert found.n_missing == len(column) - len(values)


def test_texts_are_not_numbers():
    with pytest.raises(TypeError, match="'price' has cells that are not numbers"):
        summarize_numbers(pd.Series(["a"], name="price"))


def test_categories_are_counted():
    found = summarize_categories(pd.Series(["a", "b", "a", None, " "]))
    assert found.counts == {"a": 2, "b": 1}
    assert found.n_missing == 2
    with pytest.raises(TypeError, match="cannot be categories"):
        summarize_categories(pd.Series([["a"], ["b"]]))


def test_only_missing_cells_are_counted():
    found = summarize_presence(pd.Series([["a"], None], dtype=object))
    assert (found.n_rows, found.n_missing) == (2, 1)


def test_counts_are_aligned():
    first, second = align_counts({"a": 1, "b": 2}, {"b": 3, "c": 4})
    assert first.tolist() == [1, 2, 0]
    assert second.tolist() == [0, 3, 4]
