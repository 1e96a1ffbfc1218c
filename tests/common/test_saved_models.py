"""Models carry the version of amzest; those of another one are read with care."""

import copy
import pickle
import warnings

import joblib
import numpy as np
import pytest
import sklearn.exceptions
from dense_classifiers import TorchDenseClassifier
from public_estimators import KINDS, LIGHT, answers, numbers
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import amzest
from amzest import ColumnSelector
from amzest.ensemble import WeightedVotingClassifier
from amzest.exceptions import InconsistentVersionWarning


def older(model, *without, version=None):
    """Return the pickle of a model that an older version would have written."""
    state = {**model.__getstate__(), "_amzest_version": version}
    if version is None:
        del state["_amzest_version"]
    for name in without:
        del state[name]
    # As pickle does it: an empty object, then its state.
    return pickle.dumps(_Frozen(type(model), state))


class _Frozen:
    """Pickled as an object of a class with a state."""

    def __init__(self, cls, state):
        self.parts = cls, state

    def __reduce__(self):
        cls, state = self.parts
        return object.__new__, (cls,), state


@pytest.fixture(scope="module")
def dense():
    return TorchDenseClassifier(max_epochs=1, random_state=0).fit(numbers(), KINDS)


@pytest.mark.parametrize("name", LIGHT)
def test_models_of_this_version_are_read_without_a_word(name, tmp_path):
    estimator, rows = LIGHT[name]
    X = rows()
    model = clone(estimator).fit(X, KINDS)
    state = model.__getstate__()
    assert state["_amzest_version"] == amzest.__version__
    assert not hasattr(model, "_amzest_version")
    joblib.dump(model, tmp_path / "model.joblib")
    for other in (
        pickle.loads(pickle.dumps(model)),
        joblib.load(tmp_path / "model.joblib"),
        copy.copy(model),
        copy.deepcopy(model),
    ):
        assert vars(other).keys() == vars(model).keys()
        for one, two in zip(answers(model, X), answers(other, X), strict=True):
            np.testing.assert_array_equal(one, two)
    assert "_amzest_version" not in clone(model).get_params()


@pytest.mark.parametrize("name", LIGHT)
def test_every_attribute_that_predictions_need_is_missed_on_loading(name):
    estimator, rows = LIGHT[name]
    X = rows()
    model = clone(estimator).fit(X, KINDS)
    before = answers(model, X)
    learnt = vars(model).keys() - vars(estimator).keys()
    # Without the first one a model is not fitted, and raises NotFittedError.
    for missing in learnt - set(type(model)._needed_attributes[:1]):
        data = older(model, missing, version=amzest.__version__)
        if missing in type(model)._needed_attributes:
            with pytest.raises(ValueError, match=f"lacks `{missing}`. Refit it"):
                pickle.loads(data)
        else:
            same_answers(answers_but(missing, pickle.loads(data), X), before)


def answers_but(missing, model, X):
    """Return the answers of a model, where they do not consist of what is missing."""
    if missing in ("oof_proba_", "estimators_") and hasattr(model, "names_"):
        return None
    return answers(model, X)


def same_answers(first, second):
    if first is None:
        return
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("version", "wrote"), [(None, "a version before 0.2"), ("0.0.7", "0.0.7")]
)
def test_another_version_is_named_with_what_to_do(dense, version, wrote):
    with pytest.warns(InconsistentVersionWarning) as caught:
        model = pickle.loads(older(dense, version=version))
    (warning,) = caught
    message = str(warning.message)
    assert f"TorchDenseClassifier was saved by amzest {wrote}" in message
    assert f"loaded by amzest {amzest.__version__}" in message
    assert "Refit it" in message
    assert isinstance(warning.message, sklearn.exceptions.InconsistentVersionWarning)
    assert model.predict(numbers()).tolist() == dense.predict(numbers()).tolist()
    # Copies and new pickles do not warn a second time.
    copy.copy(model)
    clone(model).fit(numbers(), KINDS)
    pickle.loads(pickle.dumps(model))


def test_missing_parameters_get_their_defaults_and_are_named(dense):
    X = numbers()
    for version in (None, "0.0.7", amzest.__version__):
        data = older(dense, "precision", "tol", version=version)
        with pytest.warns(
            InconsistentVersionWarning, match="Missing parameters"
        ) as seen:
            model = pickle.loads(data)
        assert "precision='auto'" in str(seen[0].message)
        assert "tol=0.0001" in str(seen[0].message)
        np.testing.assert_array_equal(model.predict_proba(X), dense.predict_proba(X))
        assert model.get_params()["precision"] == "auto"
        clone(model).fit(X, KINDS)
        repr(model)


def test_a_missing_parameter_without_default_is_an_error():
    model = ColumnSelector("a")
    with pytest.raises(ValueError, match=r"ColumnSelector .* lacks `columns`"):
        pickle.loads(older(model, "columns"))


def test_warnings_come_from_estimators_inside_others(dense):
    X = numbers()
    pipeline = make_pipeline("passthrough", dense)
    vote = WeightedVotingClassifier([("net", clone(dense))]).fit(X, KINDS)
    old = older(dense, "precision", version="0.0.7")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline.steps[1] = (pipeline.steps[1][0], pickle.loads(old))
    vars(vote.estimators_[0]).pop("tol")
    vars(pipeline[-1]).pop("precision")
    for model, name in ((pipeline, "precision"), (vote, "tol")):
        with pytest.warns(InconsistentVersionWarning, match=name):
            loaded = pickle.loads(pickle.dumps(model))
        assert loaded.predict(X).tolist() == dense.predict(X).tolist()


def test_a_subclass_of_a_user_is_named():
    with pytest.warns(InconsistentVersionWarning, match="Mine was saved"):
        pickle.loads(older(Mine(max_epochs=1), version="0.0.7"))


class Mine(TorchDenseClassifier):
    """A class outside of the package."""
