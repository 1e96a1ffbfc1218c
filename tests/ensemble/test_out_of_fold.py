"""Out-of-fold predictions of some members and samples."""

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


def test_selecting_members_and_samples():
    rows = OutOfFold.of(CROSSFIT, ["b"]).take(np.array([0, 3]))
    assert len(rows.probas) == len(rows.presences) == 1
    np.testing.assert_array_equal(rows.probas[0], 2 * np.eye(4)[[0, 3]])
    assert rows.presences[0].tolist() == [False, True]
    assert rows.codes.tolist() == [0, 3]
    assert rows.fold.tolist() == [1, 0]


def test_samples_of_weight_zero_are_not_learnt_from():
    rows = OutOfFold.of(CROSSFIT)
    assert rows.weighted() is rows
    weights = np.array([0.0, 1.0, 2.0, 0.0])
    weighted = OutOfFold.of(SimpleNamespace(**vars(CROSSFIT), sample_weight_=weights))
    assert weighted.weighted().codes.tolist() == [1, 2]
    assert weighted.weighted().sample_weight.tolist() == [1.0, 2.0]
