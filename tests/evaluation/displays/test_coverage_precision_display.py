import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest.evaluation._displays._coverage_precision_display import (
    CoveragePrecisionDisplay,
)

TRUTH = ["a", "b", "b", "b", "a"]
PROBA = [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_frame_of_coverage_joins_equal_thresholds():
    frame = CoveragePrecisionDisplay.from_predictions(TRUTH, PROBA).frame()
    assert frame["threshold"].tolist() == [0.9, 0.8, 0.7, 0.6]
    assert frame["coverage"].tolist() == [0.2, 0.6, 0.8, 1.0]
    assert frame["precision"].tolist() == [1, 1, 0.75, 0.8]
    assert frame["n_answered"].tolist() == [1, 3, 4, 5]


def test_precision_equals_accuracy_above_the_threshold():
    rng = np.random.default_rng(0)
    y, proba = rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60)
    frame = CoveragePrecisionDisplay.from_predictions(y, proba).frame()
    for row in frame.itertuples():
        kept = proba.max(axis=1) >= row.threshold
        assert row.coverage == pytest.approx(kept.mean())
        score = accuracy_score(y[kept], proba[kept].argmax(axis=1))
        assert row.precision == pytest.approx(score)


def test_highest_coverage_at_the_target_precision():
    display = CoveragePrecisionDisplay.from_predictions(
        TRUTH, PROBA, target_precision=0.78
    )
    assert display.at_target()["coverage"].tolist() == [1.0]
    display = CoveragePrecisionDisplay(display.frame(), target_precision=0.95)
    assert display.at_target()["threshold"].tolist() == [0.8]
    assert CoveragePrecisionDisplay(display.frame(), None).at_target().empty


def test_plot_of_coverage_marks_the_target():
    display = CoveragePrecisionDisplay.from_predictions(
        TRUTH, {"good": PROBA, "bad": [[0.1, 0.9], *[[0.9, 0.1]] * 3, [0.2, 0.8]]}
    )
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [
        "good  (coverage 60%, threshold 0.80)",
        "bad  (precision 0.95 not reached)",
    ]
    # Target, two curves and one mark.
    lines = display.ax_.get_lines()
    assert len(lines) == 4
    assert (lines[2].get_xdata(), lines[2].get_ydata()) == (0.6, 1.0)
    assert display.ax_.texts[0].get_text() == "target\n0.95"
    display.figure_.canvas.draw()


def test_plot_of_coverage_without_target_in_existing_axes():
    _, ax = plt.subplots()
    display = CoveragePrecisionDisplay.from_predictions(
        TRUTH, PROBA, target_precision=None, ax=ax
    )
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert len(ax.get_lines()) == 1
    assert ax.get_legend().get_texts()[0].get_text() == "Classifier"


def test_plot_of_a_model_with_equal_probabilities():
    display = CoveragePrecisionDisplay.from_predictions(["a", "b"], [[0.7, 0.3]] * 2)
    assert display.frame()["precision"].tolist() == [0.5]
    display.figure_.canvas.draw()


def test_coverage_from_estimators():
    X, y = load_iris(return_X_y=True)
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(X, y)
    frame = CoveragePrecisionDisplay.from_estimator(clf, X, y).frame()
    assert set(frame["model"]) == {"GaussianNB"}
    assert frame["precision"].iloc[-1] == pytest.approx(clf.score(X, y))
    both = CoveragePrecisionDisplay.from_estimator({"a": clf, "b": clf}, X, y)
    assert both.frame()["model"].unique().tolist() == ["a", "b"]


@pytest.mark.parametrize("target", [0, 1.2, "high"])
def test_target_precision_is_validated(target):
    with pytest.raises(ValueError, match="The 'target_precision' parameter"):
        CoveragePrecisionDisplay.from_predictions(TRUTH, PROBA, target_precision=target)
