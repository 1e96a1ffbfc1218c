"""Common checks of classifiers of texts or images.

scikit-learn's own checks run one check, silently, on an estimator that takes no table
of numbers. These take their place: each is a function of a :class:`Case`, and every
public classifier has to pass all of them.
"""

import copy
import gc
import io
import os
import pickle
import pickletools
import random
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from amzest.neural import BaseNeuralClassifier
from amzest.text import BaseTextClassifier, TextLinearClassifier

#: Checks of all classifiers, and of those that are networks.
CHECKS: list[Callable[["Case"], None]] = []
NETWORK_CHECKS: list[Callable[["Case"], None]] = []

#: Fitted models that checks share, and their state after the fit.
FITTED: dict[str, tuple[Any, str]] = {}


def state_of(model: Any) -> str:
    return str(joblib.hash(vars(model)))


def check_shared_models() -> None:
    """Raise if a check has changed a model of other checks."""
    for key, (model, state) in list(FITTED.items()):
        if state_of(model) != state:
            del FITTED[key]
            pytest.fail("the check changes `case.fitted`, which others use")


#: Parameters of the training of networks, which other models do not have.
TRAINING = {"batch_size", "early_stopping", "learning_rate", "max_epochs"}


@dataclass(frozen=True)
class Case:
    """A classifier with small settings, and rows it can read.

    `quiet` are the settings that take all noise but the order of rows out of training.
    """

    classifier: BaseEstimator
    X: np.ndarray  # object, no missing cell
    y: np.ndarray  # strings
    column: str
    quiet: dict[str, Any]
    unreadable: Any

    @property
    def is_text(self) -> bool:
        return isinstance(self.X[0], str)

    @property
    def is_network(self) -> bool:
        trains = getattr(self.classifier, "trainable", "all") != "head"
        return trains and hasattr(self.classifier, "max_epochs")

    def make(self, **params: Any) -> Any:
        if not self.is_network:
            params = {
                name: value
                for name, value in params.items()
                if name not in TRAINING or hasattr(self.classifier, name)
            }
        return clone(self.classifier).set_params(**params)

    def fit(self, **params: Any) -> Any:
        return self.make(**params).fit(self.X, self.y)

    @property
    def fitted(self) -> Any:
        """A fitted model that other checks use as well, and none may change."""
        key = joblib.hash([repr(self.classifier), self.X.tolist(), self.y.tolist()])
        if key not in FITTED:
            model = self.fit()
            FITTED[key] = model, state_of(model)
        return FITTED[key][0]

    @property
    def required(self) -> dict[str, Any]:
        """The parameters that have no default."""
        return {
            name: getattr(self.classifier, name)
            for name, parameter in signature(type(self.classifier)).parameters.items()
            if parameter.default is parameter.empty
        }

    def make_default(self) -> Any:
        return type(self.classifier)(**self.required)


def check(function: Callable[[Case], None]) -> Callable[[Case], None]:
    CHECKS.append(function)
    return function


def network_check(function: Callable[[Case], None]) -> Callable[[Case], None]:
    NETWORK_CHECKS.append(function)
    return function


def column_of(cells: Any) -> np.ndarray:
    """Put cells into an object array one by one."""
    column = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        column[i] = cell
    return column


#: Settings of every text and of every image network in the common checks.
SMALL = {
    "text": {"embedding_size": 8, "n_buckets": 512, "max_epochs": 3},
    "image": {"image_size": 32, "max_epochs": 3, "batch_size": 16},
}


def small(network: type, **params: Any) -> BaseEstimator:
    """Return a classifier that is fast to fit: the checks do not test accuracy."""
    if network is TextLinearClassifier:
        return network(**{"random_state": 0, **params})
    kind = "text" if issubclass(network, BaseTextClassifier) else "image"
    shared = {**SMALL[kind], "random_state": 0}
    return network(**{**shared, **network._test_params, **params})


def quiet_params(classifier: BaseEstimator) -> dict[str, Any]:
    """Return the settings without which training has no noise but the row order."""
    off = {"augmentation": False}
    return {
        name: off.get(name, 0.0)
        for name in classifier.get_params()
        if name in off or name.endswith("dropout")
    }


def same(first: Any, second: Any, X: Any) -> None:
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


# Labels ----------------------------------------------------------------------------


@check
def check_labels_come_back_as_they_came_in(case):
    strings = sorted(set(case.y))
    forms = {
        "strings": (list(case.y), strings),
        "gapped integers": (
            [10 * strings.index(label) + 3 for label in case.y],
            [10 * i + 3 for i in range(len(strings))],
        ),
        "categorical": (pd.Series(case.y, dtype="category"), strings),
        "pandas strings": (pd.Series(case.y, dtype="string"), strings),
    }
    expected = None
    for name, (y, classes) in forms.items():
        model = case.make().fit(case.X, y)
        assert model.classes_.tolist() == classes, name
        predicted = model.predict(case.X).tolist()
        assert {type(label) for label in predicted} == {type(classes[0])}, name
        assert set(predicted) <= set(classes), name
        proba = model.predict_proba(case.X)
        expected = proba if expected is None else expected
        np.testing.assert_array_equal(proba, expected, err_msg=name)


@check
def check_boolean_labels(case):
    y = case.y == case.y[0]
    model = case.make().fit(case.X, y)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(case.X).dtype == bool


@check
def check_one_class_is_a_clear_error(case):
    with pytest.raises(ValueError, match="only one class"):
        case.make().fit(case.X, ["same"] * len(case.X))


@check
def check_presence_of_missing_samples(case):
    X = column_of(case.X)
    X[1] = None
    model = case.fitted
    proba, present = model.predict_proba_and_presence(X)
    assert present.tolist() == [row != 1 for row in range(len(X))]
    np.testing.assert_array_equal(proba, model.predict_proba(X))
    np.testing.assert_array_equal(proba[1], model.class_prior_)


@check
def check_missing_label_is_named(case):
    y = column_of(case.y)
    y[3] = None
    with pytest.raises(ValueError, match="`y` has no label in row 3"):
        case.make().fit(case.X, y)


@check
def check_lengths_must_agree(case):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        case.make().fit(case.X, case.y[:-1])


# Rows ------------------------------------------------------------------------------


@check
def check_containers_are_read_alike(case):
    X = case.X
    forms = [
        list(X),
        pd.Series(X),
        pd.Series(X, index=np.arange(len(X))[::-1]),
        pd.DataFrame({case.column: X}),
        X[:, None],
    ]
    assert case.fitted.n_features_in_ == 1
    expected = case.fitted.predict_proba(X)
    for form in forms:
        model = case.make().fit(form, case.y)
        assert model.n_features_in_ == 1
        np.testing.assert_array_equal(model.predict_proba(form), expected)


@check
def check_one_row(case):
    model = case.fitted
    proba = model.predict_proba(case.X)
    for row in (0, len(case.X) - 1):
        alone = model.predict_proba(case.X[row : row + 1])
        assert alone.shape == (1, len(model.classes_))
        np.testing.assert_allclose(alone[0], proba[row], atol=1e-5)
        assert model.predict(case.X[row : row + 1]).shape == (1,)
        assert model.transform(case.X[row : row + 1]).shape[0] == 1


@check
def check_order_of_rows_does_not_change_a_prediction(case):
    model = case.fitted
    order = np.random.default_rng(0).permutation(len(case.X))
    np.testing.assert_allclose(
        model.predict_proba(case.X[order]),
        model.predict_proba(case.X)[order],
        atol=1e-5,
    )
    np.testing.assert_allclose(
        model.transform(case.X[order]), model.transform(case.X)[order], atol=1e-4
    )


@check
def check_no_rows_is_a_clear_error(case):
    with pytest.raises(ValueError, match="0 rows"):
        case.make().fit(case.X[:0], case.y[:0])


@check
def check_a_single_cell_is_a_clear_error(case):
    model = case.fitted
    cell = "one title" if case.is_text else "image.jpg"
    with pytest.raises(TypeError, match="Wrap one"):
        model.predict(cell)
    with pytest.raises(TypeError, match="expected a column"):
        model.predict(3.0)


@check
def check_bad_cell_is_named_by_column_and_row(case):
    X = case.X.copy()
    X[5] = case.unreadable
    frame = pd.DataFrame({case.column: X})
    with pytest.raises((TypeError, ValueError), match=f"`{case.column}` row 5"):
        case.make().fit(frame, case.y)
    with pytest.raises((TypeError, ValueError), match=f"`{case.column}` row 5"):
        case.make().fit(pd.DataFrame({case.column: case.X}), case.y).predict(frame)


@check
def check_two_columns(case):
    frame = pd.DataFrame({case.column: case.X, "second": case.X[::-1]})
    if not case.is_text:
        with pytest.raises(ValueError, match="expects one"):
            case.make().fit(frame, case.y)
        return
    model = case.make().fit(frame, case.y)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == [case.column, "second"]
    swapped = frame.set_axis(["second", case.column], axis=1)[[case.column, "second"]]
    assert not np.allclose(
        model.predict_proba(frame), model.predict_proba(swapped), atol=1e-6
    ), "a column keeps its identity"
    with pytest.raises(ValueError, match="fitted on 2"):
        model.predict(case.X)


@check
def check_rows_never_seen_are_read(case):
    model = case.fitted
    if case.is_text:
        unseen = ["Zqxvblort", "Wjfgupykk", "☕ 日本語", "!!! ???"]
    else:
        rng = np.random.default_rng(0)
        unseen = [
            rng.integers(0, 255, shape).astype(np.uint8)
            for shape in ((50, 20, 3), (3, 90), (64, 64, 4), (1, 1, 1))
        ]
    proba = model.predict_proba(column_of(unseen))
    assert np.isfinite(proba).all()
    assert np.abs(proba[0] - proba[1]).max() > 1e-6, "an unseen row has a vector"


@check
def check_probabilities(case):
    proba = case.fitted.predict_proba(case.X)
    assert proba.dtype == np.float64
    assert proba.shape == (len(case.X), len(set(case.y)))
    assert (proba >= 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)


@check
def check_predictions_leave_no_garbage(case):
    """Memory of large tables would otherwise grow until Python looks for cycles."""
    model = case.fitted
    model.predict_proba(case.X)

    def garbage() -> int:
        for _ in range(3):  # what is freed may free more
            gc.collect()
        gc.disable()
        try:
            model.predict_proba(case.X[:-1])
            return gc.collect()
        finally:
            gc.enable()

    # Once or twice it may be that of another thread.
    assert 0 in (garbage() for _ in range(3))


@check
def check_it_learns(case):
    model = case.fit(max_epochs=30)
    assert model.score(case.X, case.y) > 0.9
    if case.is_network:
        assert model.loss_curve_[-1] < model.loss_curve_[0]


@check
def check_score_is_accuracy(case):
    model = case.fitted
    weights = np.arange(len(case.y))
    assert model.score(case.X, case.y) == accuracy_score(case.y, model.predict(case.X))
    assert model.score(case.X, case.y, sample_weight=weights) == pytest.approx(
        accuracy_score(case.y, model.predict(case.X), sample_weight=weights)
    )


# Missing cells ---------------------------------------------------------------------

MISSING = [None, np.nan, pd.NA, "", "  "]


@check
def check_missing_rows_get_the_class_frequencies(case):
    X = case.X.copy()
    X[: len(MISSING)] = MISSING
    model = case.make().fit(X, case.y)
    frequencies = pd.Series(case.y).value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(model.class_prior_, frequencies)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(
        proba[: len(MISSING)], np.tile(frequencies, (len(MISSING), 1))
    )
    assert (model.transform(X)[: len(MISSING)] == 0).all()
    assert np.abs(proba[len(MISSING) :] - frequencies.to_numpy()).max() > 1e-3


@check
def check_only_missing_rows(case):
    nothing = column_of([None] * len(case.X))
    with pytest.raises(ValueError, match="is missing in all"):
        case.make().fit(nothing, case.y)
    model = case.fitted
    np.testing.assert_array_equal(
        model.predict_proba(nothing), np.tile(model.class_prior_, (len(nothing), 1))
    )
    assert model.transform(nothing).shape == model.transform(case.X).shape
    assert len(model.predict(nothing)) == len(nothing)


@check
def check_a_class_without_anything_to_read(case):
    X = case.X.copy()
    X[case.y == case.y[0]] = None
    model = case.make().fit(X, case.y)
    assert case.y[0] in model.classes_
    assert np.isfinite(model.predict_proba(case.X)).all()


# Weights ---------------------------------------------------------------------------


@check
def check_zero_weight_equals_removal(case):
    keep = np.arange(len(case.X)) % 3 > 0
    weighted = case.make().fit(case.X, case.y, sample_weight=keep.astype(float))
    removed = case.make().fit(case.X[keep], case.y[keep])
    np.testing.assert_allclose(
        weighted.predict_proba(case.X), removed.predict_proba(case.X), atol=1e-5
    )


@check
def check_weight_equals_repetition(case):
    settings = {"batch_size": 10_000, "max_epochs": 8, **case.quiet}
    weights = np.arange(len(case.X)) % 3 + 1
    if not case.is_text:
        # Batch normalisation counts rows, not weights: equal repetition is exact, and
        # unequal weights move the shares of the categories as repetition does.
        doubled = case.make(**settings).fit(case.X, case.y, np.full(len(case.X), 2.0))
        twice = case.make(**settings).fit(case.X.repeat(2), case.y.repeat(2))
        np.testing.assert_allclose(
            doubled.predict_proba(case.X), twice.predict_proba(case.X), atol=2e-3
        )
        weights = np.where(case.y == case.y[0], 6, 1)
    weighted = case.make(**settings).fit(case.X, case.y, sample_weight=weights)
    repeated = case.make(**settings).fit(case.X.repeat(weights), case.y.repeat(weights))
    np.testing.assert_allclose(weighted.class_prior_, repeated.class_prior_)
    ours, theirs = weighted.predict_proba(case.X), repeated.predict_proba(case.X)
    if case.is_text:
        np.testing.assert_allclose(ours, theirs, atol=2e-3)
    else:
        plain = case.fit(**settings).predict_proba(case.X).mean(axis=0)
        gap = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)).max()
        assert gap < 0.5 * np.abs(plain - theirs.mean(axis=0)).max()


@check
def check_class_weight(case):
    # Of equal rows there is nothing to learn but the weights.
    alike = column_of([case.X[0]] * len(case.X))
    label = case.y[0]
    plain, heavy = (
        case.make(max_epochs=15, learning_rate=0.05, class_weight=weight).fit(
            alike, case.y
        )
        for weight in (None, {label: 10.0})
    )
    place = list(plain.classes_).index(label)
    light, weighed = (model.predict_proba(alike)[0, place] for model in (plain, heavy))
    assert weighed > light + 0.2
    y = case.y
    X = case.X[(y != label) | (np.arange(len(y)) % 2 == 0)]
    y = y[(y != label) | (np.arange(len(y)) % 2 == 0)]
    labels, counts = np.unique(y, return_counts=True)
    weights = dict(zip(labels, len(y) / (len(labels) * counts), strict=True))
    np.testing.assert_allclose(
        case.make(class_weight="balanced").fit(X, y).predict_proba(X),
        case.make(class_weight=weights).fit(X, y).predict_proba(X),
        atol=1e-4,
    )


# Parameters and state --------------------------------------------------------------


@check
def check_parameters_round_trip(case):
    model = case.fitted
    params = model.get_params()
    fresh = clone(model)
    assert str(fresh.get_params()) == str(params)
    with pytest.raises(NotFittedError):
        fresh.predict(case.X)
    assert fresh.set_params(random_state=7).random_state == 7
    fresh = clone(model)
    same(clone(model).fit(case.X, case.y), model, case.X)


@check
def check_parameters_are_stored_as_given(case):
    for name, parameter in signature(type(case.classifier)).parameters.items():
        assert parameter.kind is not parameter.VAR_KEYWORD
        expected = case.required.get(name, parameter.default)
        stored = getattr(case.make_default(), name)
        assert stored is expected or stored == expected


@check
def check_bad_parameters_are_named(case):
    bad = {
        "learning_rate": -1.0,
        "max_epochs": 0,
        "batch_size": 0,
        "dropout": 1.0,
        "label_smoothing": -0.1,
        "weight_decay": -1.0,
        "class_weight": "fair",
        "validation_fraction": 0.0,
        "n_iter_no_change": 0,
        "device": "abacus",
        "random_state": "seven",
    }
    bad = {name: value for name, value in bad.items() if hasattr(case.classifier, name)}
    assert len(bad) == 11 or not case.is_network
    for name, value in bad.items():
        with pytest.raises((ValueError, TypeError), match=name):
            case.make(**{name: value}).fit(case.X, case.y)


@check
def check_not_fitted(case):
    model = case.make()
    for method in ("predict", "predict_proba", "transform"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(case.X)
    if case.is_network:
        with pytest.raises(NotFittedError):
            model.net_  # noqa: B018
    with pytest.raises(NotFittedError):
        model.get_feature_names_out()


@check
def check_copies_predict_the_same_bits(case):
    model = case.fitted
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.joblib"
        joblib.dump(model, path)
        copies = [
            copy.deepcopy(model),
            copy.copy(model),
            pickle.loads(pickle.dumps(model)),
            joblib.load(path),
        ]
    for other in copies:
        same(other, model, case.X)


@check
def check_pickle_holds_no_framework(case):
    model = case.fitted
    model.predict(case.X)
    frameworks = {"torch", "skorch", "tensorflow", "keras", "scikeras"}
    named = {
        argument.split(".")[0].split(" ")[0]
        for opcode, argument, _ in pickletools.genops(pickle.dumps(model))
        if isinstance(argument, str) and "amzest" not in argument
        if opcode.name in ("GLOBAL", "SHORT_BINUNICODE", "BINUNICODE", "UNICODE")
    }
    assert not named & frameworks


@check
def check_fitted_state_is_plain_data(case):
    model = case.fitted
    plain = (type(None), bool, int, float, str, list, tuple, dict, np.ndarray)

    def walk(value, where):
        if isinstance(value, dict):
            for key, item in value.items():
                walk(item, f"{where}[{key!r}]")
        elif isinstance(value, list | tuple):
            for i, item in enumerate(value):
                walk(item, f"{where}[{i}]")
        elif is_dataclass(value) and value.__dataclass_params__.frozen:
            walk(value.__getstate__(), where)
        elif isinstance(value, BaseNeuralClassifier):  # held by another estimator
            walk(vars(value), where)
        elif isinstance(value, sparse.csr_array):
            walk([value.data, value.indices, value.indptr], where)
        else:
            assert isinstance(value, (*plain, np.generic)), f"{where}: {type(value)}"

    for name, value in vars(model).items():
        walk(value, name)


@check
def check_read_in_a_fresh_process(case):
    model = case.fitted
    expected = np.round(model.predict_proba(case.X), 5)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pickle"
        path.write_bytes(pickle.dumps((model, case.X)))
        code = (
            "import pickle, sys, numpy as np\n"
            f"model, X = pickle.load(open({str(path)!r}, 'rb'))\n"
            "assert not {'torch', 'keras'} & set(sys.modules), 'loaded too early'\n"
            "sys.stdout.buffer.write(model.predict_proba(X).tobytes())\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=300, check=False
        )
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    found = np.frombuffer(result.stdout).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=2e-5)


@check
def check_using_it_changes_no_attribute(case):
    model = case.fitted
    before = {name: id(value) for name, value in vars(model).items()}
    model.predict(case.X)
    model.predict_proba(case.X)
    model.transform(case.X)
    if case.is_network:
        model.net_  # noqa: B018
    assert {name: id(value) for name, value in vars(model).items()} == before


@check
def check_refit_forgets(case):
    model = case.fit()
    half = np.isin(case.y, sorted(set(case.y))[:2])
    model.fit(case.X[half], case.y[half])
    fresh = case.make().fit(case.X[half], case.y[half])
    same(model, fresh, case.X)
    assert vars(model).keys() == vars(fresh).keys()


# Randomness ------------------------------------------------------------------------


@check
def check_same_seed_same_bits(case):
    first = case.fit(random_state=3)
    np.random.rand(10)
    random.random()
    case.fit(random_state=99)
    second = case.fit(random_state=3)
    same(first, second, case.X)
    if case.is_network:
        assert first.loss_curve_ == second.loss_curve_
        for name, array in first.weights_.items():
            np.testing.assert_array_equal(array, second.weights_[name], err_msg=name)
    if not hasattr(first, "head_"):  # its seed has an effect on more rows only
        other = case.fit(random_state=4)
        assert np.abs(other.predict_proba(case.X) - first.predict_proba(case.X)).max()


@check
def check_random_state_instance(case):
    first = case.fit(random_state=np.random.RandomState(5))
    second = case.fit(random_state=np.random.RandomState(5))
    same(first, second, case.X)


@check
def check_same_bits_for_every_n_jobs(case):
    def predict(n_jobs: int) -> Any:
        return cross_val_predict(
            case.make(), case.X, case.y, cv=2, method="predict_proba", n_jobs=n_jobs
        )

    expected = predict(n_jobs=1)
    np.testing.assert_array_equal(predict(n_jobs=2), expected)
    with joblib.parallel_config("threading"):
        np.testing.assert_array_equal(predict(n_jobs=2), expected)


def _global_generators() -> dict[str, Any]:
    state = {"random": random.getstate(), "numpy": np.random.get_state()[1].tolist()}
    if "torch" in sys.modules:
        state["torch"] = sys.modules["torch"].get_rng_state().tolist()
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
        from keras.src.backend.common import global_state

        generator = global_state.get_global_attribute("global_seed_generator")
        state["keras"] = (
            None
            if generator is None
            else keras.ops.convert_to_numpy(generator.state.value).tolist()
        )
    if "tensorflow" in sys.modules:
        from tensorflow.python.eager import context

        state["tensorflow"] = context.global_seed()
    return state


@check
def check_global_generators_are_untouched(case):
    case.fitted.predict(case.X)  # frameworks are loaded
    before = _global_generators()
    case.fit(random_state=None).predict(case.X)
    case.fit(random_state=1, early_stopping=True).transform(case.X)
    assert _global_generators() == before


@check
def check_x_and_y_are_untouched(case):
    X, y = copy.deepcopy(case.X), case.y.copy()
    X[2] = None
    before = pickle.dumps((X, y))
    X_frame = pd.DataFrame({case.column: X})
    model = case.make().fit(X_frame, y)
    model.predict(X_frame)
    model.transform(X)
    assert pickle.dumps((X, y)) == before


@check
def check_no_file_is_written(case):
    with tempfile.TemporaryDirectory() as folder:
        before = os.getcwd()
        os.chdir(folder)
        try:
            case.fit().predict(case.X)
            assert os.listdir(folder) == []
        finally:
            os.chdir(before)


@check
def check_it_is_silent(case):
    from contextlib import redirect_stderr, redirect_stdout

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        case.fit().predict(case.X)
    assert out.getvalue() == ""
    assert err.getvalue() == ""


# As a scikit-learn estimator -------------------------------------------------------


@check
def check_kind_and_tags(case):
    tags = get_tags(case.classifier)
    assert is_classifier(case.classifier)
    assert tags.input_tags.allow_nan
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.transformer_tags is not None
    assert tags.target_tags.required


@check
def check_feature_names(case):
    frame = pd.DataFrame({case.column: case.X})
    model = case.make().fit(frame, case.y)
    assert model.feature_names_in_.tolist() == [case.column]
    series = case.make().fit(frame[case.column], case.y)
    assert series.feature_names_in_.tolist() == [case.column]
    assert not hasattr(case.fitted, "feature_names_in_")
    with pytest.raises(ValueError, match=r"fitted on \['" + case.column):
        model.predict(frame.rename(columns={case.column: "other"}))
    model.predict(case.X)  # no names to compare


@check
def check_transform(case):
    model = case.make()
    features = model.fit_transform(case.X, case.y)
    np.testing.assert_array_equal(case.fitted.transform(case.X), features)
    names = model.get_feature_names_out()
    assert features.dtype == np.float32
    assert features.shape == (len(case.X), len(names))
    assert len(set(names)) == len(names)
    assert names[0] == type(model).__name__.lower() + "0"
    frame = model.set_output(transform="pandas").transform(
        pd.DataFrame({case.column: case.X}, index=np.arange(len(case.X)) + 7)
    )
    assert frame.index[0] == 7
    assert frame.columns.tolist() == list(names)
    np.testing.assert_array_equal(frame.to_numpy(), features)


@network_check
def check_early_stopping(case):
    model = case.fit(early_stopping=True, max_epochs=25, n_iter_no_change=2)
    assert 1 <= model.n_iter_ <= 25
    assert len(model.validation_scores_) == model.n_iter_
    assert all(0 <= score <= 1 for score in model.validation_scores_)
    again = case.fit(early_stopping=True, max_epochs=25, n_iter_no_change=2)
    same(model, again, case.X)
    assert case.fitted.validation_scores_ is None


class Recorder:
    """Note every task, and ask to stop after some epochs."""

    def __init__(self, stop_after=None):
        self.tasks = []
        self.scores = []
        self.stop_after = stop_after

    def setup(self, estimator, context):
        self.tasks.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.tasks.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.tasks.append(("end", context.task_name))
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
        return self.stop_after is not None and len(self.scores) >= self.stop_after


@network_check
def check_callbacks_see_one_task_an_epoch(case):
    recorder = Recorder()
    model = case.make(max_epochs=3).set_callbacks(recorder).fit(case.X, case.y)
    epoch = [("begin", "epoch"), ("end", "epoch")]
    assert recorder.tasks == [
        ("setup", "fit"),
        ("begin", "fit"),
        *epoch * 3,
        ("end", "fit"),
        ("teardown", "fit"),
    ]
    assert recorder.scores[-1] == model.score(case.X, case.y)
    same(model, case.fit(max_epochs=3), case.X)


@network_check
def check_callbacks_can_stop(case):
    recorder = Recorder(stop_after=2)
    model = case.make(max_epochs=6).set_callbacks(recorder).fit(case.X, case.y)
    assert model.n_iter_ == 2


@network_check
def check_progress_bar_and_scoring_monitor(case):
    monitor = ScoringMonitor(scoring="accuracy")
    model = case.make(max_epochs=3).set_callbacks(monitor)
    model.fit(case.X, case.y)
    log = monitor.get_logs().data_as_pandas
    epochs = log[log["task_name"] == "epoch"]
    assert len(epochs) == 3
    assert epochs["accuracy"].iloc[-1] == model.score(case.X, case.y)
    case.make(max_epochs=2).set_callbacks(ProgressBar()).fit(case.X, case.y)


@network_check
def check_callbacks_below_a_pipeline(case):
    progress = ProgressBar(max_propagation_depth=None)
    pipeline = make_pipeline("passthrough", case.make(max_epochs=2))
    pipeline.set_callbacks(progress).fit(case.X, case.y)
    recorder = Recorder()
    step = case.make(max_epochs=2).set_callbacks(recorder)
    make_pipeline("passthrough", step).fit(case.X, case.y)
    assert recorder.tasks.count(("end", "epoch")) == 2


# Incremental learning --------------------------------------------------------------


def learns_on(case):
    """Return whether `partial_fit` can be used; if not, make sure that it cannot."""
    if not hasattr(case.classifier, "partial_fit"):
        assert isinstance(case.classifier, BaseNeuralClassifier)
        assert not case.is_text
        return False
    if getattr(case.classifier, "trainable", "head") == "head":
        return True
    with pytest.raises(ValueError, match='partial_fit requires trainable="head"'):
        case.make().partial_fit(case.X, case.y, classes=np.unique(case.y))
    with pytest.raises(ValueError, match='warm_start=True requires trainable="head"'):
        case.fit(warm_start=True)
    return False


@check
def check_partial_fit_adds_a_class_without_forgetting(case):
    if not learns_on(case):
        return
    first, *others = sorted(set(case.y))
    old = case.y != first
    model = case.make(max_epochs=30)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(case.X[old], case.y[old])
    with pytest.raises(NotFittedError):
        model.predict(case.X)
    assert model.partial_fit(case.X[old], case.y[old], classes=others) is model
    assert model.classes_.tolist() == others
    before = model.predict_proba(case.X)
    with pytest.raises(ValueError, match=f"label '{first}'.*To add a class"):
        model.partial_fit(case.X, case.y)
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(case.X[~old], case.y[~old], classes=[first, others[0]])
    np.testing.assert_array_equal(model.predict_proba(case.X), before)
    model.partial_fit(case.X[~old], case.y[~old], classes=[*others, first])
    assert model.classes_.tolist() == [first, *others]
    frequencies = pd.Series(case.y).value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(model.class_prior_, frequencies)
    assert model.score(case.X, case.y) > 0.9
    part = model.partial_fit(case.X[:4], case.y[:4])
    np.testing.assert_allclose(part.predict_proba(case.X).sum(axis=1), 1)
    assert part.score(case.X, case.y) > 0.9


@check
def check_partial_fit_validates_as_fit_does(case):
    if not learns_on(case):
        return
    model = case.make().partial_fit(case.X, case.y, classes=np.unique(case.y))
    before, column = model.predict_proba(case.X), case.X[:, None]
    for X, y, weight, message in (
        (case.X, case.y[:-1], None, "inconsistent numbers of samples"),
        (np.hstack([column, column]), case.y, None, "columns|one column"),
        (case.X, case.y, -np.ones(len(case.y)), "[Nn]egative"),
        (case.X[:0], case.y[:0], None, "0 "),
    ):
        with pytest.raises(ValueError, match=message):
            model.partial_fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(model.predict_proba(case.X), before)


@check
def check_warm_start_begins_as_without(case):
    if not learns_on(case):
        return
    model = case.fit(warm_start=True)
    same(model, case.fitted, case.X)
    model.fit(case.X, case.y)
    assert model.score(case.X, case.y) >= case.fitted.score(case.X, case.y) - 0.1
    model.partial_fit(column_of([None, case.X[0]]), case.y[:2])
    copied = pickle.loads(pickle.dumps(model))
    same(copied, model, case.X)
    same(
        copied.partial_fit(case.X[:9], case.y[:9]),
        model.partial_fit(case.X[:9], case.y[:9]),
        case.X,
    )


@check
def check_representations(case):
    model = case.make()
    assert type(model).__name__ in repr(model)
    assert type(model).__name__ in model._repr_html_()
    assert type(model).__name__ in case.fitted._repr_html_()


@check
def check_metadata_routing(case):
    with config_context(enable_metadata_routing=True):
        model = case.make().set_fit_request(sample_weight=True)
        assert model.get_metadata_routing().fit.requests == {"sample_weight": True}


@check
def check_documented_defaults_and_attributes(case):
    from numpydoc.docscrape import ClassDoc

    doc = ClassDoc(type(case.classifier))
    made = case.make_default()
    documented = {parameter.name: parameter.type for parameter in doc["Parameters"]}
    assert list(documented) == list(made.get_params(deep=False)) or set(
        documented
    ) == set(made.get_params(deep=False))
    for name, described in documented.items():
        if name in case.required:
            assert "default" not in described
            continue
        shown = described.partition("default=")[2]
        value = getattr(made, name)
        text = f'"{value}"' if isinstance(value, str) else repr(value)
        assert shown == text, f"{name}: documented {shown}, is {text}"
    attributes = {attribute.name for attribute in doc["Attributes"]}
    model = case.make().fit(pd.DataFrame({case.column: case.X}), case.y)
    properties = [
        name
        for name in dir(type(model))
        if isinstance(getattr(type(model), name), property)
    ]
    public = {
        name
        for name in (*vars(model), *properties)
        if name.endswith("_") and not name.startswith("_")
    }
    assert attributes == public
