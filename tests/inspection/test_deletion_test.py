import numpy as np
import pytest
from few_titles import TITLES

from amzest import make_products
from amzest.inspection import deletion_test, explain
from amzest.text import TextLinearClassifier


@pytest.fixture(scope="module")
def products():
    X, y = make_products(
        200, n_image_only=0, image_size=8, return_X_y=True, random_state=0
    )
    X = X[["title", "description"]]
    return TextLinearClassifier(random_state=0).fit(X, y), X[:60]


@pytest.mark.parametrize("method", ["exact", "occlusion"])
def test_named_words_matter_more_than_random_ones(products, method):
    model, X = products
    explanation = explain(model, X, method=method, shares=False)
    result = deletion_test(model, X, explanation, random_state=0)
    assert result["drop"].mean() > 3 * result["random_drop"].mean()
    assert (result["drop"] > result["random_drop"]).mean() > 0.9


def test_drop_is_that_of_the_probability(linear):
    explanation = explain(linear, ["a garden hose", "spade"])
    result = deletion_test(linear, ["a garden hose", "spade"], explanation, n_words=2)
    assert result["row"].tolist() == [0]  # the other one has too few words
    proba = linear.predict_proba(["a garden hose", "a"])[:, 0]
    assert result["drop"][0] == pytest.approx(proba[0] - proba[1])


def test_other_samples_raise(linear):
    explanation = explain(linear, TITLES[:2])
    with pytest.raises(ValueError, match="3 rows, but `explanation` has 2 samples"):
        deletion_test(linear, TITLES[:3], explanation)


def test_random_words_depend_on_the_seed_only(linear):
    X = ["red running shoe with leather", "steel garden spade and hose"]
    explanation = explain(linear, X)
    state = np.random.get_state()[1].copy()
    first, second = (
        deletion_test(linear, X, explanation, random_state=0) for _ in range(2)
    )
    assert first.equals(second)
    assert (np.random.get_state()[1] == state).all()
