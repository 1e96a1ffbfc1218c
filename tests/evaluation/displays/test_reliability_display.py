import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from amzest.evaluation._displays._reliability_display import ReliabilityDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def probabilities(n_samples=200, n_classes=4):
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(n_classes), n_samples)
    return rng.integers(0, n_classes, n_samples), proba


def test_bins_equal_those_of_scikit_learn():
    y, proba = probabilities()
    frame = ReliabilityDisplay.from_predictions(y, proba, n_bins=8).frame()
    confidence, correct = proba.max(axis=1), proba.argmax(axis=1) == y
    accuracy, mean = calibration_curve(
        correct, confidence, n_bins=8, strategy="quantile"
    )
    np.testing.assert_allclose(frame["confidence"], mean, atol=0.02)
    np.testing.assert_allclose(frame["accuracy"], accuracy, atol=0.1)
    assert frame["n_products"].tolist() == [25] * 8


def test_calibration_error_of_hand_made_bins():
    # Twelve predictions at 0.6, half of them correct, and eight correct ones at 0.9.
    y = [0] * 6 + [1] * 6 + [0] * 8
    proba = [[0.6, 0.4]] * 12 + [[0.9, 0.1]] * 8
    display = ReliabilityDisplay.from_predictions(y, proba, n_bins=2)
    frame = display.frame()
    np.testing.assert_allclose(frame["confidence"], [0.6, 0.9])
    np.testing.assert_allclose(frame["accuracy"], [0.5, 1.0])
    assert frame["n_products"].tolist() == [12, 8]
    error = display.expected_calibration_error
    assert error["Classifier"] == pytest.approx(0.1)
    label = display.ax_.get_legend().get_texts()[0].get_text()
    assert label == "Classifier  (ECE 0.100; 8 to 12 samples per bin)"


def test_bins_do_not_depend_on_the_order_of_rows():
    y, proba = probabilities()
    proba = np.round(proba, 1)
    proba[:, 0] += 1 - proba.sum(axis=1)
    good = (proba >= 0).all(axis=1)
    y, proba = y[good], proba[good]
    first = ReliabilityDisplay.from_predictions(y, proba).frame()
    second = ReliabilityDisplay.from_predictions(y[::-1], proba[::-1]).frame()
    np.testing.assert_allclose(first.iloc[:, 1:], second.iloc[:, 1:])


def test_bins_have_at_least_ten_samples():
    y, proba = probabilities(25)
    frame = ReliabilityDisplay.from_predictions(y, proba).frame()
    assert frame["n_products"].tolist() == [13, 12]
    y, proba = probabilities(1)
    display = ReliabilityDisplay.from_predictions(y, proba, classes=range(4))
    assert display.frame()["n_products"].tolist() == [1]
    display.figure_.canvas.draw()


def test_reliability_of_several_models_in_existing_axes():
    y, proba = probabilities()
    _, ax = plt.subplots()
    display = ReliabilityDisplay.from_predictions(
        y, {"one": proba, "$two": proba[:, ::-1]}, ax=ax
    )
    assert display.ax_ is ax
    assert display.frame()["model"].unique().tolist() == ["one", "$two"]
    assert len(ax.get_lines()) == 3  # the diagonal too
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [label.split("  ")[0] for label in labels] == ["one", "$two"]
    assert ax.get_xlabel() == "mean probability of the predicted class"


def test_reliability_from_estimators():
    X, y = load_iris(return_X_y=True)
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(X, y)
    one = ReliabilityDisplay.from_estimator(clf, X, y).frame()
    assert set(one["model"]) == {"GaussianNB"}
    assert np.average(one["accuracy"], weights=one["n_products"]) == pytest.approx(
        clf.score(X, y)
    )
    fewer = GaussianNB().fit(X[y > 0], y[y > 0])
    both = ReliabilityDisplay.from_estimator({"all": clf, "two": fewer}, X, y).frame()
    assert both["model"].unique().tolist() == ["all", "two"]
    with pytest.raises(TypeError, match="LinearSVC, which has no predict_proba"):
        ReliabilityDisplay.from_estimator(LinearSVC().fit(X, y), X, y)


def test_reliability_validates_arguments():
    y, proba = probabilities()
    with pytest.raises(ValueError, match="has 200 rows, but `y_true` has 9 rows"):
        ReliabilityDisplay.from_predictions(y[:9], proba, classes=range(4))
    with pytest.raises(ValueError, match=r"classes=clf\.classes_"):
        ReliabilityDisplay.from_predictions(y, proba[:, :3] / 3)
    with pytest.raises(ValueError, match="The 'n_bins' parameter"):
        ReliabilityDisplay.from_predictions(y, proba, n_bins=0)
    with pytest.raises(TypeError, match=r"`proba\['a'\]` is an estimator"):
        ReliabilityDisplay.from_predictions(y, {"a": GaussianNB()})
