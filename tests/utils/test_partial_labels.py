"""Labels of a part of the training samples."""

import numpy as np
import pytest

from amzest.utils import encode_partial_labels, positions_of


@pytest.mark.parametrize(
    ("known", "y", "classes"),
    [
        (["a", "c"], ["b", "c"], ["c", "b", "a"]),
        ([3, 20], [7], [20, 7, 3, 3]),
        ([3.5, 4.5], [1.5, 3.5], [4.5, 3.5, 1.5]),
    ],
)
def test_classes_are_added_in_sorted_order(known, y, classes):
    known = np.array(known)
    joined, codes = encode_partial_labels(y, classes, known)
    assert joined.tolist() == sorted(set(classes))
    assert joined[codes].tolist() == y
    assert joined[positions_of(known, joined)].tolist() == known.tolist()


def test_later_calls_need_no_classes():
    joined, codes = encode_partial_labels(["c"], None, np.array(["a", "c"]))
    assert joined.tolist() == ["a", "c"]
    assert codes.tolist() == [1]


def test_labels_of_another_type_are_named():
    with pytest.raises(ValueError, match=r"label 1 in rows 0, 1.*none of the 2"):
        encode_partial_labels([1, 2], None, np.array(["1", "2"]))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (None, "classes must be passed on the first call to partial_fit"),
        (["a"], "`classes` holds only 1 class"),
        (["a", None], "`classes` has no label in row 1"),
    ],
)
def test_classes_of_the_first_call(classes, message):
    with pytest.raises(ValueError, match=message):
        encode_partial_labels(["a", "a"], classes, None)
