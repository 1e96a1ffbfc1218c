"""Which words have a row of their own."""

import numpy as np
import pytest

from amzest.text._vocabulary import learn_vocabulary

ROWS = [["red", "mug"], ["mug", "mug"], [], ["lamp"]]


def test_words_are_numbered_in_alphabetical_order():
    vocabulary = learn_vocabulary(ROWS, np.ones(4), 1)
    assert vocabulary == {"lamp": 0, "mug": 1, "red": 2}
    assert list(vocabulary) == ["lamp", "mug", "red"]
    assert learn_vocabulary(ROWS[::-1], np.ones(4), 1) == vocabulary


@pytest.mark.parametrize(
    ("min_count", "known"), [(1, ["lamp", "mug", "red"]), (2, ["mug"]), (4, [])]
)
def test_words_that_are_too_rare_have_none(min_count, known):
    assert list(learn_vocabulary(ROWS, np.ones(4), min_count)) == known


def test_weights_count_as_repetition():
    weights = np.array([1.0, 2.0, 5.0, 3.0])
    repeated = [ROWS[0], *[ROWS[1]] * 2, *[ROWS[3]] * 3]
    for min_count in range(1, 7):
        assert learn_vocabulary(ROWS, weights, min_count) == learn_vocabulary(
            repeated, np.ones(6), min_count
        )


def test_no_words():
    assert learn_vocabulary([[], []], np.ones(2), 1) == {}
