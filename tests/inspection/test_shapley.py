import numpy as np
import pytest

from amzest.inspection._shapley import shapley_values

WEIGHTS = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])


def additive(mask):
    return 10 + mask @ WEIGHTS


def interacting(mask):
    return np.array([float(mask[0] and mask[1]) + mask[2]])


@pytest.mark.parametrize("max_exact", [3, 2])
def test_players_of_an_additive_game_get_what_they_add(max_exact):
    assert shapley_values(additive, 3, max_exact) == pytest.approx(WEIGHTS)


def test_players_share_what_only_both_of_them_add():
    assert shapley_values(interacting, 3, 3)[:, 0] == pytest.approx([0.5, 0.5, 1.0])
