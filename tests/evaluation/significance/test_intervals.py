import numpy as np

from amzest.evaluation._significance._intervals import wilson_interval


def test_wilson_interval_equals_published_values():
    # Newcombe (1998), table I, method 3.
    low, high = wilson_interval([81, 15, 0, 1, 0], [263, 148, 20, 29, 0])
    np.testing.assert_allclose(low[:4], [0.2553, 0.0624, 0, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high[:4], [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)
    assert np.isnan([low[4], high[4]]).all()
