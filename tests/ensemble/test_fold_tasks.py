"""The key of a cached fit depends on the image files that paths lead to."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from counting import CountingClassifier, file_sizes
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amzest.ensemble import CrossFit
from amzest.utils import file_states


@pytest.mark.parametrize("changed", [True, False])
def test_member_is_refitted_if_a_file_that_X_names_has_changed(tmp_path, changed):
    paths = []
    for i in range(12):
        paths.append(str(tmp_path / f"{i}.png"))
        Path(paths[-1]).write_bytes(bytes(i + 1))

    member = make_pipeline(FunctionTransformer(file_sizes), CountingClassifier())
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    crossfit = CrossFit([("size", member)], cv=2, memory=memory)
    crossfit.fit(paths, [0, 1] * 6)
    if changed:
        Path(paths[3]).write_bytes(bytes(99))
    CountingClassifier.n_fits = 0
    crossfit.fit(paths, [0, 1] * 6)
    assert CountingClassifier.n_fits == (3 if changed else 0)


class Sizes(TransformerMixin, BaseEstimator):
    """Reads the sizes of files under a root folder, as an image classifier does."""

    def __init__(self, image_root):
        self.image_root = image_root

    def input_fingerprint(self, X):
        return str(file_states(X, self.image_root))

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return file_sizes([self.image_root / name for name in np.ravel(X)])

    def __sklearn_is_fitted__(self):
        return True


class OtherCounting(CountingClassifier):
    pass


def nested(sizes, kind):
    if kind == "columns":
        sizes = ColumnTransformer([("sizes", sizes, [0])])
    pipeline = make_pipeline(sizes, CountingClassifier())
    return GridSearchCV(pipeline, {}, cv=2) if kind == "search" else pipeline


@pytest.mark.parametrize("kind", ["pipeline", "columns", "search"])
def test_fingerprint_of_the_input_is_in_the_key_of_that_member_only(tmp_path, kind):
    names = np.array([[f"{i}.png"] for i in range(12)], dtype=object)
    for i, name in enumerate(names.ravel()):
        (tmp_path / name).write_bytes(bytes(i + 1))
    other = make_pipeline(FunctionTransformer(numbers_of), OtherCounting())
    members = [("sizes", nested(Sizes(tmp_path), kind)), ("other", other)]
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    crossfit = CrossFit(members, cv=2, memory=memory).fit(names, [0, 1] * 6)
    CountingClassifier.n_fits = OtherCounting.n_fits = 0
    crossfit.fit(names, [0, 1] * 6)
    assert CountingClassifier.n_fits == 0
    (tmp_path / names[3, 0]).write_bytes(bytes(99))
    crossfit.fit(names, [0, 1] * 6)
    assert CountingClassifier.n_fits == (9 if kind == "search" else 3)
    assert OtherCounting.n_fits == 0


def numbers_of(names):
    return np.array([[int(name.partition(".")[0])] for name in names.ravel()])
