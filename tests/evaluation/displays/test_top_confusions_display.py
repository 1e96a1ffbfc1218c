import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from amzest.compose import ColumnSelector
from amzest.evaluation._displays._top_confusions_display import TopConfusionsDisplay

TRUTH = ["mugs", "mugs", "mugs", "lamps", "tea", "tea"]
PREDICTED = ["lamps", "lamps", "mugs", "mugs", "mugs", "tea"]
TITLES = ["Buy for $5 or $10", None, "Red mug", "日本 lamp", "Tea " * 80, "Tea"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_frame_of_confusions_counts_pairs():
    display = TopConfusionsDisplay.from_predictions(TRUTH, PREDICTED, titles=TITLES)
    frame = display.frame()
    assert frame["true"].tolist() == ["mugs", "lamps", "tea"]
    assert frame["predicted"].tolist() == ["lamps", "mugs", "mugs"]
    assert frame["count"].tolist() == [2, 1, 1]
    np.testing.assert_allclose(frame["share"], [2 / 3, 1, 1 / 2])
    assert frame["rows"].tolist() == [[0, 1], [3], [4]]
    assert frame["examples"].tolist() == [[TITLES[0]], [TITLES[3]], [TITLES[4]]]
    assert (display.n_products, display.n_errors) == (6, 4)


def test_plot_of_confusions_has_bars_and_titles():
    display = TopConfusionsDisplay.from_predictions(TRUTH, PREDICTED, titles=TITLES)
    assert [bar.get_width() for bar in display.bars_] == [2, 1, 1]
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["mugs\n→ lamps", "lamps\n→ mugs", "tea\n→ mugs"]
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[0] == "2  (67% of the true category)"
    assert texts[3:5] == ["Buy for $5 or $10", "□□ lamp"]
    assert texts[5].endswith("…")
    assert display.ax_.get_title(loc="left") == "4 of 6 samples misclassified"


def test_texts_of_confusions_stay_in_the_figure_and_apart():
    rng = np.random.default_rng(0)
    names = ["Clothing, Shoes & Jewelry > Men > " * 2 + str(n) for n in range(25)]
    truth, predicted = rng.choice(names, (2, 400))
    display = TopConfusionsDisplay.from_predictions(
        truth, predicted, titles=["A rather long title of a product " * 4] * 400
    )
    assert len(display.bars_) == 10
    assert "in the 10 pairs shown" in display.ax_.get_title(loc="left")
    display.figure_.canvas.draw()
    artists = [*display.ax_.texts, *display.ax_.get_yticklabels()]
    boxes = [artist.get_window_extent() for artist in artists]
    width = display.figure_.bbox.width
    assert all(box.x0 >= 0 and box.x1 <= width for box in boxes)
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_confusions_without_titles_in_existing_axes():
    _, ax = plt.subplots()
    display = TopConfusionsDisplay.from_predictions(TRUTH, PREDICTED, n_pairs=2, ax=ax)
    assert display.ax_ is ax
    assert len(display.bars_) == 2
    assert len(ax.texts) == 2
    assert display.frame()["examples"].tolist() == [[], [], []]


def test_examples_of_confusions_are_shown_once():
    display = TopConfusionsDisplay.from_predictions(
        ["a"] * 3, ["b"] * 3, titles=["Mug", "Mug", "Lamp"], n_examples=2
    )
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[1:] == ["Mug", "Lamp"]
    display.plot(n_examples=0)
    assert len(display.ax_.texts) == 1


def test_confusions_of_perfect_predictions():
    display = TopConfusionsDisplay.from_predictions(["a"], ["a"])
    assert display.frame().empty
    assert display.ax_.get_title(loc="left") == "0 of 1 sample misclassified"
    display.figure_.canvas.draw()


def test_confusions_from_estimator_find_the_titles():
    X = pd.DataFrame({"title": ["blue mug", "red mug", "lamp"], "name": list("xyz")})
    y = np.array(["mugs", "mugs", "lamps"])
    clf = make_pipeline(ColumnSelector("title"), CountVectorizer(), MultinomialNB())
    clf.fit(X, y)
    wrong = y[::-1]
    display = TopConfusionsDisplay.from_estimator(clf, X, wrong)
    assert display.frame()["examples"].tolist() == [["blue mug"], ["lamp"]]
    display = TopConfusionsDisplay.from_estimator(clf, X, wrong, titles="name")
    assert display.frame()["examples"].tolist() == [["x"], ["z"]]
    with pytest.raises(ValueError, match="`titles` is 'text', but `X` has 'title'"):
        TopConfusionsDisplay.from_estimator(clf, X, wrong, titles="text")


def test_confusions_validate_arguments():
    with pytest.raises(ValueError, match="`titles` has 1 row"):
        TopConfusionsDisplay.from_predictions(["a", "b"], ["a", "b"], titles=["x"])
    with pytest.raises(ValueError, match="The 'n_pairs' parameter"):
        TopConfusionsDisplay.from_predictions(["a"], ["a"], n_pairs=0)
    with pytest.raises(ValueError, match="The 'n_examples' parameter"):
        TopConfusionsDisplay.from_predictions(["a"], ["a"], n_examples=-1)
