"""From vectors of names to a classifier, on synthetic vectors."""

import numpy as np
import pytest

from amzest.pretrained import _zero_shot_head as module
from amzest.pretrained._head_parts import unit
from amzest.pretrained._zero_shot_head import (
    centred_rows,
    fit_zero_shot_head,
    learn_centre,
)

N_CLASSES, WIDTH = 4, 16


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def make_samples(rng, *, noise=0.25, shift=0.8, n_columns=1, n_each=60):
    """Generate vectors around means, and names that lie beside those means.

    All samples share a large common part, and the names another one. The name of the
    last class is misleading: it is as near to the first class.
    """
    means = unit(rng.normal(size=(N_CLASSES, WIDTH)))
    common, common_of_names = unit(rng.normal(size=(2, WIDTH))) * 2
    targets = np.repeat(np.arange(N_CLASSES), n_each)
    columns = [
        means[targets] + common + noise * rng.normal(size=(len(targets), WIDTH))
        for _ in range(n_columns)
    ]
    names = means + shift / WIDTH**0.5 * rng.normal(size=means.shape)
    names[-1] = 0.5 * (means[-1] + means[0])
    names += common_of_names
    return np.hstack(columns).astype(np.float32), names.astype(np.float32), targets


def accuracy(head, X, targets):
    return (head.log_proba(X).argmax(axis=1) == targets).mean()


def fit(X, names, targets=None, weights=None, **params):
    targets = np.full(len(X), -1) if targets is None else targets
    weights = np.ones(len(X)) if weights is None else weights
    return fit_zero_shot_head(
        X, names, targets, weights, **{"self_training": True, **params}
    )


def test_common_parts_are_removed(rng):
    X, names, targets = make_samples(rng)
    plain = (unit(X) @ unit(names).T).argmax(axis=1)
    head = fit(X, names, self_training=False)
    assert (plain == targets).mean() < 0.6
    assert accuracy(head, X, targets) > 0.75


def test_self_training_corrects_a_name(rng):
    X, names, targets = make_samples(rng)
    names_only = accuracy(fit(X, names, self_training=False), X, targets)
    trained = accuracy(fit(X, names), X, targets)
    assert trained > names_only + 0.03
    assert trained > 0.95


def test_labels_correct_a_name(rng):
    X, names, targets = make_samples(rng, noise=0.4)
    known = np.where(np.arange(len(X)) % 12 == 0, targets, -1)
    names_only = accuracy(fit(X, names, self_training=False), X, targets)
    few = fit(X, names, known, self_training=False)
    assert accuracy(few, X, targets) > names_only
    assert accuracy(fit(X, names, known), X, targets) >= accuracy(few, X, targets)


def test_names_help_where_labels_are_few(rng):
    X, names, targets = make_samples(rng, noise=0.6, shift=0.3)
    known = np.full(len(X), -1)
    known[::60] = targets[::60]  # one of each class
    useless = rng.normal(size=names.shape).astype(np.float32)
    with_names = accuracy(fit(X, names, known, self_training=False), X, targets)
    without = accuracy(fit(X, useless, known, self_training=False), X, targets)
    assert with_names > without + 0.05


def test_a_category_without_labels_is_predicted(rng):
    X, names, targets = make_samples(rng, shift=0.2)
    known = np.where((targets > 0) & (np.arange(len(X)) % 6 == 0), targets, -1)
    head = fit(X, names, known)
    assert (head.log_proba(X).argmax(axis=1)[targets == 0] == 0).mean() > 0.8


def test_two_classes(rng):
    X, names, targets = make_samples(rng)
    rows = targets < 2
    known = np.where(np.arange(rows.sum()) % 5 == 0, targets[rows], -1)
    head = fit(X[rows], names[:2], known)
    assert accuracy(head, X[rows], targets[rows]) > 0.9
    assert head.coefficients.shape == (WIDTH, 2)


@pytest.mark.parametrize("labelled", [False, True])
def test_a_weight_has_the_effect_of_repeated_rows(rng, labelled):
    X, names, targets = make_samples(rng, n_each=10)
    known = np.where(np.arange(len(X)) % 3 == 0, targets, -1) if labelled else None
    counts = np.arange(len(X)) % 3 + 1
    weighted = fit(X, names, known, counts.astype(float))
    repeated = fit(
        X.repeat(counts, 0), names, None if known is None else known.repeat(counts)
    )
    np.testing.assert_allclose(weighted.log_proba(X), repeated.log_proba(X), atol=2e-2)


def test_missing_cells_do_not_move_the_centre(rng):
    X, names, _ = make_samples(rng, n_columns=2)
    X[::3, :WIDTH] = 0
    centre = learn_centre(X, np.ones(len(X)), names)
    rows = np.arange(len(X)) % 3 > 0
    n_rows = rows.sum()
    expected = unit(X[rows, :WIDTH]).sum(axis=0) + unit(names).mean(axis=0)
    np.testing.assert_allclose(centre[0], expected / (n_rows + 1), atol=1e-5)
    Z = centred_rows(X, centre)
    assert (Z[::3, :WIDTH] == 0).all()
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), 1, atol=1e-5)


def test_two_columns_are_compared_with_the_same_names(rng):
    X, names, targets = make_samples(rng, n_columns=2, noise=0.6)
    both = fit(X, names, self_training=False)
    one = fit(X[:, :WIDTH], names, self_training=False)
    assert accuracy(both, X, targets) > accuracy(one, X[:, :WIDTH], targets)
    np.testing.assert_allclose(both.names[:WIDTH], both.names[WIDTH:])


def test_one_sample(rng):
    X, names, targets = make_samples(rng, shift=0.1)
    for row in (0, 70, 130):
        head = fit(X[row : row + 1], names)
        assert np.isfinite(head.log_proba(X)).all()
        assert head.log_proba(X[row : row + 1]).argmax() == targets[row]


def test_logits_in_parts(rng, monkeypatch):
    X, names, _ = make_samples(rng)
    whole = fit(X, names)
    monkeypatch.setattr(module, "_LOGITS_PER_PART", 50)
    parts = fit(X, names)
    np.testing.assert_allclose(parts.coefficients, whole.coefficients, atol=1e-4)


def test_the_number_of_rows_with_predicted_labels_is_limited(rng, monkeypatch):
    X, names, targets = make_samples(rng)
    known = np.where(np.arange(len(X)) % 10 == 0, targets, -1)
    sizes = []
    fit_models = module.fit_linear_models

    def recorded(Z, *args):
        sizes.append(len(Z))
        return fit_models(Z, *args)

    monkeypatch.setattr(module, "fit_linear_models", recorded)
    monkeypatch.setattr(module, "_MAX_PREDICTED", 50)
    fit(X, names, known)
    n_labelled = 24 + N_CLASSES
    assert sizes[0] == n_labelled
    assert len(sizes) == 3
    assert all(n_labelled + 25 <= size <= n_labelled + 50 for size in sizes[1:])
