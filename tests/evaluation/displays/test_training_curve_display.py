import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest.evaluation._displays._training_curve_display import TrainingCurveDisplay

LOSSES = {"Text CNN": [0.9, 0.5, 0.4], "_Image $x$": [0.8, 0.7]}
SCORES = {"Text CNN": [0.6, 0.8, 0.7], "_Image $x$": None}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def network(**settings):
    return MLPClassifier(
        4, solver="sgd", n_iter_no_change=1, tol=1.0, random_state=0, **settings
    )


def test_frame_of_curves_has_a_row_for_each_epoch():
    frame = TrainingCurveDisplay.from_curves(LOSSES, SCORES).frame()
    assert frame["model"].tolist() == ["Text CNN"] * 3 + ["_Image $x$"] * 2
    assert frame["epoch"].tolist() == [1, 2, 3, 1, 2]
    assert frame["loss"].tolist() == [0.9, 0.5, 0.4, 0.8, 0.7]
    np.testing.assert_array_equal(
        frame["validation_score"], [0.6, 0.8, 0.7, np.nan, np.nan]
    )


def test_plot_of_losses_and_scores():
    display = TrainingCurveDisplay.from_curves(LOSSES, SCORES)
    losses, scores = display.axes_
    assert losses.get_ylabel() == "training loss"
    assert scores.get_ylabel() == "validation score"
    assert scores.get_xlabel() == "epoch"
    assert [len(line.get_xdata()) for line in losses.get_lines()] == [3, 2]
    curve, best = scores.get_lines()
    assert len(curve.get_xdata()) == 3
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (2, 0.8)
    labels = [text.get_text() for text in losses.get_legend().get_texts()]
    assert labels == ["Text CNN  (best score 0.800, epoch 2)", "_Image $x$"]
    display.figure_.canvas.draw()


def test_plot_of_losses_in_existing_axes():
    _, ax = plt.subplots()
    display = TrainingCurveDisplay.from_curves([0.5], ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.axes_.tolist() == [ax]
    assert len(ax.get_lines()) == 1


def test_plot_of_scores_stays_within_existing_axes():
    figure, (left, right) = plt.subplots(1, 2)
    display = TrainingCurveDisplay.from_curves(LOSSES, SCORES, ax=left)
    figure.canvas.draw()
    outside = right.get_position().x0
    assert all(panel.get_position().x1 < outside for panel in display.axes_)


def test_from_estimator_of_one_network(iris):
    clf = network(early_stopping=True).fit(*iris)
    display = TrainingCurveDisplay.from_estimator(clf)
    frame = display.frame()
    assert set(frame["model"]) == {"MLPClassifier"}
    assert frame["loss"].tolist() == clf.loss_curve_
    assert frame["validation_score"].tolist() == clf.validation_scores_


def test_scores_of_further_epochs_have_no_loss(iris):
    clf = network(early_stopping=True).fit(*iris)
    clf.loss_curve_, clf.validation_scores_ = [0.9, 0.5], [0.6, 0.8, 0.7]
    display = TrainingCurveDisplay.from_estimator(clf)
    frame = display.frame()
    np.testing.assert_array_equal(frame["loss"], [0.9, 0.5, np.nan])
    assert frame["validation_score"].tolist() == [0.6, 0.8, 0.7]
    assert display.axes_[0].get_ylim()[0] == 0
    display.figure_.canvas.draw()


def test_from_estimator_of_pipelines_ensembles_and_searches(iris):
    pipe = make_pipeline(StandardScaler(), network())
    voting = VotingClassifier([("small", pipe), ("same", network())]).fit(*iris)
    stack = StackingClassifier([("only", network())], network(), cv=2).fit(*iris)
    search = GridSearchCV(pipe, {"mlpclassifier__alpha": [0.1]}, cv=2).fit(*iris)
    models = {"vote": voting, "stack": stack, "search": search}
    frame = TrainingCurveDisplay.from_estimator(models).frame()
    assert frame["model"].unique().tolist() == [
        "vote / small / mlpclassifier",
        "vote / same",
        "stack / only",
        "stack",
        "search",
    ]


def test_from_estimator_without_network(iris):
    with pytest.raises(ValueError, match="'StandardScaler' contains no network"):
        TrainingCurveDisplay.from_estimator(StandardScaler().fit(*iris))
    with pytest.raises(ValueError, match="'net' contains no network"):
        TrainingCurveDisplay.from_estimator({"net": network()})


@pytest.mark.parametrize(
    ("losses", "scores", "message"),
    [
        ([], None, "`loss_curves` of 'Network' has shape"),
        ([[1.0]], None, "expected one number per epoch"),
        ([1.0], [0.5, 0.6], "has 2 epochs, its loss curve has 1 epoch"),
        ({"a": [1.0]}, {"b": [1.0]}, r"has the models \['b'\]"),
        ({"a": [1.0]}, [1.0], "must be a dict if"),
    ],
)
def test_from_curves_validates_arguments(losses, scores, message):
    with pytest.raises(ValueError, match=message):
        TrainingCurveDisplay.from_curves(losses, scores)
