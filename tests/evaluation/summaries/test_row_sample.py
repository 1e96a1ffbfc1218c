import numpy as np
import pandas as pd
import pytest

from amzest.evaluation._summaries._row_sample import RowSample, read_parts

TABLE = pd.DataFrame({"number": np.arange(1000), "text": ["a", None] * 500})


def sampled(parts, max_rows=50):
    sample = RowSample(max_rows, np.random.default_rng(0))
    for part in parts:
        sample.add(part)
    return sample


def test_sample_does_not_depend_on_the_parts():
    whole = sampled([TABLE])
    parts = sampled([TABLE.iloc[:7], TABLE.iloc[7:400], TABLE.iloc[400:]])
    assert whole.rows.tolist() == parts.rows.tolist() == sorted(whole.rows)
    assert whole.frame["number"].tolist() == whole.rows.tolist()
    assert parts.frame["number"].tolist() == whole.rows.tolist()
    assert (whole.n_rows, len(whole.frame)) == (1000, 50)


def test_sample_is_uniform():
    hits = np.zeros(100)
    for seed in range(100):
        sample = RowSample(20, np.random.default_rng(seed))
        for start in range(0, 100, 10):
            sample.add(TABLE.iloc[start : start + 10])
        hits[sample.rows] += 1
    # Each row is in 20 samples of 100 on average, with a standard deviation of 4.
    assert (abs(hits - 20) < 17).all()


def test_small_table_is_kept():
    assert sampled([TABLE], max_rows=5000).frame.equals(TABLE)


def test_parts_of_different_dtypes():
    parts = [pd.DataFrame({"x": [np.nan]}), pd.DataFrame({"x": ["mug"]})]
    assert sampled(parts).frame["x"].tolist()[1] == "mug"


def test_parts_with_other_columns_raise():
    with pytest.raises(ValueError, match="must have the same columns"):
        sampled([TABLE, TABLE[["text"]]])


@pytest.mark.parametrize(
    "X", [["a", "b"], pd.Series(["a", "b"], name="t"), np.array(["a", "b"])]
)
def test_lists_and_columns_are_tables_of_one_column(X):
    (part,) = read_parts(X, "X")
    assert part.iloc[:, 0].tolist() == ["a", "b"]


def test_tables_of_other_libraries_and_iterators():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"a": ["x", None]})
    (part,) = read_parts(iter([table]), "X")
    assert part["a"].isna().tolist() == [False, True]


def test_no_table_raises():
    with pytest.raises(TypeError, match="`new` is a int; expected a table"):
        list(read_parts(3, "new"))
