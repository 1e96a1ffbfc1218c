import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from amzest.evaluation import compare_data

OLD = pd.DataFrame(
    {"title": ["blue mug", "red lamp"] * 40, "brand": ["Acme", "Bolt"] * 40}
)
NEW = pd.DataFrame(
    {"title": ["steel bolt", "red lamp"] * 40, "brand": ["Acme", "Cord"] * 40}
)
KINDS = {"title": "text", "brand": "categorical"}
MODEL = DummyClassifier(strategy="prior").fit(OLD, ["a", "b"] * 40)
COMPARISON = compare_data(OLD, NEW, columns=KINDS, model=MODEL)


def test_unseen_words():
    words = COMPARISON.unseen_words()
    assert words["n_rows"].to_dict() == {"steel": 40, "bolt": 40}
    assert words["share"].tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match=r"one of the text columns \('title'\)"):
        COMPARISON.unseen_words("brand")


def test_frequencies_of_categories_and_classes():
    table = COMPARISON.frequencies("brand")
    assert table.loc["Cord"].tolist() == [0, 0.5, 0.5]
    assert table.index[-1] == "Acme"
    assert COMPARISON.frequencies()["reference"].tolist() == [1, 0]


def test_without_a_model_there_are_no_predictions():
    comparison = compare_data(OLD, NEW, columns=KINDS)
    with pytest.raises(ValueError, match="Pass `model`"):
        comparison.accuracy()
    with pytest.raises(ValueError, match="pass `model`"):
        comparison.frequencies()
    assert comparison.action == "check"


def test_action_depends_on_the_estimated_loss():
    proba = np.tile([0.9, 0.1], (80, 1))
    options = {"model": MODEL, "proba_reference": proba, "columns": KINDS}
    assert compare_data(OLD, OLD, **options).action == "refit"
    assert compare_data(OLD, OLD, **options, max_accuracy_loss=0.5).action == "check"


def test_comparison_can_be_pickled():
    again = pickle.loads(pickle.dumps(COMPARISON))
    assert again.frame().equals(COMPARISON.frame())
    assert repr(again) == repr(COMPARISON)
