"""Every public fitted object is saved and loaded, with equal predictions."""

import functools
import importlib
import inspect
import json
import pkgutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from public_estimators import HEAVY, KINDS, LIGHT, MEMBERS, answers, numbers
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline

import amzest
from amzest import ColumnSelector, TextLinearClassifier
from amzest.ensemble import CrossFit
from amzest.evaluation import (
    CategoryTree,
    compare_classifiers,
    compare_data,
    summarize_data,
)
from amzest.persistence import read_metadata
from amzest.persistence._schema import nodes_in, type_name
from amzest.persistence._trusted_types import AMZEST_TYPES

#: A class of the tests that is among the estimators.
FOREIGN = ["dense_classifiers.TorchDenseClassifier"]
PACKAGES = [module.name for module in pkgutil.iter_modules(amzest.__path__)]


def comparison():
    crossfit = CrossFit(MEMBERS, cv=2, random_state=0).fit(numbers(), KINDS)
    return compare_classifiers(crossfit, n_bootstrap=50)


def tree():
    return CategoryTree(["Books > Poetry", "Books > Travel", "Toys"])


def learning():
    classifier = TextLinearClassifier(C=1.0, warm_start=True, random_state=0)
    titles = ["red shoe", "old boot", "garden hose", "steel spade"] * 3
    classifier.fit(titles, ["shoes", "shoes", "garden", "garden"] * 3)
    return classifier.partial_fit(["rake"] * 2, ["garden"] * 2)


def table(n_rows):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "title": rng.choice(["red shoe", "old boot", None], n_rows),
            "price": rng.normal(size=n_rows),
            "shop": pd.Categorical(rng.choice(["a", "b"], n_rows)),
            "image": list(rng.integers(0, 255, (n_rows, 4, 4, 3), dtype=np.uint8)),
            "nothing": [None] * n_rows,
        }
    )


def summary():
    X = table(24)
    classifier = make_pipeline(ColumnSelector("title"), TextLinearClassifier(C=1.0))
    return summarize_data(X, model=classifier.fit(X, KINDS), random_state=0)


OTHERS = {
    "comparison": comparison,
    "tree": tree,
    "learning": learning,
    "summary": summary,
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a function that fits and saves an object of a name, once."""
    folder = tmp_path_factory.mktemp("saved")

    @functools.cache
    def save(name):
        if name in OTHERS:
            model, X = OTHERS[name](), None
        else:
            estimator, rows = (LIGHT | HEAVY)[name]
            X = rows()
            model = clone(estimator).fit(X, KINDS)
        return model, X, amzest.save(model, folder / f"{name.replace(' ', '')}.amz")

    return save


@pytest.mark.parametrize("name", LIGHT | HEAVY)
def test_loaded_estimators_predict_the_same(saved, name):
    model, X, path = saved(name)
    foreign = FOREIGN if name == "dense" else []
    loaded = amzest.load(path, trusted=foreign)
    assert type(loaded) is type(model)
    assert vars(loaded).keys() == vars(model).keys()
    assert loaded.get_params().keys() == model.get_params().keys()
    for one, two in zip(answers(model, X), answers(loaded, X), strict=True):
        np.testing.assert_array_equal(one, two)
    assert read_metadata(path)["foreign_types"] == foreign


def test_a_comparison_has_the_same_tables(saved):
    comparison, _, path = saved("comparison")
    loaded = amzest.load(path)
    for one, two in (
        (comparison.frame(), loaded.frame()),
        (comparison.tests(), loaded.tests()),
        (comparison.per_category(), loaded.per_category()),
        (comparison.fusion().overlap, loaded.fusion().overlap),
        (comparison.fusion().subsets, loaded.fusion().subsets),
    ):
        pd.testing.assert_frame_equal(one, two)
    assert repr(loaded) == repr(comparison)
    assert repr(loaded.fusion()) == repr(comparison.fusion())


def test_a_loaded_classifier_learns_on(saved):
    classifier, _, path = saved("learning")
    loaded = amzest.load(path)
    for each in (classifier, loaded):
        each.partial_fit(
            ["blue novel"], ["books"], classes=["books", "garden", "shoes"]
        )
    titles = ["red boot", "a novel", "rake"]
    np.testing.assert_array_equal(
        loaded.predict_proba(titles), classifier.predict_proba(titles)
    )


def test_new_data_are_compared_with_a_loaded_summary(saved):
    loaded, new = amzest.load(saved("summary")[2]), table(30).drop(columns="price")
    new["price"] = 4.0
    pd.testing.assert_frame_equal(
        compare_data(loaded, new).frame(),
        compare_data(saved("summary")[0], new).frame(),
    )


def test_a_tree_has_the_same_nodes(saved):
    tree, _, path = saved("tree")
    tree.node_proba([[0.2, 0.3, 0.5]])  # its caches have paths as keys
    amzest.save(tree, path)
    loaded = amzest.load(path)
    assert (loaded.paths, loaded.nodes, loaded.depth) == (
        tree.paths,
        tree.nodes,
        tree.depth,
    )
    assert loaded.back_off([[0.2, 0.5, 0.3]], 0.7).tolist() == ["Books"]


def test_trusted_types_are_those_of_fitted_objects(saved):
    found = set()
    for name in (*LIGHT, *HEAVY, *OTHERS):
        with zipfile.ZipFile(saved(name)[2]) as archive:
            schema = json.loads(archive.read("schema.json"))
        found |= {type_name(node) for node in nodes_in(schema)}
    # Add a type that is missing in the list if it holds only values. One that is listed
    # but not found may still be in files of older versions.
    assert {name for name in found if name.startswith("amzest.")} == set(AMZEST_TYPES)


def test_every_public_estimator_is_trusted():
    public = {
        f"{value.__module__}.{value.__qualname__}"
        for package in PACKAGES
        if not package.startswith("_")
        for value in vars(importlib.import_module(f"amzest.{package}")).values()
        if inspect.isclass(value)
        and issubclass(value, BaseEstimator)
        and not value.__name__.startswith("Base")
    }
    assert public - set(AMZEST_TYPES) == set()


def test_trusted_types_are_classes_of_this_package():
    root = Path(amzest.__file__).parent
    for name in AMZEST_TYPES:
        module, _, cls = name.rpartition(".")
        value = getattr(importlib.import_module(module), cls)
        assert inspect.isclass(value), name
        assert root in Path(inspect.getfile(value)).parents, name
