"""A head that learns from further rows."""

import numpy as np
import pytest

from amzest.pretrained import _extended_head
from amzest.pretrained._extended_head import (
    HeadRows,
    extend_head,
    is_tuned_for,
    join_rows,
    limit_rows,
)
from amzest.pretrained._head import fit_head
from amzest.pretrained._head_parts import unit_columns


def rows(n_samples, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.arange(n_samples) % n_classes
    centres = np.random.default_rng(1).normal(size=(9, 32))[:n_classes]
    X = centres[targets] + rng.normal(size=(n_samples, 32)) + 2
    return HeadRows(
        X.astype(np.float32), targets, np.ones(n_samples), np.arange(n_samples)
    )


def fit(new, n_classes, **options):
    return fit_head(new.vectors, new.targets, n_classes, new.weights, seed=0, **options)


def test_kept_rows_are_those_of_the_fit():
    first, new = rows(60, 3), rows(20, 4, seed=5)
    head = fit(first, 3, n_columns=2)
    joined = join_rows(head, np.array([0, 2, 3]), new)
    expected = unit_columns(first.vectors, head.column_weights)
    similarity = (joined.vectors[:60] * expected).sum(axis=1)
    assert similarity.min() > 0.9999
    assert joined.targets[:3].tolist() == [0, 2, 3]
    assert joined.targets[60:].tolist() == new.targets.tolist()


def test_copies_of_kept_rows_share_their_group():
    first, new = rows(60, 3), rows(20, 3, seed=5)
    new.vectors[4] = first.vectors[7]
    new.groups[9] = 4
    joined = join_rows(fit(first, 3), np.arange(3), new)
    same = joined.groups == joined.groups[7]
    assert np.flatnonzero(same).tolist() == [7, 64, 69]
    assert len(np.unique(joined.groups)) == 78


def test_an_extended_head_is_as_good_as_one_of_all_rows():
    first, new, test = rows(150, 3), rows(60, 5, seed=5), rows(200, 5, seed=7)
    head = fit(first, 3)
    joined = join_rows(head, np.arange(3), new)
    extended = extend_head(head, joined, 5, joined.weights, seed=0)
    both = zip(vars(first).values(), vars(new).values(), strict=True)
    everything = HeadRows(*map(np.concatenate, both))
    whole = fit(everything, 5)
    scores = [
        np.mean(each.log_proba(test.vectors).argmax(axis=1) == test.targets)
        for each in (extended, whole)
    ]
    assert scores[0] >= scores[1] - 0.02
    assert (extended.C, extended.bandwidth) == (head.C, head.bandwidth)


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "tuned"), [(119, 1, True), (120, 1, False), (9, 2, False)]
)
def test_hyperparameters_are_chosen_again(n_rows, n_columns, tuned):
    assert is_tuned_for(fit(rows(60, 3), 3), n_rows, n_columns) == tuned
    assert not is_tuned_for(None, n_rows, n_columns)


def test_no_more_rows_are_kept_than_by_a_fit(monkeypatch):
    monkeypatch.setattr(_extended_head, "MAX_NEIGHBORS", 30)
    limited = limit_rows(rows(100, 3), seed=0)
    assert len(limited.targets) == len(limited.vectors) == len(limited.groups) == 30
    np.testing.assert_allclose(
        np.bincount(limited.targets, limited.weights), [34, 33, 33]
    )
