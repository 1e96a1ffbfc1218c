"""The optimizer of embedding tables."""

import numpy as np
import pytest
import torch

from amzest.neural._rowwise_rmsprop import RowwiseRMSprop


def step(table, optimizer, rows, values):
    table.grad = torch.sparse_coo_tensor(
        torch.tensor([rows]), torch.tensor(values), table.shape, check_invariants=True
    )
    optimizer.step()


def test_steps_equal_a_slow_reference():
    rng = np.random.default_rng(0)
    table = torch.nn.Parameter(torch.tensor(rng.normal(size=(6, 3)).astype("f4")))
    expected, mean = table.detach().double().numpy().copy(), np.zeros(6)
    optimizer = RowwiseRMSprop([table], lr=0.1, decay=0.9)
    for t in range(1, 6):
        rows = rng.permutation(6)[:2].tolist()  # not sorted
        values = rng.normal(size=(2, 3)).astype("f4")
        step(table, optimizer, rows, values.tolist())
        mean[rows] = 0.9 * mean[rows] + 0.1 * (values.astype(float) ** 2).mean(1)
        corrected = np.sqrt(mean[rows] / (1 - 0.9**t))
        expected[rows] -= 0.1 * values / (corrected[:, None] + 1e-8)
    np.testing.assert_allclose(table.detach().numpy(), expected, rtol=1e-5)


def test_rows_without_gradient_do_not_change():
    table = torch.nn.Parameter(torch.ones(4, 2))
    optimizer = RowwiseRMSprop([table], lr=0.1)
    step(table, optimizer, [1], [[1.0, 0.0]])
    assert (table.detach()[[0, 2, 3]] == 1).all()
    assert table.detach()[1].tolist() == pytest.approx([1 - 0.1 * 2**0.5, 1.0])
    assert optimizer.state[table]["mean_square"].shape == (4,)


def test_a_gradient_of_zero_changes_nothing():
    table = torch.nn.Parameter(torch.ones(2, 2))
    step(table, RowwiseRMSprop([table], lr=0.1), [0], [[0.0, 0.0]])
    assert (table.detach() == 1).all()


def test_a_table_without_gradient_is_skipped():
    table = torch.nn.Parameter(torch.ones(2, 2))
    RowwiseRMSprop([table], lr=0.1).step()
    assert (table.detach() == 1).all()
