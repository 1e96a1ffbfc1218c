import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, make_products
from amzest.evaluation import compare_data, summarize_data

DATA, Y = make_products(900, n_image_only=0, return_X_y=True, random_state=0)
DATA = DATA[["title", "description"]].assign(price=np.arange(900.0) % 50)
DATA = DATA.fillna("").sample(frac=1, random_state=0)
Y = Y.loc[DATA.index]
OLD, NEW = DATA[300:600], DATA[600:]
MODEL = make_pipeline(
    ColumnSelector("title"), CountVectorizer(), LogisticRegression(C=10)
).fit(DATA[:300], Y[:300])


def garbled(table, share, seed=0):
    """Reverse the words of some titles."""
    chosen = np.random.default_rng(seed).random(len(table)) < share
    titles = table["title"].where(~chosen, table["title"].str[::-1])
    return table.assign(title=titles)


def test_equal_distributions_have_no_drift():
    comparison = compare_data(OLD, NEW, model=MODEL, y_reference=Y[300:600])
    assert (comparison.action, comparison.drifted) == ("none", [])
    assert not (comparison.frame()["p_corrected"] < 0.05).any()


def test_false_alarms_are_rare():
    n_significant = 0
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(DATA))
        old, new = DATA.iloc[order[:450]], DATA.iloc[order[450:]]
        table = compare_data(old, new, random_state=seed).frame()
        n_significant += (table["p_corrected"] < 0.05).any()
    # At most 0.05 each: more than 4 of 20 have a probability of 0.003.
    assert n_significant <= 4


def test_drift_of_titles_is_found_and_its_loss_estimated():
    new = garbled(NEW, 0.5)
    comparison = compare_data(OLD, new, model=MODEL, y_reference=Y[300:600])
    assert comparison.drifted == ["title", "predictions"]
    assert comparison.action == "refit"
    loss = MODEL.score(OLD, Y[300:600]) - MODEL.score(new, Y[600:])
    estimate = comparison.accuracy().iloc[0]
    assert 0.5 * loss < estimate["loss"] < 1.5 * loss
    assert comparison.unseen_words("title")["share"].between(0, 0.5).all()


def test_drift_of_numbers_and_missing_cells():
    new = NEW.assign(price=NEW["price"] + 20, description=None)
    table = compare_data(OLD, new).frame().query("drift")
    assert set(zip(table["source"], table["check"], strict=True)) == {
        ("price", "values"),
        ("description", "missing"),
    }


def test_summary_replaces_the_reference():
    new = garbled(NEW, 0.2)
    summary = summarize_data(OLD, Y[300:600], model=MODEL, review_threshold=0.5)
    found = compare_data(summary, new, model=MODEL)
    expected = compare_data(
        OLD, new, model=MODEL, y_reference=Y[300:600], review_threshold=0.5
    )
    pd.testing.assert_frame_equal(found.frame(), expected.frame())
    pd.testing.assert_frame_equal(found.accuracy(), expected.accuracy())
    assert "below review threshold" in found.frame()["check"].tolist()
    columns_only = compare_data(summary, new, columns=["price"])
    assert columns_only.frame()["source"].tolist() == ["price", "price"]


def test_out_of_fold_probabilities_of_the_reference():
    proba = np.full((300, len(MODEL.classes_)), 1 / len(MODEL.classes_))
    comparison = compare_data(OLD, NEW, model=MODEL, proba_reference=proba)
    assert comparison.accuracy().loc["difference of confidences", "reference"] == (
        pytest.approx(1 / len(MODEL.classes_))
    )


def test_parts_and_lists_are_accepted():
    comparison = compare_data(OLD, iter([NEW[:100], NEW[100:]]))
    pd.testing.assert_frame_equal(comparison.frame(), compare_data(OLD, NEW).frame())
    by_column = compare_data(OLD["title"], NEW["title"].tolist()).frame()
    expected = comparison.frame().query("source == 'title'")["statistic"]
    assert by_column["statistic"].tolist() == expected.tolist()


def test_arguments_are_validated():
    summary = summarize_data(OLD)
    with pytest.raises(ValueError, match="summary has no predictions"):
        compare_data(summary, NEW, model=MODEL)
    with pytest.raises(ValueError, match="`y_reference` is passed, but"):
        compare_data(summary, NEW, y_reference=Y[300:600])
    with pytest.raises(ValueError, match="`columns` has 'colour', which the reference"):
        compare_data(summary, NEW, columns=["colour"])
    with pytest.raises(ValueError, match="`new` has no column 'price'"):
        compare_data(summary, NEW[["title", "description"]])
    with pytest.raises(ValueError, match="The 'min_effect' parameter"):
        compare_data(OLD, NEW, min_effect=2)
