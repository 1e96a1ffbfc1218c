"""What can be saved, how files are written, and what cannot be saved."""

import io
import json
import os
import pathlib
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from public_estimators import (
    IMAGE_MODEL,
    KINDS,
    TEXT_MODEL,
    TITLES,
    answers,
    images_and_model,
    numbers,
    titles_and_model,
)
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import amzest
from amzest import (
    ColumnSelector,
    PretrainedImageClassifier,
    PretrainedTextClassifier,
    TextCNNClassifier,
    TextLinearClassifier,
)
from amzest.ensemble import CrossFit
from amzest.meta import CategoryTree, HierarchicalClassifier
from amzest.persistence import read_metadata
from amzest.persistence._archive import write_archive


def linear(**parameters):
    return TextLinearClassifier(random_state=0, **parameters)


def cnn():
    return TextCNNClassifier(
        embedding_size=8, n_buckets=512, max_epochs=2, random_state=0
    )


def table():
    frame = pd.DataFrame({"title": TITLES, "price": np.arange(24.0) % 5})
    frame["kind"] = list("abcd") * 6
    frame.loc[3, "price"] = np.nan
    return frame


def upper(cells):
    return cells


def columns():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_pipeline(
        ColumnTransformer(
            [
                ("title", cnn(), "title"),
                ("price", numbers, ["price"]),
                ("kind", OneHotEncoder(), ["kind"]),
            ]
        ),
        LogisticRegression(),
    )


def crossfit():
    selected = make_pipeline(ColumnSelector(["title"]), linear())
    return CrossFit([("linear", selected)], cv=StratifiedGroupKFold(2), random_state=0)


KINDS_OF_MODELS = {
    "column transformer": (columns, table),
    "voting": (lambda: VotingClassifier([("a", linear())], voting="soft"), None),
    "stacking": (lambda: StackingClassifier([("a", linear())], cv=2), None),
    "splitter": (lambda: GridSearchCV(linear(), {"C": [1.0]}, cv=2), None),
    "generator": (
        lambda: TextLinearClassifier(random_state=np.random.RandomState(0)),
        None,
    ),
    "numpy function": (
        lambda: make_pipeline(FunctionTransformer(np.square), GaussianNB()),
        numbers,
    ),
}


@pytest.mark.parametrize("name", KINDS_OF_MODELS)
def test_scikit_learn_estimators_with_members_of_amzest(name, tmp_path):
    create, rows = KINDS_OF_MODELS[name]
    X = TITLES if rows is None else rows()
    model = create().fit(X, KINDS)
    path = amzest.save(model, tmp_path / "model.amz")
    loaded = amzest.load(path, trusted=read_metadata(path)["foreign_types"])
    for one, two in zip(answers(model, X), answers(loaded, X), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_splitter_of_crossfit_is_kept(tmp_path):
    # Plain labels of groups: metadata routing is not needed without groups.
    model = crossfit().set_params(cv=2).fit(table(), KINDS)
    model.cv = StratifiedGroupKFold(2)
    loaded = amzest.load(amzest.save(model, tmp_path / "model.amz"))
    assert repr(loaded.cv) == repr(model.cv)


@pytest.mark.parametrize(
    "labels",
    [
        np.arange(24) % 2 == 0,
        np.where(np.arange(24) % 2, 7, -3),
        np.array([*["a", 2] * 12], dtype=object).astype(str),
        pd.Categorical(["é", 'a"b'] * 12),
    ],
    ids=["bool", "int", "str", "categorical"],
)
def test_class_weights_by_label_are_restored_exactly(labels, tmp_path):
    keys = dict.fromkeys(np.asarray(labels).tolist())
    model = linear(class_weight={key: 1.5 + i for i, key in enumerate(keys)})
    model.fit(TITLES, labels)
    loaded = amzest.load(amzest.save(model, tmp_path / "model.amz"))
    assert loaded.class_weight == model.class_weight
    assert [type(k) for k in loaded.class_weight] == [
        type(k) for k in model.class_weight
    ]
    assert loaded.predict(TITLES).tolist() == model.predict(TITLES).tolist()
    assert loaded.classes_.dtype == model.classes_.dtype


def test_keys_that_json_writes_alike_raise(tmp_path):
    model = linear().fit(TITLES, KINDS)
    model.class_weight = {1: 1.0, "1": 2.0}
    with pytest.raises(TypeError, match="keys of several types that are written alike"):
        amzest.save(model, tmp_path / "model.amz")


@pytest.mark.parametrize(
    ("cls", "folder", "rows"),
    [
        (PretrainedTextClassifier, TEXT_MODEL, titles_and_model),
        (PretrainedImageClassifier, IMAGE_MODEL, images_and_model),
    ],
    ids=["text", "image"],
)
def test_embedded_weights_need_no_folder(cls, folder, rows, tmp_path):
    X = rows()
    model = cls(pathlib.Path(folder), embed_weights=True, random_state=0).fit(X, KINDS)
    path = amzest.save(model, tmp_path / "model.amz")
    loaded = amzest.load(path)
    assert loaded.files_ == model.files_
    assert loaded.model == pathlib.Path(folder)
    loaded.model_ = "/no/such/folder"
    amzest.clear_cache()
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_trees_of_paths_are_read_from_files_of_older_versions():
    tree = CategoryTree(["A > B", "A"])
    old = object.__new__(CategoryTree)
    vars(old).update(
        separator=" > ",
        paths=[("A", "B"), ("A",)],
        nodes=[(), ("A",), ("A", "B")],
        depth=2,
        _place={(): 0, ("A",): 1, ("A", "B"): 2},
    )
    state = dict(vars(old))
    loaded = object.__new__(CategoryTree)
    loaded.__setstate__(state)
    copied = pickle.loads(pickle.dumps(tree))
    assert vars(loaded) == vars(copied) == vars(tree)
    for other in (loaded, copied):
        np.testing.assert_array_equal(
            other.node_proba([[0.3, 0.7]]), tree.node_proba([[0.3, 0.7]])
        )


def test_a_hierarchy_is_saved_after_predictions(tmp_path):
    paths = ["A > B", "A > C", "D"] * 8
    model = HierarchicalClassifier(linear()).fit(TITLES, paths)
    expected = model.predict_at(1, TITLES)
    loaded = amzest.load(amzest.save(model, tmp_path / "model.amz"))
    assert loaded.predict_at(1, TITLES).tolist() == expected.tolist()
    assert loaded.predict(TITLES).tolist() == model.predict(TITLES).tolist()


def test_equal_models_make_equal_content(tmp_path):
    content = []
    for name in ("one.amz", "two.amz"):
        path = amzest.save(linear().fit(TITLES, KINDS), tmp_path / name)
        with zipfile.ZipFile(path) as archive:
            content.append(
                {m: archive.read(m) for m in archive.namelist() if m != "amzest.json"}
            )
    assert content[0] == content[1]


def test_skops_reads_the_file_too(tmp_path):
    skops = pytest.importorskip("skops.io")
    model = linear().fit(TITLES, KINDS)
    path = amzest.save(model, tmp_path / "model.amz")
    loaded = skops.load(path, trusted=amzest.persistence.trusted_types())
    assert loaded.predict(TITLES).tolist() == model.predict(TITLES).tolist()
    # And what skops wrote, as MLflow lets it, is read with the same list.
    data = skops.dumps(model)
    skops.loads(data, trusted=amzest.persistence.trusted_types())
    other = tmp_path / "other.skops"
    other.write_bytes(data)
    with pytest.raises(ValueError, match=r"other\.skops .* skops\.io\.load\(path"):
        amzest.load(other)


class Broken(GaussianNB):
    """An estimator that cannot be written."""

    def __getstate__(self):
        raise OSError("disk full")


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    model = linear().fit(TITLES, KINDS)
    path = amzest.save(model, tmp_path / "model.amz")
    before = path.read_bytes()

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        amzest.save(model, path)
    assert path.read_bytes() == before
    with pytest.raises(OSError, match="disk full"):
        amzest.save(Broken().fit(numbers(), KINDS), path)
    assert os.listdir(tmp_path) == ["model.amz"]


def test_several_models_in_a_dict(tmp_path):
    models = {"linear": linear().fit(TITLES, KINDS), "limits": [1, 2.5, None]}
    loaded = amzest.load(amzest.save(models, tmp_path / "models.amz"))
    assert loaded["limits"] == models["limits"]
    assert loaded["linear"].predict(TITLES).tolist() == [
        *models["linear"].predict(TITLES)
    ]
    path = amzest.save({"a": [1, {}], "b": ""}, tmp_path / "models.amz")
    assert amzest.load(path) == {"a": [1, {}], "b": ""}


def test_modes_follow_the_umask(tmp_path):
    model = ColumnSelector("title").fit(table())
    old = os.umask(0o027)
    try:
        path = amzest.save(model, tmp_path / "model.amz")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_saved_raises(tmp_path):
    path = tmp_path / "model.amz"
    with pytest.raises(NotFittedError):
        amzest.save(linear(), path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        amzest.save(linear().fit(TITLES, KINDS), tmp_path / "no" / "model.amz")
    steps = FunctionTransformer(lambda cells: cells), GaussianNB()
    with pytest.raises(TypeError, match=r"Pipeline cannot be saved.*<lambda>"):
        amzest.save(make_pipeline(*steps).fit(numbers(), KINDS), path)
    model = GaussianNB().fit(numbers(), KINDS)
    model.log_ = io.StringIO()
    model.itself_ = [model]
    with pytest.raises(TypeError, match="GaussianNB cannot be saved"):
        amzest.save(model, path)
    assert not path.exists()


def test_weights_are_stored_and_text_is_compressed(tmp_path):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=2**14).astype(np.float32).tobytes()
    text = json.dumps([f"word {i}" for i in range(10_000)]).encode()
    path = tmp_path / "model.amz"
    write_archive(path, {"0.npy": weights, "1.bin": text, "2.bin": b""})
    with zipfile.ZipFile(path) as archive:
        kinds = [member.compress_type for member in archive.infolist()]
        assert archive.read("1.bin") == text
    assert kinds == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]


def test_what_unpacks_to_far_more_is_not_compressed(tmp_path):
    path = tmp_path / "model.amz"
    write_archive(path, {"0.npy": bytes(2**20)})
    assert path.stat().st_size > 2**20
    with zipfile.ZipFile(path) as archive:
        assert archive.read("0.npy") == bytes(2**20)
