"""Bags of rows, and the transposed indices for their gradients."""

import numpy as np
import pytest

from amzest.text._bags import Bags, DistinctNumbers


@pytest.fixture(params=[40, 100_000], ids=["small table", "large table"])
def bags(request):
    rng = np.random.default_rng(0)
    counts = np.array([3, 0, 40, 1, 7])
    rows = rng.integers(0, request.param, counts.sum()).astype(np.int32)
    weights = rng.random(len(rows)).astype(np.float32)
    return Bags(rows, weights, np.append(0, np.cumsum(counts)), request.param)


def dense(bags, chosen):
    """Return bags as a dense matrix, (n_chosen, n_rows)."""
    matrix = np.zeros((len(chosen), bags._distinct._bound), dtype=np.float32)
    for place, bag in enumerate(chosen):
        part = slice(bags.offsets[bag], bags.offsets[bag + 1])
        np.add.at(matrix[place], bags.rows[part], bags.weights[part])
    return matrix


@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4], [4, 2, 2], [1], []])
def test_bags_and_gradient_indices_describe_the_same_matrix(bags, chosen):
    expected = dense(bags, chosen)
    arrays = bags.take(np.array(chosen, dtype=int), "b", with_gradient=True)
    onward, back = np.zeros_like(expected), np.zeros_like(expected)
    ends = [*arrays["b_starts"], len(arrays["b_rows"])]
    for place in range(len(chosen)):
        part = slice(ends[place], ends[place + 1])
        np.add.at(onward[place], arrays["b_rows"][part], arrays["b_weights"][part])
    distinct = arrays["b_distinct"]
    ends = [*arrays["b_owner_starts"], len(arrays["b_owners"])]
    assert len(arrays["b_owner_starts"]) == len(distinct)
    for place, row in enumerate(distinct):
        part = slice(ends[place], ends[place + 1])
        np.add.at(back[:, row], arrays["b_owners"][part], arrays["b_shares"][part])
    np.testing.assert_allclose(onward, expected, rtol=1e-6)
    np.testing.assert_allclose(back, expected, rtol=1e-6)
    assert distinct.tolist() == sorted(set(arrays["b_rows"].tolist()))


def test_without_gradient_its_indices_are_not_computed(bags):
    arrays = bags.take(np.arange(5), "b", with_gradient=False)
    assert set(arrays) == {"b_rows", "b_weights", "b_starts"}


@pytest.mark.parametrize("bound", [10, 1000, 10**6])
@pytest.mark.parametrize("shape", [(0,), (1,), (7, 30)])
def test_distinct_numbers_are_those_of_numpy(bound, shape):
    finder = DistinctNumbers(bound)
    rng = np.random.default_rng(0)
    for _ in range(3):  # what one call leaves behind does not reach the next
        numbers = rng.integers(0, bound, shape)
        distinct, place = finder.find(numbers)
        np.testing.assert_array_equal(distinct, np.unique(numbers))
        np.testing.assert_array_equal(distinct[place], numbers)
        assert place.shape == numbers.shape
