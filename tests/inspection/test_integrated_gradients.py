import numpy as np
import pytest
from few_titles import KINDS, TITLES

from amzest.inspection import deletion_test, explain
from amzest.text import TextCNNClassifier, TextLSTMClassifier, TextTransformerClassifier

pytest.importorskip("captum")

NOTES = ["", "new", None, "a b"] * 8
SMALL = {"embedding_size": 8, "n_buckets": 512, "max_epochs": 4, "random_state": 0}
WIDTHS = {
    TextCNNClassifier: {"n_filters": 8},
    TextLSTMClassifier: {"hidden_size": 8},
    TextTransformerClassifier: {"hidden_size": 8, "n_heads": 2, "n_layers": 1},
}


@pytest.mark.parametrize("network", WIDTHS, ids=lambda network: network.__name__)
@pytest.mark.parametrize("linear_part", [True, False])
def test_contributions_sum_to_the_score(network, linear_part):
    X = [[title, note] for title, note in zip(TITLES, NOTES, strict=True)]
    model = network(**SMALL, **WIDTHS[network], linear_part=linear_part)
    model.fit(X, KINDS)
    explanation = explain(model, X[:4], y="shoes", method="integrated_gradients")
    samples, words = explanation.samples, explanation.frame()
    total = samples["baseline"] + words.groupby("row")["contribution"].sum()
    assert total.to_numpy() == pytest.approx(samples["score"].to_numpy())
    # The scores are those of the predictions, up to the error of the integral.
    log_proba = model.calibration_.log_proba
    parts = model._parts(
        model._engine(), model._encode(model._read(X[:4], reset=False)), np.arange(4),
        "logits",
    )  # fmt: skip
    parts[0] = parts[0] - parts[0].mean(axis=1, keepdims=True)
    weights, offset = model.calibration_.weights, model.calibration_.offset
    weighted = (w * part for w, part in zip(weights, parts, strict=True))
    expected = offset + sum(weighted)[:, 1]
    assert samples["score"].to_numpy() == pytest.approx(expected, abs=0.05)
    assert log_proba(parts)[:, 1] == pytest.approx(
        np.log(samples["probability"].to_numpy())
    )


def test_named_words_matter_more_than_random_ones():
    model = TextCNNClassifier(**SMALL, n_filters=8).fit(TITLES, KINDS)
    X = [f"a new {title} of brand with box" for title in TITLES[:4]] + [None]
    for method in ("integrated_gradients", "occlusion"):
        explanation = explain(model, X, method=method, shares=False)
        assert 4 not in explanation.frame()["row"].to_numpy()
        result = deletion_test(model, X, explanation, n_words=2, random_state=0)
        assert (result["drop"] > result["random_drop"]).all()
