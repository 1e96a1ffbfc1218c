"""Labels and weights are checked before anything is trained."""

import numpy as np
import pandas as pd
import pytest

from amzest.neural._labels import apply_class_weight, encode_labels, row_weights


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([7, 3, 7], [3, 7]),
        ([True, False, True], [False, True]),
        (pd.Series(["b", "a", "b"], dtype="category"), ["a", "b"]),
        (pd.Series(["b", "a", "b"], dtype="string"), ["a", "b"]),
    ],
)
def test_classes_are_sorted_and_of_the_type_given(labels, classes):
    found, targets = encode_labels(labels)
    assert found.tolist() == classes
    assert [type(label) for label in found.tolist()] == [type(c) for c in classes]
    assert targets.tolist() == [1, 0, 1]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_missing_label_is_named_by_row(missing):
    y = pd.Series(["a", "b", missing, "a", missing], dtype=object)
    with pytest.raises(ValueError, match=r"`y` has no label in rows 2, 4"):
        encode_labels(y)


def test_one_class_is_refused_by_name():
    with pytest.raises(ValueError, match=r"only one class \('a'\)"):
        encode_labels(["a", "a"])


def test_mixed_types_are_refused_by_name():
    with pytest.raises(ValueError, match=r"int, str"):
        encode_labels(np.array(["a", 1], dtype=object))


def test_continuous_labels_are_refused():
    with pytest.raises(ValueError, match="continuous"):
        encode_labels([0.1, 0.25, 0.4])


def test_weights_that_leave_one_class_are_refused():
    classes, targets = np.array(["a", "b"]), np.array([0, 1, 0])
    with pytest.raises(ValueError, match=r"one class \('a'\)"):
        row_weights([0, 0, 0], targets, classes, [1, 0, 1])
    with pytest.raises(ValueError, match="non-zero"):
        row_weights([0, 0, 0], targets, classes, [0, 0, 0])


def test_negative_weight_is_refused():
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        row_weights([0, 0], np.array([0, 1]), np.array(["a", "b"]), [1, -1])


def test_balanced_counts_weights_as_repetition():
    targets, classes = np.array([0, 0, 1]), np.array(["a", "b"])
    weights = np.array([1.0, 2.0, 1.0])
    balanced = apply_class_weight(weights, "balanced", targets, classes)
    repeated = apply_class_weight(
        np.ones(4), "balanced", np.array([0, 0, 0, 1]), classes
    )
    assert balanced.sum() == pytest.approx(repeated.sum())
    assert balanced[:2].sum() == pytest.approx(balanced[2])
