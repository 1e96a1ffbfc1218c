"""A fit that does not end leaves the model that was there before, or none."""

import copy
import pickle
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from dense_classifiers import TorchDenseClassifier
from interrupting import Interrupter
from public_estimators import HEAVY, KINDS, LIGHT, OTHER_KINDS, answers, numbers
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import amzest
from amzest.ensemble import CrossFit
from amzest.utils._fitted_state import _FITTING, _READING

PACKAGE = str(Path(amzest.__file__).parent)
ESTIMATORS = [
    *LIGHT,
    *(pytest.param(name, marks=pytest.mark.slow) for name in HEAVY),
]


def interrupter(at=None, error=KeyboardInterrupt):
    """Return what raises at an event inside the package."""
    return Interrupter(lambda path: path.startswith(PACKAGE), at, error)


def find(name):
    estimator, rows = {**LIGHT, **HEAVY}[name]
    return clone(estimator), rows()


def use(model, X):
    """Use a model for what it is fitted for."""
    if isinstance(model, CrossFit):
        return model.weighted_voting()
    return model.predict(X) if hasattr(model, "predict") else model.transform(X)


def same(first, second):
    return all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_interrupted_refit_leaves_the_old_model(name):
    model, X = find(name)
    model.fit(X, KINDS)
    counter = interrupter()
    counter.run(clone(model).fit, X, OTHER_KINDS)
    n_events = counter.n_events
    before, state = answers(model, X), dict(vars(model))
    spread = np.linspace(1, n_events - 3, 4).astype(int).tolist()
    for at in [*spread, n_events - 2, n_events - 1, n_events]:
        with pytest.raises(KeyboardInterrupt):
            interrupter(at).run(model.fit, X, OTHER_KINDS)
        assert vars(model).keys() == state.keys(), at
        assert all(vars(model)[key] is state[key] for key in state), at
    assert same(answers(model, X), before)
    model.fit(X, OTHER_KINDS)
    assert same(answers(model, X), answers(clone(model).fit(X, OTHER_KINDS), X))


@pytest.mark.parametrize(
    "name", [n for n, (model, _) in LIGHT.items() if hasattr(model, "partial_fit")]
)
def test_interrupted_partial_fit_leaves_the_old_model(name):
    model, X = find(name)
    kinds = [*KINDS[:-4], *["new"] * 4]
    classes = ["garden", "new", "shoes"]
    model.partial_fit(X, KINDS, classes=["garden", "shoes"])
    counter = interrupter()
    counter.run(copy.deepcopy(model).partial_fit, X, kinds, classes)
    before, state = answers(model, X), dict(vars(model))
    for at in (counter.n_events // 2, counter.n_events - 1, counter.n_events):
        with pytest.raises(KeyboardInterrupt):
            interrupter(at).run(model.partial_fit, X, kinds, classes)
        assert vars(model).keys() == state.keys(), at
        assert all(vars(model)[key] is state[key] for key in state), at
    assert same(answers(model, X), before)
    assert model.partial_fit(X, kinds, classes).classes_.tolist() == classes


@pytest.mark.parametrize("name", ESTIMATORS)
def test_interrupted_first_fit_leaves_no_model(name):
    model, X = find(name)
    clone(model).fit(X, KINDS)  # imports are no events of the second one
    counter = interrupter()
    amzest.clear_cache()  # what a full cache removes are events
    counter.run(clone(model).fit, X, KINDS)
    unfitted = dict(vars(model))
    for at in (counter.n_events // 2, counter.n_events):
        amzest.clear_cache()
        with pytest.raises(MemoryError):
            interrupter(at, MemoryError).run(model.fit, X, KINDS)
        assert vars(model) == unfitted
    if name != "selector":  # it needs no fit
        with pytest.raises(NotFittedError):
            use(model, X)


@pytest.mark.parametrize("name", LIGHT)
def test_fit_that_raises_leaves_the_old_model(name):
    model, X = find(name)
    before = answers(model.fit(X, KINDS), X)
    with pytest.raises((ValueError, TypeError)):
        model.fit(X[:0], KINDS[:0])
    if name != "selector":
        for y in ([None, *KINDS[1:]], [1, *KINDS[1:]], KINDS[:-1]):
            with pytest.raises(ValueError, match=r"no label|mixes|inconsistent"):
                model.fit(X, y)
    assert same(answers(model, X), before)


@pytest.mark.usefixtures("interrupts")
def test_a_signal_ends_a_fit_and_leaves_the_old_model():
    X = numbers()
    model = TorchDenseClassifier(max_epochs=2, random_state=0).fit(X, KINDS)
    before = answers(model, X)
    model.set_params(max_epochs=3000)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, OTHER_KINDS)
    timer.join()
    assert same(answers(model, X), before)
    assert model.max_epochs == 3000


class Stopper:
    """A callback that raises at one of its hooks, or examines the estimator there."""

    def __init__(self, hook, look=None):
        self.hook, self.look = hook, look

    def reached(self, hook):
        if hook == self.hook:
            if self.look is None:
                raise RuntimeError(hook)
            self.look()

    def setup(self, estimator, context):
        self.reached("setup")

    def teardown(self, estimator, context):
        self.reached("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.reached(f"{context.task_name} begins")

    def on_fit_task_end(self, estimator, context):
        self.reached(f"{context.task_name} ends")


@pytest.mark.parametrize(
    "hook",
    ["setup", "fit begins", "epoch begins", "epoch ends", "fit ends", "teardown"],
)
def test_callback_that_raises_leaves_the_old_model(hook):
    X = numbers()
    model = TorchDenseClassifier(max_epochs=2, random_state=0).fit(X, KINDS)
    before = answers(model, X)
    model.set_callbacks(Stopper(hook))
    with pytest.raises(RuntimeError, match=hook):
        model.fit(X, OTHER_KINDS)
    assert same(answers(model, X), before)
    after_all = vars(clone(model).set_callbacks().fit(X, KINDS)).keys()
    assert vars(model).keys() == after_all | {"_skl_callbacks"}


def test_during_a_refit_the_old_model_answers():
    X = numbers()
    model = TorchDenseClassifier(max_epochs=2, random_state=0).fit(X, KINDS)
    before, seen = answers(model, X), []
    for hook in ("fit begins", "epoch ends", "fit ends", "teardown"):
        model.set_callbacks(Stopper(hook, lambda: seen.append(answers(model, X))))
        model.fit(X, OTHER_KINDS)
        assert model.predict(X[:1]).tolist() == ["Footwear"]
        model.set_callbacks().fit(X, KINDS)
    assert len(seen) == 5  # two epochs
    assert all(same(one, before) for one in seen)


class RefittedMeanwhile(TorchDenseClassifier):
    """Another fit ends while a prediction is made."""

    def _forward(self, X, output):
        result = super()._forward(X, output)
        self.meanwhile()
        return result


def test_prediction_keeps_to_the_model_that_it_began_with():
    X = numbers()
    model = RefittedMeanwhile(max_epochs=3, random_state=0).fit(X, KINDS)
    model.meanwhile = lambda: None
    before = model.predict(X)
    model.meanwhile = lambda: TorchDenseClassifier.fit(model, X, OTHER_KINDS)
    assert model.predict(X).tolist() == before.tolist()
    assert model.classes_.tolist() == ["Footwear", "Outdoor"]


@pytest.mark.parametrize("name", [*LIGHT, *HEAVY])
def test_methods_from_all_base_classes_use_one_state(name):
    estimator = {**LIGHT, **HEAVY}[name][0]
    # It calls `predict_proba` once and has no other access to the state.
    for method in (_FITTING | _READING) - {"predict_log_proba"}:
        defined = [cls for cls in type(estimator).__mro__ if method in vars(cls)]
        if defined and defined[0].__module__.startswith("amzest"):
            assert hasattr(vars(defined[0])[method], "__wrapped__"), method


def test_nothing_of_the_older_fit_is_left():
    import pandas as pd

    table = pd.DataFrame(numbers(), columns=["a", "b"])
    model = TorchDenseClassifier(max_epochs=1, random_state=0).fit(table, KINDS)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    model.older_ = 1
    model.note = "kept"
    model.fit(numbers(), KINDS)
    assert not hasattr(model, "feature_names_in_")
    assert not hasattr(model, "older_")
    assert model.note == "kept"


def test_parameters_set_meanwhile_are_kept():
    X = numbers()
    model = TorchDenseClassifier(max_epochs=2)
    hook = Stopper("epoch ends", lambda: model.set_params(learning_rate=0.5))
    model.set_callbacks(hook).fit(X, KINDS)
    assert model.learning_rate == 0.5
    assert model.get_params()["learning_rate"] == 0.5


def test_a_random_state_instance_is_advanced():
    X = numbers()
    model = TorchDenseClassifier(max_epochs=1, random_state=np.random.RandomState(0))
    first = model.fit(X, KINDS).predict_proba(X)
    assert (model.fit(X, KINDS).predict_proba(X) != first).any()


def test_subclass_with_its_own_fit_needs_to_do_nothing():
    class Louder(TorchDenseClassifier):
        def fit(self, X, y):
            self.heard_ = True
            super().fit(X, y)
            if list(y) == OTHER_KINDS:
                raise RuntimeError("after the fit of the base")
            return self

    X = numbers()
    model = Louder(max_epochs=1, random_state=0).fit(X, KINDS)
    before = answers(model, X)
    assert model.heard_
    with pytest.raises(RuntimeError):
        model.fit(X, OTHER_KINDS)
    assert same(answers(model, X), before)
    assert model.fit(X, KINDS) is model


def test_the_network_is_built_once():
    X = numbers()
    model = TorchDenseClassifier(max_epochs=1, random_state=0).fit(X, KINDS)
    net = model.net_
    model.predict(X)
    model.transform(X)
    assert model.net_ is net
    assert pickle.loads(pickle.dumps(model)).net_ is not net
