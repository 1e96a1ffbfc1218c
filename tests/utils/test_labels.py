"""Labels and weights are checked before anything is trained."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.exceptions import DataConversionWarning

from amzest.utils._label_values import partial_label_values
from amzest.utils._labels import apply_class_weight, encode_labels, row_weights


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


def arrow(values, kind):
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


BIG = [2**53, 2**53 + 1]


@pytest.mark.parametrize(
    ("labels", "classes", "dtype"),
    [
        (pd.Series([2, 1], dtype="Int64"), [1, 2], np.int64),
        (pd.Series([2, 1], dtype="UInt8"), [1, 2], np.int64),
        (pd.Series(BIG, dtype="Int64"), BIG, np.int64),
        (pd.Series([True, False], dtype="boolean"), [False, True], bool),
        (pd.Series(["b", "a"], dtype="string[pyarrow]"), ["a", "b"], object),
        (arrow([9, 7], pa.int64()), [7, 9], np.int64),
        (arrow(BIG, pa.int64()), BIG, np.int64),
        (arrow([2**64 - 1, 1], pa.uint64()), [1, 2**64 - 1], np.uint64),
        (arrow([True, False], pa.bool_()), [False, True], bool),
        (arrow(["b", "a"], pa.large_string()), ["a", "b"], object),
        (
            arrow(["b", "a"], pa.dictionary(pa.int32(), pa.string())),
            ["a", "b"],
            object,
        ),
        (pa.array([2, 1]), [1, 2], np.int64),
        (pa.chunked_array([["b"], ["a"]]), ["a", "b"], object),
        (pa.array(["b", "a"]).dictionary_encode(), ["a", "b"], object),
        (pd.Categorical(["b", "a"], categories=["a", "b", "c"]), ["a", "b"], object),
        (pd.Categorical([3, 1]), [1, 3], np.int64),
        (pd.Categorical([True, False]), [False, True], bool),
        (np.array(["b", "a"], dtype=np.dtypes.StringDType()), ["a", "b"], object),
        (np.array(["b", np.str_("a"), "a"], dtype=object), ["a", "b"], object),
        (["b", np.str_("a")], ["a", "b"], object),
        (np.array([1, np.int64(0), np.int8(0)], dtype=object), [0, 1], np.int64),
        (np.array([True, np.bool_(False)], dtype=object), [False, True], bool),
        ([1.0, np.float32(2.0)], [1.0, 2.0], np.float64),
        (np.array([2, 1], dtype=np.uint8), [1, 2], np.uint8),
        ([2**63, 1], [1, 2**63], np.uint64),
        ([-1, 2**63], [-1, 2**63], object),
        ([2**70, 3], [3, 2**70], object),
        (range(2), [0, 1], np.int64),
        (("b", "a"), ["a", "b"], "<U1"),
        (pd.Index(["b", "a"]), ["a", "b"], object),
    ],
)
def test_labels_keep_their_values(labels, classes, dtype):
    found, targets = encode_labels(labels)
    assert found.tolist() == classes
    assert found.dtype == dtype
    assert found[targets].tolist() == list(np.asarray(labels, dtype=object))


@pytest.mark.parametrize("kind", ["Series", "DataFrame"])
def test_polars_labels(kind):
    polars = pytest.importorskip("polars")
    y = polars.Series("y", BIG)
    if kind == "Series":
        assert encode_labels(y)[0].tolist() == BIG
    else:
        with pytest.warns(DataConversionWarning):
            assert encode_labels(y.to_frame())[0].tolist() == BIG


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"y": pd.array(BIG, dtype="Int64")}),
        pa.table({"y": BIG}),
        np.array(BIG)[:, None],
        [[label] for label in BIG],
    ],
)
def test_one_column_is_taken_with_a_warning(table):
    with pytest.warns(DataConversionWarning):
        assert encode_labels(table)[0].tolist() == BIG


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([float("nan"), "shoes"], "no label in row 0"),
        (["shoes", None, "hats", pd.NaT], "no label in rows 1, 3"),
        (pd.Series([1, None, 2], dtype="Int64"), "no label in row 1"),
        (arrow(["a", None], pa.string()), "no label in row 1"),
        (pa.array([1, None]), "no label in row 1"),
        (pd.Categorical(["a", None]), "no label in row 1"),
        (np.ma.array([1, 2, 1], mask=[0, 0, 1]), "no label in row 2"),
        (
            [1, "shoes"],
            r"different types \(int, str\): int in row 0 \(1\), str in row 1 "
            r"\('shoes'\)",
        ),
        (["a", "b", True], r"bool in row 2 \(True\), str in row 0"),
        ([True, 1], r"\(bool, int\)"),
        ([1, 1.5], r"\(float, int\)"),
        (["a", ["b"]], r"\(list, str\)"),
        (["a", b"b"], r"\(bytes, str\)"),
        ([b"a", b"b"], "labels of type bytes"),
        (np.array([b"a", b"b"]), "labels of type bytes"),
        ([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], "labels of type date"),
        (pd.Series(pd.to_datetime(["2020", "2021"])), "labels of type datetime64"),
        ([{"a": 1}, {"b": 1}], "labels of type dict"),
        ([["a"], ["b", "c"]], "labels of type list"),
        ([{1}, {2}], "labels of type set"),
        ([1j, 2j], "labels of type complex"),
        ([("a", 1), ("b", 2)], r"1d array of labels, got an array of shape \(2, 2\)"),
        (pd.DataFrame({"a": [1, 2], "b": [1, 2]}), "a table with 2 columns"),
        ([0.5, float("inf")], "infinity in row 1"),
        ([], "0 sample"),
        (None, "the target y is None"),
    ],
)
def test_what_is_no_label_is_named(labels, message):
    with pytest.raises(ValueError, match=message):
        encode_labels(labels)


@pytest.mark.parametrize(
    "labels", [{"a", "b"}, {"a": 1}, (c for c in "ab"), "ab", 5, {"a": 1}.keys()]
)
def test_what_is_no_sequence_of_labels_is_refused(labels):
    with pytest.raises(TypeError, match="`y` must be a list, an array or a column"):
        encode_labels(labels)


def test_a_long_label_makes_no_long_message():
    with pytest.raises(ValueError, match="mixes") as caught:
        encode_labels(["a" * 10**6, 1])
    assert len(str(caught.value)) < 500


TARGETS, SHOPS = np.array([0, 1, 1]), np.array(["garden", "shoes"])


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"hats": 3}, r"names 'hats', which `y` does not have.*'garden', 'shoes'"),
        ({"hats": 3, "shoes": 2}, "names 'hats'"),
        ({"shoes": -1}, r"weight -1 for the class 'shoes'"),
        ({"shoes": float("nan")}, "weight nan for the class 'shoes'"),
        ({"shoes": float("inf")}, "weight inf"),
        ({"shoes": "2"}, "weight '2'"),
        ({"shoes": None}, "weight None"),
        ({"shoes": True}, "weight True"),
        ({"shoes": 0, "garden": 0}, "leaves no class"),
        ({"shoes": 0}, r"leaves one class \('garden'\)"),
        ({"shoes": 1e308}, "too large for a float"),
    ],
)
def test_class_weight_that_cannot_be_used_is_named(class_weight, message):
    with pytest.raises(ValueError, match=message):
        apply_class_weight(np.ones(3), class_weight, TARGETS, SHOPS)


@pytest.mark.parametrize(
    ("class_weight", "classes", "hint"),
    [
        ({"1": 2}, np.array([0, 1]), "Write 1 in place of '1'"),
        ({1: 2}, np.array(["0", "1"]), "Write '1' in place of 1"),
        ({"True": 2}, np.array([False, True]), "Write True in place of 'True'"),
    ],
)
def test_class_weight_of_another_type_is_explained(class_weight, classes, hint):
    with pytest.raises(ValueError, match=hint):
        apply_class_weight(np.ones(3), class_weight, TARGETS, classes)


def test_class_weight_may_name_more_classes_than_a_fold_has():
    weights = apply_class_weight(
        np.ones(3), {"garden": 3, "shoes": 1, "hats": 9}, TARGETS, SHOPS
    )
    assert weights.tolist() == [3, 1, 1]
    assert apply_class_weight(np.ones(3), {"garden": 3}, TARGETS, SHOPS).tolist() == [
        3,
        1,
        1,
    ]


def test_weights_that_overflow_are_refused():
    with pytest.raises(ValueError, match="too large for a float"):
        row_weights([0] * 3, TARGETS, SHOPS, [1e308] * 3)


@pytest.mark.parametrize(
    "y",
    [
        ["a", None, "b", np.nan],
        pd.Series(["a", None, "b", pd.NA]),
        pd.Series(["a", None, "b", None], dtype="category"),
        pd.Series(["a", None, "b", None], dtype="string"),
        np.array([["a"], [None], ["b"], [None]], dtype=object),
        np.ma.array(["a", "x", "b", "x"], mask=[0, 1, 0, 1]),
    ],
)
def test_labels_of_some_rows(y):
    values, labelled = partial_label_values(y)
    assert values.tolist() == ["a", "b"]
    assert labelled.tolist() == [True, False, True, False]


def test_labels_of_all_and_of_no_rows():
    assert partial_label_values([3, 5])[0].tolist() == [3, 5]
    values, labelled = partial_label_values([None, np.nan])
    assert len(values) == 0
    assert not labelled.any()


def test_labels_of_some_rows_are_validated():
    with pytest.raises(ValueError, match="mixes labels"):
        partial_label_values(["a", None, 3])
    with pytest.raises(ValueError, match="1d array"):
        partial_label_values(np.array([["a", None], ["b", "c"]], dtype=object))
    with pytest.raises(TypeError, match="must be a list"):
        partial_label_values("abc")


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b", "c"],
        np.array([3, 1, 3], dtype=np.int8),
        [True, False],
        [2.0, 1.0],
        [2**70, 1],
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["categorical", "series", "index"])
def test_codes_of_categories_give_the_same_as_labels(labels, kind):
    y = pd.Categorical(labels)
    # Categories that do not occur, in another order.
    y = y.set_categories([labels[0] * 2, *y.categories[::-1]])
    y = {"categorical": y, "series": pd.Series(y), "index": pd.CategoricalIndex(y)}[
        kind
    ]
    found, codes = encode_labels(y)
    expected, targets = encode_labels(pd.Series(list(labels), dtype=object))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(codes, targets)
    assert codes.dtype == np.int64


def test_categorical_labels_are_validated():
    with pytest.raises(ValueError, match="no label in row 1 "):
        encode_labels(pd.Categorical(["a", None, "b"]))
    with pytest.raises(ValueError, match="only one class"):
        encode_labels(pd.Categorical(["a", "a"], categories=["a", "b"]))
    with pytest.raises(ValueError, match="mixes labels of different types"):
        encode_labels(pd.Categorical(["a", 1, "a"]))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        encode_labels(pd.Categorical([0.5, 1.5]))
