"""Seeds come from one place and leave the global generators alone."""

import numpy as np

from amzest.utils import PURPOSES, draw_seeds


def test_same_state_same_seeds():
    assert draw_seeds(3) == draw_seeds(3) != draw_seeds(4)
    first, second = (draw_seeds(np.random.RandomState(0)) for _ in range(2))
    assert first == second


def test_a_random_state_instance_is_advanced():
    state = np.random.RandomState(0)
    assert draw_seeds(state) != draw_seeds(state)


def test_purposes_get_seeds_of_their_own_within_31_bits():
    seeds = draw_seeds(0)
    assert tuple(seeds) == PURPOSES
    assert len(set(seeds.values())) == len(PURPOSES)
    assert all(0 <= seed < 2**31 for seed in seeds.values())


def test_none_leaves_the_global_generator_as_it_was():
    before = np.random.get_state()[1].copy()
    assert draw_seeds(None) != draw_seeds(None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
