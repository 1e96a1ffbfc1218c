"""balance_products: equal numbers of products, sampled uniformly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from amzest.datasets._splitting._balance_products import balance_products, balance_rows


@pytest.fixture
def frame():
    categories = [*"aabacabaabbc"]
    return pd.DataFrame({"category": categories}, index=range(100, 112))


def test_number_of_each(frame):
    chosen = balance_products(frame, 2, random_state=0)
    assert chosen["category"].value_counts().to_dict() == {"a": 2, "b": 2, "c": 2}
    assert chosen.index.is_monotonic_increasing
    assert chosen.index.is_unique
    assert chosen["category"].equals(frame.loc[chosen.index, "category"])


def test_smallest(frame):
    chosen = balance_products(frame, "smallest", random_state=0)
    assert chosen["category"].value_counts().to_dict() == {"a": 2, "b": 2, "c": 2}


def test_too_few(frame):
    match = (
        r"`category` has 1 category with fewer than 3 rows: 'c' \(2 rows\)\. Lower "
        "n_per_category to 2"
    )
    with pytest.raises(ValueError, match=match):
        balance_products(frame, 3)
    kept = balance_products(frame, 3, on_few="keep")
    assert kept["category"].value_counts().to_dict() == {"a": 3, "b": 3, "c": 2}
    dropped = balance_products(frame, 3, on_few="drop")
    assert dropped["category"].value_counts().to_dict() == {"a": 3, "b": 3}
    with pytest.raises(ValueError, match="no category of `category` is left"):
        balance_products(frame, 99, on_few="drop")


def test_random_state(frame):
    before = np.random.get_state()[1].copy()
    one, again = (balance_products(frame, 2, 5).index.tolist() for _ in range(2))
    assert one == again
    samples = {tuple(balance_products(frame, 2).index) for _ in range(10)}
    assert len(samples) > 1
    state = np.random.RandomState(0)
    samples = {tuple(balance_products(frame, 2, state).index) for _ in range(10)}
    assert len(samples) > 1
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_each_row_has_the_same_probability():
    categories = ["a"] * 10 + ["b"] * 4
    state = np.random.RandomState(0)
    counts = np.zeros(14)
    for _ in range(2000):
        counts[balance_rows(categories, 2, state)] += 1
    np.testing.assert_allclose(counts / 2000, [0.2] * 10 + [0.5] * 4, atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"n_per_category": 0}, ValueError, r"'n_per_category' .* an int .*\. Got 0"),
        ({"n_per_category": "most"}, ValueError, r"\{'smallest'\} .*\. Got 'most'"),
        ({"n_per_category": 1.5}, TypeError, r"an int in the range .*\. Got 1\.5"),
        ({"n_per_category": True}, TypeError, r"an int in the range .*\. Got True"),
        ({"on_few": "ignore"}, ValueError, "'on_few' parameter .* Got 'ignore'"),
        ({"category_column": "kind"}, ValueError, "no column 'kind'"),
        ({"random_state": "x"}, TypeError, "'random_state' parameter .* Got 'x'"),
    ],
)
def test_wrong_arguments(frame, arguments, error, match):
    with pytest.raises(error, match=match):
        balance_products(frame, **{"n_per_category": 1, **arguments})


def test_missing_category(frame):
    frame.loc[103, "category"] = None
    with pytest.raises(ValueError, match="`category` is missing in 1 row: row 3"):
        balance_products(frame, 1)
