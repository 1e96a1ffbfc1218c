"""The classifier of texts on top of a frozen encoder; see also the common checks."""

import copy
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from public_estimators import KINDS, TITLES
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.model_selection import GridSearchCV, cross_val_score
from tiny_models import tiny_bert

from amzest import PretrainedTextClassifier, PretrainedTextEncoder
from amzest.ensemble import CrossFit
from amzest.pretrained import _incremental_head, _text_model
from amzest.pretrained import _pretrained_text_classifier as module
from amzest.text import TextLinearClassifier
from amzest.utils import cache_info, clear_cache, set_cache_limit


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("encoder")))


@pytest.fixture
def classifier(model):
    return PretrainedTextClassifier(model, random_state=0)


@pytest.fixture
def encoded(monkeypatch):
    """Return the list of all texts that are encoded, with an empty cache."""
    clear_cache()
    texts = []
    encode = _text_model.TextModel.encode

    def counted(self, given):
        texts.extend(given)
        return encode(self, given)

    monkeypatch.setattr(_text_model.TextModel, "encode", counted)
    return texts


@pytest.fixture
def fits(monkeypatch):
    """Return the arguments of all fits of a head."""
    calls = []
    fit_head = _incremental_head.fit_head

    def recorded(X, targets, n_classes, weights, **options):
        calls.append({"X": X, "targets": targets, "weights": weights, **options})
        return fit_head(X, targets, n_classes, weights, **options)

    monkeypatch.setattr(_incremental_head, "fit_head", recorded)
    return calls


def test_transform_gives_the_vectors_of_the_encoder(classifier, model):
    texts = [*TITLES, None]
    vectors = classifier.fit(TITLES, KINDS).transform(texts)
    np.testing.assert_array_equal(
        vectors, PretrainedTextEncoder(model).fit_transform(texts)
    )


def test_the_head_is_fitted_on_rows_with_text_and_weight(classifier, fits):
    X = [*TITLES[:-1], None]
    weights = np.ones(len(X))
    weights[0] = 0
    classifier.set_params(class_weight={"shoes": 3.0}).fit(X, KINDS, weights)
    (call,) = fits
    assert len(call["X"]) == len(X) - 2
    shoes = np.array(KINDS[1:-1]) == "shoes"
    np.testing.assert_array_equal(call["weights"], np.where(shoes, 3.0, 1.0))
    np.testing.assert_array_equal(call["targets"], shoes)


def test_copies_of_a_text_share_a_group(classifier, fits):
    X = [*TITLES, TITLES[3], "a very old boot for the garden", "A very old boot, for "]
    X[-1] += "the garden!"
    classifier.fit(X, [*KINDS, "shoes", "shoes", "shoes"])
    groups = fits[0]["groups"]
    assert groups[3] == groups[3 + len(TITLES) // 2] == groups[len(TITLES)]
    assert groups[-1] == groups[-2]
    assert len(set(groups)) == len(set(TITLES)) + 1


def test_the_seed_of_the_head(classifier, fits):
    for seed in (0, 0, 1):
        clone(classifier).set_params(random_state=seed).fit(TITLES, KINDS)
    assert fits[0]["seed"] == fits[1]["seed"] != fits[2]["seed"]


def test_several_columns(classifier):
    frame = pd.DataFrame({"title": TITLES, "text": TITLES[::-1]})
    frame.loc[0, "title"] = None
    frame.loc[1, ["title", "text"]] = [None, " "]
    fitted = classifier.fit(frame, KINDS)
    assert fitted.transform(frame).shape == (len(TITLES), 64)
    proba, present = fitted.predict_proba_and_presence(frame)
    assert present.tolist() == [True, False] + [True] * (len(TITLES) - 2)
    np.testing.assert_array_equal(proba[1], fitted.class_prior_)


def test_predictions_in_parts(classifier, monkeypatch):
    X = [*TITLES, None, *TITLES[:5]]
    proba, present = classifier.fit(TITLES, KINDS).predict_proba_and_presence(X)
    monkeypatch.setattr(module, "_ROWS_PER_PART", 7)
    parts = classifier.predict_proba_and_presence(X)
    np.testing.assert_allclose(parts[0], proba, rtol=1e-5)
    np.testing.assert_array_equal(parts[1], present)


def test_a_model_that_is_too_large_for_the_cache_is_loaded_once_per_prediction(
    classifier, monkeypatch
):
    fitted = classifier.set_params(cache=False).fit(TITLES, KINDS)
    monkeypatch.setattr(module, "_ROWS_PER_PART", 5)
    loaded = []
    load = _text_model.load_text_network
    monkeypatch.setattr(
        _text_model,
        "load_text_network",
        lambda *args: loaded.append(args) or load(*args),
    )
    limit = cache_info().max_bytes
    set_cache_limit(0)
    try:
        fitted.predict(TITLES)
    finally:
        set_cache_limit(limit)
    assert len(loaded) == 1


@pytest.mark.parametrize("trainable", ["tail", 3, None])
def test_bad_values_of_trainable(classifier, trainable):
    with pytest.raises(ValueError, match="'trainable' parameter"):
        classifier.set_params(trainable=trainable).fit(TITLES, KINDS)


def test_one_fit_is_reported_to_callbacks(classifier):
    monitor = ScoringMonitor(scoring="accuracy")
    fitted = classifier.set_callbacks(monitor).fit(TITLES, KINDS)
    log = monitor.get_logs().data_as_pandas
    assert log["task_name"].tolist() == ["fit"]
    assert log["accuracy"].tolist() == [fitted.score(TITLES, KINDS)]


# Encoded once ----------------------------------------------------------------------


def test_a_search_encodes_each_text_once(classifier, encoded):
    search = GridSearchCV(classifier, {"class_weight": [None, "balanced"]}, cv=3)
    search.fit(TITLES, KINDS)
    search.predict(TITLES)
    assert sorted(encoded) == sorted(set(TITLES))


def test_crossfit_encodes_each_text_once(classifier, encoded):
    members = [("linear", TextLinearClassifier()), ("pretrained", classifier)]
    crossfit = CrossFit(members, cv=3, random_state=0).fit(TITLES, KINDS)
    crossfit.estimators_["pretrained"].predict(TITLES)
    assert sorted(encoded) == sorted(set(TITLES))


def test_processes_share_a_cache_in_a_folder(classifier, encoded, tmp_path):
    cached = clone(classifier).set_params(cache=str(tmp_path))
    first = cross_val_score(cached, TITLES, KINDS, cv=2, n_jobs=1)
    assert sorted(encoded) == sorted(set(TITLES))
    clear_cache()
    np.testing.assert_array_equal(
        cross_val_score(cached, TITLES, KINDS, cv=2, n_jobs=1), first
    )
    assert len(encoded) == len(set(TITLES))


def test_without_a_cache_nothing_is_kept(classifier, encoded):
    fitted = classifier.set_params(cache=False).fit(TITLES, KINDS)
    n_fit = len(encoded)
    assert n_fit == len(set(TITLES))
    fitted.predict(TITLES)
    assert len(encoded) == 2 * n_fit


def test_the_model_is_not_loaded_if_all_vectors_are_in_the_cache(
    classifier, tmp_path, monkeypatch
):
    cached = clone(classifier).set_params(cache=tmp_path).fit(TITLES, KINDS)
    clear_cache()
    monkeypatch.setattr(
        "amzest.pretrained._text_input.live_text_model", lambda *args, **kw: 1 / 0
    )
    clone(cached).fit(TITLES, KINDS).predict(TITLES)
    with pytest.raises(ZeroDivisionError):
        cached.predict(["umbrella"])


# Files of the model ----------------------------------------------------------------


def test_a_pickle_holds_no_weights(classifier):
    fitted = classifier.fit(TITLES, KINDS)
    proba = fitted.predict_proba(TITLES)
    pickled = pickle.dumps(fitted)
    assert len(pickled) < 5_000 + fitted.head_.n_bytes
    clear_cache()
    np.testing.assert_array_equal(pickle.loads(pickled).predict_proba(TITLES), proba)


def test_changed_weights_are_an_error(model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "own")
    fitted = PretrainedTextClassifier(folder).fit(TITLES, KINDS)
    copied = pickle.dumps(fitted)
    tiny_bert(folder, seed=1)
    for classifier in (fitted, pickle.loads(copied)):
        for method in ("predict", "predict_proba", "transform"):
            with pytest.raises(ValueError, match="its files are not those"):
                getattr(classifier, method)(TITLES)


def test_embedded_weights(model, tmp_path):
    folder = shutil.copytree(model, tmp_path / "own")
    fitted = PretrainedTextClassifier(folder, embed_weights=True).fit(TITLES, KINDS)
    proba = fitted.predict_proba(TITLES)
    shutil.rmtree(folder)
    clear_cache()
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copied.predict_proba(TITLES), proba)


def test_parameters_set_after_fit_do_not_change_the_encoder(classifier):
    fitted = classifier.fit(TITLES, KINDS)
    proba = fitted.predict_proba(TITLES)
    other = copy.deepcopy(fitted).set_params(
        model="/nowhere", pooling="cls", max_length=3, prompt="query: "
    )
    np.testing.assert_array_equal(other.predict_proba(TITLES), proba)
