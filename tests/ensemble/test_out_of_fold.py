"""Rows of all members, taken by fold."""

from types import SimpleNamespace

import numpy as np

from amzest.ensemble._out_of_fold import OutOfFold

CROSSFIT = SimpleNamespace(
    names_=["a", "b"],
    oof_proba_={"a": np.eye(4), "b": 2 * np.eye(4)},
    oof_present_={"a": np.ones(4, dtype=bool), "b": np.arange(4) > 0},
    y_=np.arange(4),
    fold_=np.array([1, 0, 1, 0]),
)


def test_folds_are_disjoint_and_complete():
    folds = list(OutOfFold.of(CROSSFIT).folds())
    assert [test.tolist() for _, test in folds] == [[1, 3], [0, 2]]
    assert [train.tolist() for train, _ in folds] == [[0, 2], [1, 3]]


def test_members_and_rows_are_taken():
    rows = OutOfFold.of(CROSSFIT, ["b"]).take(np.array([0, 3]))
    assert len(rows.probas) == len(rows.presences) == 1
    np.testing.assert_array_equal(rows.probas[0], 2 * np.eye(4)[[0, 3]])
    assert rows.presences[0].tolist() == [False, True]
    assert rows.codes.tolist() == [0, 3]
    assert rows.fold.tolist() == [1, 0]
