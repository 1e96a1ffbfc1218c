import numpy as np
import pytest
from product_designs import draw_labels, draw_proba

from amzest.evaluation._reports._compare_classifiers import compare_classifiers

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")

Y, CODES = draw_labels(300)
PROBAS = {
    "weak": draw_proba(CODES, 0.8, seed=1),
    "strong $x$": draw_proba(CODES, 2.5, seed=2),
    "_hidden": draw_proba(CODES, 2.5, seed=3),
}
COMPARISON = compare_classifiers(Y, PROBAS)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def tick_labels(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_scores_are_sorted_and_marked():
    ax = COMPARISON.plot()
    ax.figure.canvas.draw()
    table = COMPARISON.frame().sort_values("accuracy", ascending=False)
    assert tick_labels(ax) == table.index.tolist()
    markers = ax.collections[1]
    np.testing.assert_allclose(markers.get_offsets()[:, 0], table["accuracy"])
    white = (markers.get_facecolors() == 1).all(axis=1)
    assert white.tolist() == [False, False, True]
    assert texts(ax)[1::2] == ["a", "a", "b"]
    assert ax.get_xlabel() == "accuracy (fraction of rows; higher is better)"


def test_scores_of_a_loss_have_the_lowest_at_the_top():
    ax = COMPARISON.plot(metric="log_loss")
    table = COMPARISON.frame().sort_values("log_loss")
    assert tick_labels(ax) == table.index.tolist()
    assert ax.get_xlabel() == "log-loss (mean over rows, in nats; lower is better)"
    assert "paired bootstrap" in ax.get_title(loc="left").lower()


def test_score_of_one_design_has_no_letters():
    ax = compare_classifiers(Y, {"weak": PROBAS["weak"]}).plot()
    assert len(texts(ax)) == 1
    assert ax.get_title(loc="left") == ""


def test_categories_are_sorted_by_difficulty():
    ax = COMPARISON.plot("per_category")
    table = COMPARISON.per_category()
    means = table.groupby("category")["f1"].mean().sort_values()
    support = table.groupby("category")["support"].first()
    assert tick_labels(ax) == [f"{name} ({support[name]})" for name in means.index]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == list(PROBAS)


def test_categories_are_capped():
    ax = COMPARISON.plot("per_category", max_categories=2)
    assert len(tick_labels(ax)) == 2
    assert "the 2 hardest of 4 categories" in ax.get_xlabel()


def test_overlap_of_each_row():
    ax = COMPARISON.plot("overlap")
    ax.figure.canvas.draw()
    matrix = COMPARISON.fusion().overlap_matrix()
    expected = [
        f"{matrix.iloc[i, j]:.0%}" for i in range(3) for j in range(3) if i != j
    ]
    assert texts(ax) == expected
    assert tick_labels(ax)[1].startswith("strong $x$\n(error rate ")


@pytest.mark.parametrize("kind", ["scores", "per_category", "overlap"])
def test_plots_in_existing_axes(kind):
    ax = pyplot.subplots()[1]
    assert COMPARISON.plot(kind, ax=ax) is ax
