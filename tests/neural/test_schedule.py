"""The learning rate climbs, then falls to nothing."""

import numpy as np
import pytest

from amzest.neural._schedule import learning_rate_schedule


@pytest.mark.parametrize("n_steps", [1, 2, 10, 1000])
def test_schedule_reaches_its_peak_and_stays_positive(n_steps):
    rates = learning_rate_schedule(0.01, n_steps)
    assert rates.shape == (n_steps,)
    assert rates.max() == pytest.approx(0.01)
    assert (rates > 0).all()


def test_schedule_ends_near_zero():
    rates = learning_rate_schedule(1.0, 1000)
    assert rates.argmax() == 99
    assert (np.diff(rates[99:]) < 0).all()
    assert rates[-1] < 1e-4
