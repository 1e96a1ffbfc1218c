"""Words of the vocabulary."""

import numpy as np
import pytest
from text_inputs import tokens_of

from amzest.text._vocabulary import learn_vocabulary

ROWS = ["red mug", "mug mug", "", "lamp"]


def learn(rows, weights, min_count):
    return learn_vocabulary(tokens_of(rows).words, np.asarray(weights), min_count)


def test_words_are_numbered_in_alphabetical_order():
    vocabulary = learn(ROWS, np.ones(4), 1)
    assert vocabulary == {"lamp": 0, "mug": 1, "red": 2}
    assert list(vocabulary) == ["lamp", "mug", "red"]
    assert learn(ROWS[::-1], np.ones(4), 1) == vocabulary


@pytest.mark.parametrize(
    ("min_count", "known"), [(1, ["lamp", "mug", "red"]), (2, ["mug"]), (4, [])]
)
def test_rare_words_are_not_in_the_vocabulary(min_count, known):
    assert list(learn(ROWS, np.ones(4), min_count)) == known


def test_weights_count_as_repetition():
    weights = np.array([1.0, 2.0, 5.0, 3.0])
    repeated = [ROWS[0], *[ROWS[1]] * 2, *[ROWS[3]] * 3]
    for min_count in range(1, 7):
        assert learn(ROWS, weights, min_count) == learn(repeated, np.ones(6), min_count)


def test_texts_of_weight_0_are_ignored():
    assert list(learn(ROWS, [1.0, 0.0, 1.0, 0.0], 1)) == ["mug", "red"]


def test_no_words():
    assert learn(["", ""], np.ones(2), 1) == {}
