import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzest.inspection import explain
from amzest.text import TextLinearClassifier

#: Composed, decomposed and compatibility characters, final sigma, a capital that is two
#: characters in lower case, characters that contain a space, other scripts.
HARD = [
    "Red running-shoe, size 42 (new)",
    "ﬁne garden hose ½ inch café cafe\u0301-shoe",
    "steel ΣΟΦΟΣ spade & co women's",
    "赤い靴 スニーカー 42cm \u00b4x` hose",
    "İstanbul kettle\u3000tea x \x02 0 ¨",
    "x" * 100 + " shoe shoe shoe",
]


def sums(explanation):
    words = explanation.frame().groupby("row")["contribution"].sum()
    return (
        explanation.samples["baseline"]
        + words.reindex(range(len(explanation)), fill_value=0.0)
    ).to_numpy()


def scores(model, X, labels):
    codes = np.searchsorted(model.classes_, labels)
    return model.transform(X)[np.arange(len(codes)), codes]


@pytest.mark.parametrize("ngram_range", [(2, 5), (1, 3)])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_contributions_and_baseline_sum_to_the_score(ngram_range, n_columns):
    X = pd.DataFrame({"title": HARD * 3, "note": [*HARD[1:], ""] * 3})
    X = X.iloc[:, :n_columns]
    labels = np.array(["a", "b", "c"] * 6)
    model = TextLinearClassifier(ngram_range=ngram_range, max_length=4, random_state=0)
    model.fit(X, labels)
    explanation = explain(model, X, y=labels, shares=False)
    assert explanation.method == "exact"
    expected = scores(model, X, labels)
    assert sums(explanation) == pytest.approx(expected, abs=1e-5)
    assert explanation.samples["score"].to_numpy() == pytest.approx(expected, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_text_is_explained_exactly(linear, texts):
    X = [*texts, "shoe"]
    explanation = explain(linear, X, y="garden", shares=False)
    expected = scores(linear, X, ["garden"] * len(X))
    assert sums(explanation) == pytest.approx(expected, abs=1e-5)


def test_unknown_words_get_the_contribution_of_their_ngrams_only(linear):
    words = explain(linear, ["xyzzy shoes"], y="shoes", shares=False).frame()
    unknown, known = words["contribution"]
    assert unknown == 0.0
    assert known > 0.1


def test_sparse_coefficients_give_the_same(linear, monkeypatch):
    monkeypatch.setattr("amzest.text._linear_model._MAX_WEIGHTS", 200)
    titles = ["red shoe", "garden hose", "blue mug"] * 6
    model = TextLinearClassifier(random_state=0).fit(titles, ["a", "b", "c"] * 6)
    explanation = explain(model, titles[:3], y=["c", "b", "a"], shares=False)
    expected = scores(model, titles[:3], ["c", "b", "a"])
    assert sums(explanation) == pytest.approx(expected, abs=1e-5)
