"""Errors of arguments have their names."""

import numpy as np
import pytest

from amzest.utils import check_choice, check_integer


def test_choice():
    check_choice("mode", None, ("a", None))
    with pytest.raises(ValueError, match="`mode` must be one of 'a', None, got 'b'"):
        check_choice("mode", "b", ("a", None))


@pytest.mark.parametrize("value", [1.0, "1", True, None])
def test_values_of_other_types_than_int(value):
    with pytest.raises(TypeError, match="`n` must be an int"):
        check_integer("n", value, 0)


def test_integer_out_of_range():
    check_integer("n", np.int64(3), 3, 3)
    with pytest.raises(ValueError, match="`n` must be at least 1, got 0"):
        check_integer("n", 0, 1)
    with pytest.raises(ValueError, match="`n` must be from 1 to 5, got 6"):
        check_integer("n", 6, 1, 5)
