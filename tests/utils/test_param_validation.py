"""Parameters validated by constraints, with short messages."""

import inspect
from numbers import Integral

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, InvalidParameterError, StrOptions

from amzest.utils import Counts, ParameterValidationMixin, validate_params

CONSTRAINTS = {
    "n_bins": [Interval(Integral, 1, None, closed="left")],
    "kind": [StrOptions({"scores", "overlap"}), None],
}


@pytest.mark.parametrize("value", [[8], (16, 8), np.array([24]), [np.int32(8)]])
def test_valid_counts(value):
    assert Counts(multiple_of=8).is_satisfied_by(value)


@pytest.mark.parametrize(
    "value", [[], [12], [0], [-8], [8.0], [True], "8", 8, None, {8: 8}, [[8]]]
)
def test_invalid_counts(value):
    assert not Counts(multiple_of=8).is_satisfied_by(value)
    assert str(Counts(8)).endswith("positive integers that are multiples of 8")


@validate_params(CONSTRAINTS)
def plot(table, n_bins=10, *, kind=None):
    """Plot."""
    return table, n_bins, kind


class Plotter(ParameterValidationMixin, BaseEstimator):
    _parameter_constraints = CONSTRAINTS

    def __init__(self, table=None, n_bins=10, kind=None):
        self.table = table
        self.n_bins = n_bins
        self.kind = kind


def test_valid_arguments_reach_the_function():
    assert plot("any", 3, kind="scores") == ("any", 3, "scores")
    assert list(inspect.signature(plot).parameters) == ["table", "n_bins", "kind"]
    Plotter(table=object())._validate_params()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_bins": 0}, r"'n_bins' parameter of .*lot.* must be an int in the range"),
        ({"n_bins": 2.0}, r"Got 2\.0 instead"),
        ({"kind": "bars"}, r"'kind' .* among {.*'overlap'.*}.* Got 'bars'"),
        ({"kind": "x" * 10_000_000}, r"Got 'xxx"),
    ],
)
def test_invalid_values_are_named_and_shortened(arguments, message):
    for call in (
        lambda: plot("any", **arguments),
        lambda: Plotter(**arguments)._validate_params(),
    ):
        with pytest.raises(InvalidParameterError, match=message) as caught:
            call()
        assert isinstance(caught.value, ValueError | TypeError)
        assert len(str(caught.value)) < 400
