import numpy as np
import pytest
from sklearn.model_selection import KFold

from amzest.automl._folds import make_folds, warn_of_small_classes

TARGETS = np.repeat([0, 1, 2], [20, 5, 1])
LABELS = np.array(["a", "b", "c"])[TARGETS]


def test_each_row_is_tested_once_whatever_the_size_of_its_class():
    folds = make_folds(10, LABELS, TARGETS, None, 0)
    tested = np.concatenate([test for _, test in folds])
    assert sorted(tested) == list(range(26))
    assert len(folds) == 10
    assert len(make_folds(50, LABELS, TARGETS, None, 0)) == 20
    assert len(make_folds(10, LABELS, TARGETS, None, 0, 3)) == 3
    assert len(make_folds(KFold(4), LABELS, TARGETS, None, 0, 3)) == 4


def test_groups_stay_together():
    groups = np.arange(26) // 2
    for train, test in make_folds(3, LABELS, TARGETS, groups, 0):
        assert not set(groups[train]) & set(groups[test])


def test_small_classes_are_named():
    with pytest.warns(UserWarning, match=r"6 folds in 2 categories: 'b' \(5\), 'c'"):
        warn_of_small_classes(np.array(["a", "b", "c"]), TARGETS, 6)
