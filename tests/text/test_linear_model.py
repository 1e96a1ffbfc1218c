"""One-vs-rest support vector machines of sparse features."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.svm import LinearSVC
from text_inputs import tokens_of

from amzest.datasets import make_products
from amzest.neural import learn_calibration
from amzest.text import _linear_model as module
from amzest.text._linear_features import count_features, learn_linear_features
from amzest.text._linear_model import (
    DEFAULT_CALIBRATION,
    best_C,
    fit_candidates,
    fit_linear_model,
)


def table(n_samples=300, n_categories=6, **options):
    """Return TF-IDF features of synthetic titles, their classes and weights of 1."""
    products = make_products(
        n_samples, n_categories=n_categories, random_state=0, **options
    )
    titles = products.data["title"].fillna("missing").tolist()
    texts = tokens_of(titles)
    weights = np.ones(n_samples)
    features = learn_linear_features(
        count_features(texts, 2, 4), weights, min_count=1, max_features=10_000
    )
    targets = np.unique(products.target, return_inverse=True)[1].astype(np.int64)
    return features.matrix(texts, 2, 4), targets, weights


@pytest.fixture(params=["together", "one by one"])
def way(request, monkeypatch):
    """Fit as for few and as for many classes."""
    if request.param == "one by one":
        monkeypatch.setattr(module, "_MAX_WEIGHTS", 12_000)
    return request.param


def test_few_classes_are_those_of_linear_svc():
    matrix, targets, weights = table()
    weights[::3] = 2
    model = fit_linear_model(matrix, targets, 6, weights, C=0.3, seed=0)
    # Features are scaled by the square root of their inverse document frequency.
    dense = matrix.toarray().astype(float)
    frequency = weights @ (dense > 0)
    scale = np.sqrt(1 + np.log((1 + weights.sum()) / (1 + frequency)))
    squares = weights @ dense**2
    scale *= np.sqrt(squares.sum() / (squares @ scale**2))
    scaled = sparse.csr_matrix(dense * scale)
    svc = LinearSVC(C=0.3, random_state=0)
    svc.fit(scaled, targets, sample_weight=weights)
    np.testing.assert_allclose(model.coef / scale[:, None], svc.coef_.T, atol=1e-3)
    np.testing.assert_allclose(model.intercept, svc.intercept_, atol=1e-3)
    expected = svc.decision_function(scaled)
    scores = model.scores(matrix)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-2)


def test_many_classes_predict_as_few_do(monkeypatch):
    matrix, targets, weights = table(1_200, 12)
    train, test = np.arange(1_200) % 2 == 0, np.arange(1_200) % 2 == 1
    accuracies = []
    for limit in (2**24, 30_000):
        monkeypatch.setattr(module, "_MAX_WEIGHTS", limit)
        monkeypatch.setattr(module, "_FEWEST_OTHERS", 100)
        model = fit_linear_model(
            matrix[train], targets[train], 12, weights[train], C=0.3, seed=0
        )
        predicted = model.scores(matrix[test]).argmax(axis=1)
        accuracies.append(np.mean(predicted == targets[test]))
        n_weights = model.coef.nnz if sparse.issparse(model.coef) else model.coef.size
        assert n_weights <= limit
    assert sparse.issparse(model.coef)
    assert 0.6 < accuracies[0] < 0.99
    assert accuracies[1] == pytest.approx(accuracies[0], abs=0.02)


def test_equal_seeds_give_equal_weights(way):
    matrix, targets, weights = table()
    first, again = (
        fit_linear_model(matrix, targets, 6, weights, C=1.0, seed=3) for _ in range(2)
    )
    assert pickle.dumps(first) == pickle.dumps(again)


def test_models_are_the_same_if_others_are_fitted_in_threads(way):
    """LIBLINEAR has one generator of random numbers for all threads."""
    matrix, targets, weights = table(1_200)

    def fit(seed):
        model = fit_linear_model(matrix, targets, 6, weights, C=1.0, seed=seed)
        return joblib.hash((model.coef, model.intercept))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fit, range(4))) == list(map(fit, range(4)))


def test_number_of_parameters(way):
    matrix, targets, weights = table()
    model = fit_linear_model(matrix, targets, 6, weights, C=1.0, seed=0)
    assert sparse.issparse(model.coef) == (way == "one by one")
    if way == "together":
        assert model.n_parameters == 6 * matrix.shape[1] + 6
    else:
        assert 6_000 < model.n_parameters == model.coef.nnz + 6 <= 12_006


def test_two_classes_have_opposite_scores(way):
    matrix, targets, weights = table(n_categories=2)
    scores = fit_linear_model(matrix, targets, 2, weights, C=1.0, seed=0).scores(matrix)
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1], atol=0.02)
    assert np.mean(scores.argmax(axis=1) == targets) > 0.95


def test_classes_without_samples_have_the_lowest_score(way):
    matrix, targets, weights = table()
    targets = 2 * targets + 1
    weights[targets == 3] = 0
    scores = fit_linear_model(matrix, targets, 13, weights, C=1.0, seed=0).scores(
        matrix
    )
    absent = [0, 2, 3, 4, 6, 8, 10, 12]
    present = [1, 5, 7, 9, 11]
    assert (scores[:, absent].max(axis=1) < scores[:, present].min(axis=1)).all()
    assert np.isfinite(scores).all()


def test_only_one_class(way):
    matrix, targets, weights = table()
    weights[targets != 4] = 0
    scores = fit_linear_model(matrix, targets, 6, weights, C=1.0, seed=0).scores(matrix)
    assert (scores.argmax(axis=1) == 4).all()


def test_no_features(way):
    _, targets, weights = table()
    model = fit_linear_model(
        sparse.csr_array((300, 0)), targets, 6, weights, C=1.0, seed=0
    )
    scores = model.scores(sparse.csr_array((2, 0), dtype=np.float32))
    np.testing.assert_allclose(scores, [np.bincount(targets) / 150 - 1] * 2, atol=1e-6)


def test_weights_are_repetitions(way):
    matrix, targets, weights = table()
    weights = np.arange(300) % 3 + 0.0
    rows = np.repeat(np.arange(300), weights.astype(int))
    weighted = fit_linear_model(matrix, targets, 6, weights, C=0.3, seed=0)
    repeated = fit_linear_model(
        matrix[rows], targets[rows], 6, np.ones(len(rows)), C=0.3, seed=0
    )
    np.testing.assert_allclose(
        weighted.scores(matrix), repeated.scores(matrix), atol=0.05
    )


def test_weights_below_one_are_scaled(way):
    matrix, targets, weights = table()
    plain, scaled = (
        fit_linear_model(matrix, targets, 6, factor * weights, C=0.3, seed=0)
        for factor in (1, 1e-6)
    )
    np.testing.assert_allclose(plain.scores(matrix), scaled.scores(matrix), atol=1e-5)


def test_parts_give_the_same_scores(way, monkeypatch):
    matrix, targets, weights = table()
    model = fit_linear_model(matrix, targets, 6, weights, C=0.3, seed=0)
    scores = model.scores(matrix)
    monkeypatch.setattr(module, "_NUMBERS_PER_PART", 100)
    np.testing.assert_allclose(model.scores(matrix), scores, atol=1e-6)
    again = fit_linear_model(matrix, targets, 6, weights, C=0.3, seed=0)
    np.testing.assert_allclose(again.scores(matrix), scores, atol=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_best_candidate_has_the_least_log_loss(noise):
    matrix, targets, weights = table(600)
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(600) < noise, rng.integers(6, size=600), targets)
    train, held_out = np.arange(600) % 2 == 0, np.arange(600) % 2 == 1
    train_data = matrix[train], labels[train], 6, weights[train]
    fits = fit_candidates(*train_data, candidates=(1e-5, 0.05, 1.0), seed=0)
    scores = {C: model.scores(matrix[held_out]) for C, model in fits}
    losses = {
        C: learn_calibration(
            [scores[C]], labels[held_out], weights[held_out], DEFAULT_CALIBRATION
        )[1]
        for C in scores
    }
    assert best_C(scores, labels[held_out], weights[held_out]) == 0.05
    assert min(losses, key=losses.get) == 0.05


def test_first_candidate_is_kept_if_all_are_equal():
    matrix, targets, weights = table()
    targets = np.zeros_like(targets)
    models = dict(fit_candidates(matrix, targets, 2, weights, seed=0))
    scores = {C: model.scores(matrix) for C, model in models.items()}
    assert list(scores) == [0.1, 0.3, 1.0]
    assert best_C(scores, targets, weights) == 0.1
