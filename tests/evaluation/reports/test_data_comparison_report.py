import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from amzest.evaluation import compare_data

OLD = pd.DataFrame({"title": ["blue mug", "red lamp"] * 40})
NEW = pd.DataFrame({"title": ["<b>&amp bolt", "red lamp"] * 40})
MODEL = DummyClassifier(strategy="prior").fit(OLD, ["a", "b"] * 40)
OPTIONS = {"columns": {"title": "text"}}


def test_text_has_checks_and_advice():
    text = repr(compare_data(OLD, NEW, **OPTIONS))
    assert text.startswith("DataComparison: 80 new rows, 80 rows in the reference")
    assert max(map(len, text.splitlines())) <= 88
    assert "Label some of the new rows" in text
    assert "rows with unseen words 50.0% instead of 0.0%" in " ".join(text.split())


def test_html_is_escaped_and_has_details():
    html = compare_data(OLD, NEW, model=MODEL, **OPTIONS)._repr_html_()
    assert "<b>&amp" not in html
    for title in ("Unseen words of title", "Predicted classes", "Estimated accuracy"):
        assert title in html


@pytest.mark.parametrize(
    ("new", "confidence", "start"),
    [
        (OLD, None, "No reason to refit: no difference is significant"),
        (OLD, 0.5, "No reason to refit"),
        (NEW, 0.5, "Label some of the new rows and evaluate on them"),
        (NEW, 0.9, "Refit, or label some of the new rows first and evaluate on them: "),
    ],
)
def test_advice(new, confidence, start):
    options = dict(OPTIONS)
    if confidence is not None:
        proba = np.tile([confidence, 1 - confidence], (80, 1))
        options |= {"model": MODEL, "proba_reference": proba}
    advice = compare_data(OLD, new, **options).advice
    assert advice.startswith(start)
    assert ("Differences: " in advice) == (new is NEW)
    assert ("0.900 on the reference (-0.400" in advice) == (confidence == 0.9)
