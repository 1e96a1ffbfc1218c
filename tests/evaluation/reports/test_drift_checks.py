import numpy as np
import pytest

from amzest.evaluation._reports._drift_checks import Check, checks_as_frame
from amzest.evaluation._significance._two_sample_tests import Difference


def check(p_value, effect, name="missing"):
    return Check("x", "text", name, 0.1, 0.2, Difference("test", 1.0, p_value, effect))


def test_drift_is_significant_and_large():
    checks = [check(0.001, 0.5), check(0.001, 0.05), check(0.02, 0.5), check(0.5, 0.9)]
    table = checks_as_frame(checks, 0.95, 0.1)
    assert table["p_corrected"].tolist() == pytest.approx([0.004, 0.004, 0.04, 0.5])
    assert table["drift"].tolist() == [True, False, True, False]


def test_unknown_p_values_are_not_counted():
    table = checks_as_frame([check(0.04, 0.5), check(np.nan, np.nan)], 0.95, 0.1)
    assert table["p_corrected"].tolist() == pytest.approx([0.04, np.nan], nan_ok=True)
    assert table["drift"].tolist() == [True, False]
