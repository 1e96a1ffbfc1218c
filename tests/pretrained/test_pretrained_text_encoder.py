"""The frozen text encoder as a transformer of scikit-learn."""

import pickle
import shutil

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from tiny_models import hub_cache, tiny_bert

from amzest import PretrainedTextEncoder
from amzest.pretrained import _text_model
from amzest.utils import clear_cache

TITLES = ["red running shoe", "old boot", "garden hose", "steel spade"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def encoded(monkeypatch):
    """Return an empty cache's list of all texts that are encoded."""
    clear_cache()
    texts = []
    encode = _text_model.TextModel.encode

    def counted(self, given):
        texts.extend(given)
        return encode(self, given)

    monkeypatch.setattr(_text_model.TextModel, "encode", counted)
    return texts


def test_each_row_has_a_vector(model):
    encoder = PretrainedTextEncoder(model)
    vectors = encoder.fit_transform(TITLES)
    assert vectors.shape == (4, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    names = encoder.get_feature_names_out()
    assert names[0] == "pretrainedtextencoder0"
    assert len(names) == 32
    assert encoder.model_ == str(model)
    assert len(encoder.fingerprint_) == 64
    assert encoder.description_.pooling == "mean"
    assert encoder.description_.max_length == 32
    assert encoder.files_ is None


def test_missing_cells_have_zeros(model):
    vectors = PretrainedTextEncoder(model).fit_transform(
        ["red shoe", None, np.nan, pd.NA, " \t", "boot"]
    )
    assert (vectors[1:5] == 0).all()
    assert (np.abs(vectors[[0, 5]]).max(axis=1) > 0).all()
    nothing = PretrainedTextEncoder(model).fit(TITLES).transform([None, ""])
    assert nothing.shape == (2, 32)


def test_columns_are_side_by_side(model):
    frame = pd.DataFrame({"title": TITLES, "text": [None, *TITLES[:3]]})
    encoder = PretrainedTextEncoder(model).fit(frame)
    vectors = encoder.transform(frame)
    single = PretrainedTextEncoder(model).fit(TITLES)
    np.testing.assert_array_equal(vectors[:, :32], single.transform(frame["title"]))
    np.testing.assert_array_equal(vectors[:, 32:], single.transform(frame["text"]))
    assert encoder.feature_names_in_.tolist() == ["title", "text"]
    with pytest.raises(ValueError, match="same order"):
        encoder.transform(frame[["text", "title"]])
    with pytest.raises(ValueError, match="fitted on 2"):
        encoder.transform(TITLES)


def test_inside_a_column_transformer(model):
    frame = pd.DataFrame({"title": TITLES * 4, "price": np.arange(16.0)})
    columns = ColumnTransformer(
        [
            ("title", PretrainedTextEncoder(model), "title"),
            ("price", StandardScaler(), ["price"]),
        ]
    )
    classifier = make_pipeline(columns, LogisticRegression(C=100))
    y = ["shoes", "shoes", "garden", "garden"] * 4
    assert classifier.fit(frame, y).score(frame, y) == 1
    assert columns.fit_transform(frame).shape == (16, 33)
    out = columns.set_output(transform="pandas").fit_transform(frame)
    assert out.columns[0] == "title__pretrainedtextencoder0"


def test_as_an_estimator(model):
    encoder = PretrainedTextEncoder(model, max_length=16)
    assert clone(encoder).get_params() == encoder.get_params()
    with pytest.raises(NotFittedError):
        encoder.transform(TITLES)
    with pytest.raises(NotFittedError):
        encoder.get_feature_names_out()
    tags = get_tags(encoder)
    assert tags.input_tags.string
    assert tags.input_tags.allow_nan
    assert not tags.target_tags.required
    with pytest.raises(TypeError):
        PretrainedTextEncoder()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", 3),
        ("max_length", 0),
        ("max_length", "long"),
        ("pooling", "median"),
        ("prompt", None),
        ("precision", "float16"),
        ("cache", 1.5),
        ("embed_weights", "yes"),
        ("device", None),
    ],
)
def test_bad_parameters_are_named(model, name, value):
    encoder = PretrainedTextEncoder(model).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        encoder.fit(TITLES)


def test_choices_change_the_vectors(model):
    plain = PretrainedTextEncoder(model).fit_transform(TITLES)
    for choice in (
        {"pooling": "cls"},
        {"prompt": "query: "},
        {"max_length": 3},
        {"precision": "bfloat16"},
    ):
        other = PretrainedTextEncoder(model, **choice).fit_transform(TITLES)
        assert np.abs(other - plain).max() > 1e-5, choice


# Encoded once ----------------------------------------------------------------------


def test_each_text_is_encoded_once(model, encoded):
    encoder = PretrainedTextEncoder(model).fit(TITLES)
    assert encoded == [], "fit encodes nothing"
    first = encoder.transform([*TITLES, *TITLES, None])
    assert sorted(encoded) == sorted(TITLES)
    second = PretrainedTextEncoder(str(model)).fit_transform([*TITLES[::-1], "rake"])
    assert len(encoded) == 5
    np.testing.assert_array_equal(second[:4], first[3::-1])


def test_a_cache_in_a_folder(model, encoded, tmp_path):
    encoder = PretrainedTextEncoder(model, cache=tmp_path / "cache")
    first = encoder.fit_transform(TITLES)
    clear_cache()
    np.testing.assert_array_equal(clone(encoder).fit_transform(TITLES), first)
    assert len(encoded) == 4
    other = PretrainedTextEncoder(model, cache=False).fit_transform(TITLES)
    np.testing.assert_array_equal(other, first)
    assert len(encoded) == 8


def test_other_settings_and_weights_are_not_confused(model, encoded, tmp_path):
    def encode(folder=model, **choices):
        return PretrainedTextEncoder(folder, **choices).fit_transform(TITLES)

    first, other = encode(), tiny_bert(tmp_path / "other", seed=1)
    assert np.abs(encode(other) - first).max() > 0.01
    assert np.abs(encode(pooling="cls") - first).max() > 0.01
    assert len(encoded) == 12
    shutil.copytree(model, tmp_path / "copy")
    np.testing.assert_array_equal(encode(tmp_path / "copy"), first)
    assert len(encoded) == 12, "a copy has the same files"


# Files of the model ----------------------------------------------------------------


@pytest.fixture
def own(model, tmp_path):
    return shutil.copytree(model, tmp_path / "own")


def test_a_pickle_holds_no_weights(model):
    encoder = PretrainedTextEncoder(model).fit(TITLES)
    vectors = encoder.transform(TITLES)
    pickled = pickle.dumps(encoder)
    assert len(pickled) < 4_000
    clear_cache()
    np.testing.assert_array_equal(pickle.loads(pickled).transform(TITLES), vectors)


def test_changed_files_are_an_error(own):
    encoder = PretrainedTextEncoder(own).fit(TITLES)
    vectors = encoder.transform(TITLES)
    tiny_bert(own, seed=1)
    for texts in (TITLES, ["rake"]):  # with and without a vector in the cache
        with pytest.raises(ValueError, match="its files are not those") as error:
            encoder.transform(texts)
    assert encoder.fingerprint_[:12] in str(error.value)
    tiny_bert(own)
    np.testing.assert_array_equal(encoder.transform(TITLES), vectors)


def test_a_folder_that_was_moved(own, tmp_path):
    encoder = PretrainedTextEncoder(own).fit(TITLES)
    vectors = encoder.transform(TITLES)
    moved = own.rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError, match="no such folder") as error:
        encoder.transform(TITLES)
    assert "attribute `model_`" in str(error.value)
    encoder.model_ = str(moved)
    np.testing.assert_array_equal(encoder.transform(TITLES), vectors)


def test_a_relative_folder(own, tmp_path, monkeypatch):
    monkeypatch.chdir(own.parent)
    encoder = PretrainedTextEncoder(own.name).fit(TITLES)
    monkeypatch.chdir(tmp_path.parent)
    assert encoder.transform(TITLES).shape == (4, 32)


def test_embedded_weights(own):
    encoder = PretrainedTextEncoder(own, embed_weights=True).fit(TITLES)
    vectors = encoder.transform(TITLES)
    size = (own / "model.safetensors").stat().st_size
    shutil.rmtree(own)
    clear_cache()
    pickled = pickle.dumps(encoder)
    assert size < len(pickled) < size + 200_000
    copied = pickle.loads(pickled)
    np.testing.assert_array_equal(copied.transform(TITLES), vectors)


def test_a_name_of_the_hub_stays_a_name(model, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    hub_cache(tmp_path, "shop/titles", model)
    encoder = PretrainedTextEncoder("shop/titles").fit(TITLES)
    assert encoder.model_ == "shop/titles"
    by_folder = PretrainedTextEncoder(model).fit(TITLES)
    assert encoder.fingerprint_ == by_folder.fingerprint_
    np.testing.assert_array_equal(
        encoder.transform(TITLES), by_folder.transform(TITLES)
    )
    with pytest.raises(FileNotFoundError, match="hf download shop/other"):
        PretrainedTextEncoder("shop/other").fit(TITLES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", r"config\.json is missing"),
        ("model.safetensors", r"model\.safetensors is missing"),
        ("1_Pooling/config.json", r"1_Pooling/config\.json is missing"),
        ("modules.json", "Pass `pooling`"),
    ],
)
def test_a_file_that_is_missing_is_named_by_fit(own, name, message):
    (own / name).unlink()
    with pytest.raises(ValueError, match=message):
        PretrainedTextEncoder(own).fit(TITLES)


def test_a_tokenizer_that_is_missing_is_named_by_fit(own):
    (own / "tokenizer.json").unlink()
    (own / "vocab.txt").unlink()
    with pytest.raises(ValueError, match=r"tokenizer\.json is missing"):
        PretrainedTextEncoder(own).fit(TITLES)


def test_truncated_weights_are_named_by_fit(own):
    path = own / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(ValueError, match=r"model\.safetensors: truncated"):
        PretrainedTextEncoder(own).fit(TITLES)


def test_a_missing_package_is_named(model, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "transformers" else find(name, *rest),
    )
    with pytest.raises(ImportError, match=r'pip install "amzest\[pretrained\]"'):
        PretrainedTextEncoder(model).fit(TITLES)
