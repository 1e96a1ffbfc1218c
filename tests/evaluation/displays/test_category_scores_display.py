import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest.evaluation._displays._category_scores_display import CategoryScoresDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def labels(n_categories, n_samples=300):
    rng = np.random.default_rng(0)
    names = np.array([f"Category {n}" for n in range(n_categories)])
    truth = rng.choice(names, n_samples)
    return truth, np.where(rng.random(n_samples) < 0.6, truth, rng.choice(names))


def tick_labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_frame_of_scores_equals_scikit_learn():
    truth, predicted = labels(7)
    display = CategoryScoresDisplay.from_predictions(truth, predicted)
    frame = display.frame()
    expected = precision_recall_fscore_support(
        truth, predicted, labels=frame["category"], zero_division=np.nan
    )
    for name, values in zip(("precision", "recall", "f1"), expected, strict=False):
        np.testing.assert_allclose(frame[name], values)
        assert (frame[f"{name}_low"] <= frame[name] + 1e-12).all()
        assert (frame[f"{name}_high"] >= frame[name] - 1e-12).all()
    assert frame["support"].tolist() == expected[3].tolist()
    assert frame["f1"].is_monotonic_decreasing
    assert display.accuracy == accuracy_score(truth, predicted)


def test_frame_of_scores_is_nan_where_nothing_is_defined():
    display = CategoryScoresDisplay.from_predictions(
        ["a", "b"], ["a", "a"], classes=["a", "b", "c"]
    )
    frame = display.frame().set_index("category")
    assert frame.loc["a", ["precision", "recall"]].tolist() == [0.5, 1.0]
    assert np.isnan(frame.loc["b", "precision"])
    assert frame.loc["b", "recall"] == 0
    assert frame.loc["c", ["precision", "recall", "f1"]].isna().all()
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts.count("no samples, never predicted") == 1
    display.figure_.canvas.draw()


def test_plot_of_scores_names_categories_from_the_best():
    truth, predicted = labels(25)
    display = CategoryScoresDisplay.from_predictions(truth, predicted)
    frame = display.frame()
    assert tick_labels(display.ax_) == frame["category"].tolist()
    places = display.ax_.get_yticks()
    assert (np.diff(places) < 0).all()
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[:25] == frame["support"].astype(str).tolist()
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["precision", "F1", "recall"]
    for line, name in zip(display.ax_.get_lines(), legend, strict=True):
        np.testing.assert_allclose(line.get_xdata(), frame[name.lower()])


def test_plot_of_scores_keeps_the_worst_categories():
    truth, predicted = labels(9)
    _, ax = plt.subplots()
    display = CategoryScoresDisplay.from_predictions(
        truth, predicted, max_categories=4, ax=ax
    )
    assert display.ax_ is ax
    assert tick_labels(ax) == display.frame()["category"].tolist()[-4:]
    assert "the 5 best categories are not shown" in ax.get_xlabel()
    with pytest.raises(ValueError, match="The 'max_categories' parameter"):
        display.plot(max_categories=0)


def test_plot_of_scores_keeps_long_names_apart():
    names = ["Clothing, Shoes & Jewelry > Men > Shoes > " * 3 + end for end in "ab"]
    display = CategoryScoresDisplay.from_predictions(
        [*names, "$5 日本"], [*names, "$5 日本"]
    )
    display.figure_.canvas.draw()
    labels = display.ax_.get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(box.x0 >= 0 for box in boxes)
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])
    assert len({label.get_text() for label in labels}) == 3


def test_scores_from_estimator_in_pipeline():
    X, y = load_iris(return_X_y=True)
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(X, y)
    display = CategoryScoresDisplay.from_estimator(clf, X, y)
    assert display.accuracy == clf.score(X, y)
    assert sorted(display.frame()["category"]) == [0, 1, 2]


def test_scores_of_labels_that_do_not_match():
    with pytest.raises(ValueError, match="`y_pred` has 1 row, but `y_true` has 2 rows"):
        CategoryScoresDisplay.from_predictions(["a", "b"], ["a"])
    with pytest.raises(TypeError, match=r"GaussianNB.*Pass .* `predict\(X\)"):
        CategoryScoresDisplay.from_predictions(["a", "b"], GaussianNB())
