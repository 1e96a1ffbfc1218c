"""Constraints for `validate_params` that several functions share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, RealNotInt


class NumberInterval(Interval):
    """An interval that does not contain True and False, which Interval accepts."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value is a number of the interval."""
        is_bool = isinstance(val, bool | np.bool_)
        return not is_bool and bool(super().is_satisfied_by(val))


POSITIVE_INTEGER = NumberInterval(Integral, 1, None, closed="left")
NON_NEGATIVE_INTEGER = NumberInterval(Integral, 0, None, closed="left")
#: Jaccard similarity of near-duplicates. The set join is exact from 0.5 on only.
SIMILARITY = NumberInterval(Real, 0.5, 1, closed="both")
#: As `test_size` of train_test_split: a fraction, or a number of rows.
TEST_SIZE = [Interval(RealNotInt, 0, 1, closed="neither"), POSITIVE_INTEGER]
