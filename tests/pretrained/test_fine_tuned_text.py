import json
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from tiny_models import tiny_bert

import amzest
from amzest.pretrained import PretrainedTextClassifier, PretrainedTextEncoder

SHOES = ["red running shoe", "blue shoe", "boot", "old boot", "sandal", "shoe"]
GARDEN = ["garden hose", "spade", "rake", "old rake", "blue hose", "hose"]
TITLES = (SHOES + GARDEN) * 2
KINDS = np.array((["shoes"] * 6 + ["garden"] * 6) * 2, dtype=object)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("encoder")))


def make(folder, **params):
    defaults = {"learning_rate": 3e-3, "random_state": 0, "trainable": "all"}
    return PretrainedTextClassifier(folder, **{**defaults, **params})


def exclusive_or(n_samples, seed):
    """Generate titles whose class depends on two words together, on none alone."""
    rng = np.random.default_rng(seed)
    others = list("abcdefghijklmnopqrstuvwxyz")
    texts, labels = [], []
    for red, boot in rng.integers(0, 2, (n_samples, 2)):
        words = [("blue", "red")[red], ("shoe", "boot")[boot], *rng.choice(others, 8)]
        texts.append(" ".join(rng.permutation(words)))
        labels.append("one" if red ^ boot else "both or none")
    return texts, labels


def test_it_learns_what_a_classifier_of_frozen_vectors_cannot(encoder):
    train, test = exclusive_or(400, 0), exclusive_or(200, 1)
    frozen = make(encoder, trainable="head").fit(*train)
    assert frozen.score(*test) < 0.85
    tuned = make(encoder, learning_rate=6e-3, max_epochs=12, batch_size=16).fit(*train)
    assert tuned.score(*test) > 0.95
    assert tuned.loss_curve_[-1] < 0.2 < tuned.loss_curve_[0]
    assert tuned.predict_proba(test[0]).max(axis=1).mean() > 0.9


def test_same_seed_same_bits_and_another_seed_others(encoder):
    first, second = (make(encoder).fit(TITLES, KINDS) for _ in range(2))
    assert first.loss_curve_ == second.loss_curve_
    for name, array in first.weights_.items():
        np.testing.assert_array_equal(array, second.weights_[name])
    other = make(encoder, random_state=1).fit(TITLES, KINDS)
    assert (other.predict_proba(TITLES) != first.predict_proba(TITLES)).any()


def test_a_pickle_predicts_the_same_without_the_folder(encoder, tmp_path):
    folder = tmp_path / "moved away"
    shutil.copytree(encoder, folder)
    model = make(str(folder)).fit(TITLES, KINDS)
    texts = [*TITLES, "zqx", None]
    expected, features = model.predict_proba(texts), model.transform(texts)
    pickled = pickle.dumps(model)
    shutil.rmtree(folder)
    amzest.clear_cache()
    loaded = pickle.loads(pickled)
    np.testing.assert_array_equal(loaded.predict_proba(texts), expected)
    np.testing.assert_array_equal(loaded.transform(texts), features)
    n_bytes = sum(array.nbytes for array in model.weights_.values())
    assert len(pickled) < n_bytes + 50_000, "weights once, and the tokenizer"
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        clone(loaded).fit(TITLES, KINDS)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalize": False},
        {"pooling": "cls"},
        {"pooling": "max"},
        {"prompts": {"query": "query: "}, "default_prompt": "query"},
    ],
)
def test_training_starts_from_the_vectors_of_the_encoder(tmp_path, settings):
    folder = str(tiny_bert(tmp_path / "encoder", **settings))
    vectors = PretrainedTextEncoder(folder).fit_transform(TITLES)
    model = make(folder, learning_rate=1e-12, max_epochs=1).fit(TITLES, KINDS)
    np.testing.assert_allclose(model.transform(TITLES), vectors, atol=1e-5)
    assert model.score(TITLES, KINDS) > 0.8, "the last layer is fitted already"


def test_tokens_of_a_prompt_may_be_left_out_of_the_pooling(tmp_path):
    folder = tiny_bert(
        tmp_path / "encoder", prompts={"query": "query: "}, default_prompt="query"
    )
    path = folder / "1_Pooling" / "config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"include_prompt": False})
    )
    vectors = PretrainedTextEncoder(str(folder)).fit_transform(TITLES)
    model = make(str(folder), learning_rate=1e-12, max_epochs=1).fit(TITLES, KINDS)
    np.testing.assert_allclose(model.transform(TITLES), vectors, atol=1e-5)


def test_each_column_is_encoded_by_itself(encoder):
    frame = pd.DataFrame({"title": TITLES, "description": TITLES[::-1]})
    frame.loc[3, "title"] = None
    frame.loc[4, ["title", "description"]] = ["", np.nan]
    model = make(encoder).fit(frame, KINDS)
    assert model.feature_names_in_.tolist() == ["title", "description"]
    features, proba = model.transform(frame), model.predict_proba(frame)
    assert features.shape == (24, 64)
    assert (features[3, :32] == 0).all()
    assert (features[3, 32:] != 0).any()
    assert (features[4] == 0).all()
    np.testing.assert_array_equal(proba[4], model.class_prior_)
    of_titles = model.transform(frame.assign(description=None))
    np.testing.assert_allclose(of_titles[:, :32], features[:, :32], atol=1e-6)
    with pytest.raises(ValueError, match="columns in the same order"):
        model.predict(frame[["description", "title"]])


def test_long_texts_are_truncated(encoder):
    model = make(encoder, max_length=4).fit(TITLES, KINDS)  # with [CLS] and [SEP]
    assert model.description_.max_length == 4
    proba = model.predict_proba(["red boot", "garden hose"])
    longer = ["red boot hose spade", "garden hose shoe"]
    np.testing.assert_array_equal(model.predict_proba(longer), proba)
    assert np.isfinite(model.predict_proba(["boot " * 10_000])).all()


def test_samples_of_weight_0_are_ignored(encoder):
    keep = np.arange(len(TITLES)) % 3 > 0
    X = np.array(TITLES, dtype=object)
    weighted = make(encoder).fit(X, KINDS, sample_weight=keep.astype(float))
    removed = make(encoder).fit(X[keep], KINDS[keep])
    np.testing.assert_array_equal(weighted.predict_proba(X), removed.predict_proba(X))


def test_early_stopping_ends_the_fit(encoder):
    settings = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.1}
    model = make(encoder, max_epochs=12, **settings).fit(TITLES, KINDS)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_)
    assert model.n_iter_ < 12
    assert max(model.validation_scores_) == 1.0


def test_calibrate_fits_twice(encoder, capsys):
    texts, kinds = TITLES * 5, np.tile(KINDS, 5)  # 120 samples
    model = make(encoder, calibrate=True, max_epochs=2, verbose=1).fit(texts, kinds)
    assert len(model.validation_scores_) == 2
    assert model.calibration_.weights != (1.0,)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[PretrainedTextClassifier] Calibration epoch 1/2, ")
    assert lines[-1].startswith("[PretrainedTextClassifier] Epoch ")
    plain = make(encoder).fit(texts, kinds)
    assert plain.validation_scores_ is None


class Recorder:
    """Note the estimators of all tasks, and predict after each epoch."""

    def __init__(self):
        self.estimators, self.fitted = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.estimators.append(type(estimator))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.fitted.append(pickle.loads(pickle.dumps(fitted_estimator)))


def test_callbacks_get_the_classifier_after_each_epoch(encoder):
    recorder = Recorder()
    model = make(encoder, max_epochs=3).set_callbacks(recorder).fit(TITLES, KINDS)
    assert set(recorder.estimators) == {PretrainedTextClassifier}
    assert [fitted.n_iter_ for fitted in recorder.fitted] == [1, 2, 3]
    first, _, last = (fitted.predict_proba(TITLES) for fitted in recorder.fitted)
    np.testing.assert_array_equal(last, model.predict_proba(TITLES))
    assert (first != last).any()


def test_divergence_is_a_clear_error(encoder):
    with pytest.raises(ValueError, match=r"diverged\. Lower `learning_rate`"):
        make(encoder, learning_rate=1e30).fit(TITLES, KINDS)


def test_a_failed_fit_leaves_the_fitted_state(encoder):
    model = make(encoder).fit(TITLES, KINDS)
    expected = model.predict_proba(TITLES)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate=1e30).fit(TITLES, KINDS)
    np.testing.assert_array_equal(model.predict_proba(TITLES), expected)


def test_a_refit_with_the_other_mode_forgets_the_first(encoder):
    model = make(encoder).fit(TITLES, KINDS)
    assert model.head_ is None
    assert model.files_ is None
    model.set_params(trainable="head").fit(TITLES, KINDS)
    assert model.network_ is None
    assert not hasattr(model, "loss_curve_")
    with pytest.raises(AttributeError, match="exists only for a fine-tuned"):
        model.weights_  # noqa: B018


def test_state_of_the_fit_alone_is_not_kept(encoder):
    network = make(encoder).fit(TITLES, KINDS).network_
    assert not {"_owner", "_source", "_vectors", "_config"} & vars(network).keys()


def write_other_architecture(folder, name):
    """Replace the network of a folder by one of another architecture."""
    import torch
    import transformers

    before = json.loads((folder / "config.json").read_text())
    shared = {"vocab_size": before["vocab_size"]}
    wide = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }
    config = {
        "distilbert": lambda: transformers.DistilBertConfig(
            **shared, dim=32, n_layers=2, n_heads=2, hidden_dim=64
        ),
        "mpnet": lambda: transformers.MPNetConfig(**shared, **wide),
        "modernbert": lambda: transformers.ModernBertConfig(
            **shared, **wide, pad_token_id=0, cls_token_id=2, sep_token_id=3
        ),
        "xlm-roberta": lambda: transformers.XLMRobertaConfig(
            **shared, **wide, pad_token_id=0
        ),
    }[name]()
    with torch.random.fork_rng(devices=[]):
        transformers.AutoModel.from_config(config).save_pretrained(folder)


@pytest.mark.parametrize("name", ["distilbert", "mpnet", "modernbert", "xlm-roberta"])
def test_other_architectures(tmp_path, name):
    folder = tiny_bert(tmp_path / "encoder")
    write_other_architecture(folder, name)
    vectors = PretrainedTextEncoder(str(folder)).fit_transform(TITLES)
    start = make(str(folder), learning_rate=1e-12, max_epochs=1).fit(TITLES, KINDS)
    np.testing.assert_allclose(start.transform(TITLES), vectors, atol=1e-5)
    model = make(str(folder), max_epochs=4).fit(TITLES, KINDS)
    expected = model.predict_proba(TITLES)
    pickled = pickle.dumps(model)
    shutil.rmtree(folder)
    amzest.clear_cache()
    np.testing.assert_array_equal(pickle.loads(pickled).predict_proba(TITLES), expected)


def test_half_precision_weights_are_trained_in_float32(tmp_path):
    folder = tiny_bert(tmp_path / "encoder")
    import torch
    import transformers

    network = transformers.AutoModel.from_pretrained(folder)
    network.to(torch.float16).save_pretrained(folder)
    model = make(str(folder), max_epochs=1).fit(TITLES, KINDS)
    assert {array.dtype.name for array in model.weights_.values()} == {"float32"}
