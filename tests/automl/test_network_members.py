"""Members that are networks: their cost, callbacks within fits, pretrained encoders."""

import time

import numpy as np
import pandas as pd
import pytest
from product_checks import small
from sklearn.naive_bayes import GaussianNB
from tiny_models import tiny_bert

from amzest import AutoClassifier, TextCNNClassifier, TextLinearClassifier
from amzest.automl import _costs, _search
from amzest.automl._budget import last_step
from amzest.automl._candidates import Candidate
from amzest.automl._costs import Cost, measure_cost

TITLES = ["red running shoe", "leather boot", "garden hose", "steel spade"] * 12
LABELS = ["shoes", "shoes", "garden", "garden"] * 12


def test_fitted_members_have_no_callbacks():
    members = [
        ("linear", TextLinearClassifier()),
        ("cnn", small(TextCNNClassifier, random_state=None)),
    ]
    auto = AutoClassifier(None, members, cv=2, random_state=0).fit(TITLES, LABELS)
    assert auto.members_.loc["cnn", "seconds"] > 0
    for model in auto.best_estimator_.estimators_:
        assert not hasattr(last_step(model), "_skl_callbacks")
    assert auto.predict(["boot"]).tolist() == ["shoes"]
    assert auto.used_columns_ == ["x0"]


def test_a_network_is_stopped_between_epochs(monkeypatch):
    # Its time was predicted wrongly.
    monkeypatch.setattr(_search, "measure_cost", lambda *_: Cost(48, 0.01, 0.01))
    network = small(TextCNNClassifier, max_epochs=100_000, calibrate=False)
    members = [("linear", TextLinearClassifier()), ("cnn", network)]
    auto = AutoClassifier(4.0, members, cv=2, random_state=0)
    start = time.monotonic()
    auto.fit(TITLES, LABELS)
    assert time.monotonic() - start < 5
    assert auto.best_name_ == "linear"
    assert auto.members_.loc["cnn", "reason"].startswith("not in time: it would have")


@pytest.fixture
def measure(monkeypatch):
    """Measure a member with given times instead of fits."""

    def measured(member, *seconds, n_rows=48):
        times = iter(seconds)
        monkeypatch.setattr(_costs, "_seconds", lambda _: next(times))
        X, y = pd.DataFrame({"title": TITLES}), np.array(LABELS)
        return measure_cost(Candidate("member", member), X, y, n_rows, None, 0)

    return measured


def test_the_cost_of_a_network_counts_its_epochs(measure):
    # To load the framework, for one and for three epochs, and for predictions
    seconds = 5.0, 2.0, 4.0, 0.1
    network = TextCNNClassifier(max_epochs=50, calibrate=False)
    cost = measure(network, *seconds)
    assert (cost.start, cost.predict) == (5.0, 0.1)
    assert cost.of_fit(48) == 1 + 50  # what precedes the epochs takes a second
    assert measure(TextCNNClassifier(max_epochs=50), *seconds).of_fit(48) == 4 * 51


def test_the_linear_model_holds_out_less_often_in_large_data(measure):
    # For half of the sample, for all of it, and for predictions
    seconds = 1.0, 2.0, 0.1
    linear = TextLinearClassifier()
    # None of 48 rows is held out, 3 parts of 1,000 and one of 10,000.
    assert measure(linear, *seconds).of_fit(48) == 2.0
    assert measure(linear, *seconds, n_rows=1000).of_fit(48) == 2.0 * 7
    assert measure(linear, *seconds, n_rows=10_000).of_fit(48) == 2.0 * 3
    # The time of others may grow faster than the number of rows.
    assert measure(GaussianNB(), 1.0, 2.5, 0.1).exponent == pytest.approx(np.log2(2.5))
    assert measure(GaussianNB(), 1.0, 8.0, 0.1).exponent == 1.5


def test_pretrained_members_encode_once(tmp_path):
    tiny_bert(tmp_path / "bert")
    auto = AutoClassifier(
        members=["text_linear", "text_pretrained"],
        text_encoder=tmp_path / "bert",
        cv=2,
        random_state=0,
    ).fit(TITLES, LABELS)
    pretrained = auto.members_.loc["text_pretrained"]
    assert pretrained["status"] in ("kept", "dropped")
    assert pretrained["predicted_seconds"] > 0


@pytest.mark.slow
def test_image_members_are_fitted():
    rng = np.random.default_rng(0)
    colours = np.repeat([40, 200], 24)[:, None, None, None]
    images = (colours + rng.integers(0, 40, (48, 32, 32, 3))).astype(np.uint8)
    labels = np.repeat(["dark", "light"], 24)
    auto = AutoClassifier(60, cv=2, random_state=0).fit(images, labels)
    assert auto.columns_["kind"].tolist() == ["image"]
    assert auto.best_name_ == "image_cnn"
    assert auto.predict(images[[0, -1]]).tolist() == ["dark", "light"]
