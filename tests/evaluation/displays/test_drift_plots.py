import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from amzest.evaluation import compare_data

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

OLD = pd.DataFrame({"$title": ["blue mug", "red lamp"] * 40})
NEW = pd.DataFrame({"$title": ["steel bolt", "red lamp"] * 40})
MODEL = DummyClassifier(strategy="prior").fit(OLD, ["a", "b"] * 40)
COMPARISON = compare_data(OLD, NEW, model=MODEL, columns={"$title": "text"})


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def tick_labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_effects_are_sorted_and_drift_is_filled():
    ax = COMPARISON.plot(max_items=4)
    ax.figure.canvas.draw()
    table = COMPARISON.frame().sort_values("effect", ascending=False, kind="stable")
    expected = table["source"] + ": " + table["check"]
    assert tick_labels(ax) == expected.tolist()[:4]
    markers = ax.collections[1]
    np.testing.assert_allclose(markers.get_offsets()[:, 0], table["effect"][:4])
    filled = (markers.get_facecolors() < 1).any(axis=1)
    assert filled.tolist() == table["drift"].tolist()[:4] == [True, True, True, False]


def test_words_and_frequencies():
    ax = COMPARISON.plot("words")
    assert tick_labels(ax) == ["steel", "bolt"]
    assert ax.lines[0].get_xdata().tolist() == [0.5, 0.5]
    ax = COMPARISON.plot("frequencies")
    assert tick_labels(ax) == ["a", "b"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "reference",
        "new",
    ]


def test_confidence_on_given_axes():
    given = pyplot.subplots()[1]
    assert COMPARISON.plot("confidence", ax=given) is given
    assert len(given.lines) == 2


def test_arguments_are_validated():
    with pytest.raises(ValueError, match="The 'kind' parameter"):
        COMPARISON.plot("pie")
    with pytest.raises(ValueError, match="Pass `model`"):
        compare_data(OLD, NEW).plot("confidence")
