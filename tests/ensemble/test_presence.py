"""Which samples are missing, according to their cells or to the network itself."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.ensemble._presence import predict_with_presence, row_presence


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (["a", "", "  ", None, "b"], [1, 0, 0, 0, 1]),
        (pd.Series(["a", None, float("nan"), pd.NA]), [1, 0, 0, 0]),
        (pd.DataFrame({"a": ["x", None, " "], "b": [None, None, "y"]}), [1, 0, 1]),
        ([["a", None], [None, ""]], [1, 0]),
        (["http://x/no-img-sm._CB1_.gif", "http://x/a.jpg"], [0, 1]),
        ([b"", b"x"], [0, 1]),
        (np.array([[1.0, np.nan], [np.nan, np.nan]]), [1, 0]),
        (np.zeros((2, 3), dtype=np.uint8), [1, 1]),
        (np.zeros((2, 4, 4, 3)), [1, 1]),
        (sparse.csr_array(np.zeros((2, 3))), [1, 1]),
        (pd.DataFrame({"a": [1.5, np.nan]}), [1, 0]),
    ],
)
def test_row_presence(X, expected):
    assert row_presence(X).astype(int).tolist() == expected


def test_only_columns_of_the_selector_in_front_count():
    frame = pd.DataFrame({"a": ["x", None], "b": [None, "y"]})
    classes = np.array(["m", "n"])
    for column, expected in (("a", [True, False]), (["b"], [False, True])):
        member = make_pipeline(ColumnSelector(column), DummyClassifier())
        member.fit(frame, classes)
        assert predict_with_presence(member, frame, classes)[1].tolist() == expected


def test_network_at_the_end_of_a_pipeline_decides_itself():
    frame = pd.DataFrame({"title": ["red mug", "desk lamp"] * 10})
    network = TextCNNClassifier(
        n_filters=8, embedding_size=8, n_buckets=512, max_epochs=2, random_state=0
    )
    member = make_pipeline(ColumnSelector("title"), network)
    member.fit(frame, ["mug", "lamp"] * 10)
    new = pd.DataFrame({"title": ["blue mug", None, "!?"]})
    proba, present = predict_with_presence(member, new, member.classes_)
    np.testing.assert_array_equal(proba, member.predict_proba(new))
    assert present.tolist() == [True, False, bool(present[2])]
    np.testing.assert_allclose(proba[1], [0.5, 0.5])


def test_class_not_seen_by_a_member_has_probability_0():
    member = DummyClassifier().fit([[0], [1]], ["a", "c"])
    proba, _ = predict_with_presence(
        member, np.zeros((1, 1)), np.array(["a", "b", "c"])
    )
    assert proba.tolist() == [[0.5, 0.0, 0.5]]
