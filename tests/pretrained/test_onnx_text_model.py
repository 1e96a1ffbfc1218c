"""Encoders of texts in ONNX Runtime, also those of other exporters."""

import json
import multiprocessing
import pickle
import shutil
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

from tiny_models import tiny_bert  # noqa: E402

from amzest.pretrained import (  # noqa: E402
    PretrainedTextClassifier,
    PretrainedTextEncoder,
)
from amzest.pretrained._onnx_text_model import pool_arrays  # noqa: E402
from amzest.pretrained._text_description import POOLINGS  # noqa: E402
from amzest.pretrained._text_model import pool  # noqa: E402

TITLES = ["red running shoe", None, "garden hose", "a spade"]


@pytest.fixture
def exported(exports, tmp_path):
    """An export that a test may change."""
    return shutil.copytree(exports["float32"], tmp_path / "export")


def edited(folder, change):
    """Change the graph of a folder, as if another exporter had written it."""
    path = folder / "onnx" / "model.onnx"
    model = onnx.load(path)
    change(model.graph)
    onnx.save(model, path)
    (folder / "onnx" / "amzest.json").unlink()
    return folder


@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_is_that_of_torch(pooling):
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(4, 6, 5)).astype(np.float32)
    mask = np.array([[1] * 6, [1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [0] * 6])
    expected = pool(torch.from_numpy(hidden), torch.from_numpy(mask), pooling)
    found = pool_arrays(hidden, mask, pooling)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6)


def test_prompt_may_be_left_out_of_the_pooling(quick_export, tmp_path):
    original = tiny_bert(
        tmp_path / "m", prompts={"query": "query: "}, default_prompt="query"
    )
    path = original / "1_Pooling" / "config.json"
    settings = json.loads(path.read_text()) | {"include_prompt": False}
    path.write_text(json.dumps(settings))
    found = quick_export(original, tmp_path / "e", precision="float32")
    titles = ["red shoe", "boot"]
    np.testing.assert_allclose(
        PretrainedTextEncoder(found).fit_transform(titles),
        PretrainedTextEncoder(original, precision="float32").fit_transform(titles),
        atol=1e-6,
    )


def test_export_with_token_types_and_another_output_is_used(exported):
    """As optimum writes for BERT."""
    expected = PretrainedTextEncoder(exported).fit_transform(TITLES)

    def change(graph):
        kind = onnx.TensorProto.INT64
        types = onnx.helper.make_tensor_value_info("token_type_ids", kind, ["n", "m"])
        graph.input.append(types)
        for node in graph.node:
            for index, name in enumerate(node.output):
                if name == "last_hidden_state":
                    node.output[index] = "token_embeddings"
        graph.output[0].name = "token_embeddings"

    encoder = PretrainedTextEncoder(edited(exported, change))
    np.testing.assert_array_equal(encoder.fit_transform(TITLES), expected)


def test_unknown_input_or_output_raises(exported):
    def rename_output(graph):
        for node in graph.node:
            for index, name in enumerate(node.output):
                if name == "last_hidden_state":
                    node.output[index] = "logits"
        graph.output[0].name = "logits"

    encoder = PretrainedTextEncoder(edited(exported, rename_output))
    with pytest.raises(ValueError, match=r"the outputs are 'logits'; expected"):
        encoder.fit_transform(TITLES)


def test_unknown_input_raises(exported):
    def add_input(graph):
        kind = onnx.TensorProto.INT64
        graph.input.append(onnx.helper.make_tensor_value_info("pixels", kind, ["n"]))

    encoder = PretrainedTextEncoder(edited(exported, add_input))
    with pytest.raises(ValueError, match=r"the inputs are .*'pixels'; expected"):
        encoder.fit_transform(TITLES)


def test_damaged_network_raises(exported):
    path = exported / "onnx" / "model.onnx"
    path.write_bytes(path.read_bytes()[:5_000])
    with pytest.raises(ValueError, match=r"model.onnx: ONNX Runtime cannot load it"):
        PretrainedTextEncoder(exported).fit_transform(TITLES)


def test_tokenizer_of_another_model_raises(exported):
    path = exported / "config.json"
    config = json.loads(path.read_text()) | {"vocab_size": 20}
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="knows only 20"):
        PretrainedTextEncoder(exported).fit_transform(TITLES)


def test_width_of_another_model_raises(exported):
    path = exported / "config.json"
    config = json.loads(path.read_text()) | {"hidden_size": 16}
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"have 32 features, but config\.json"):
        PretrainedTextEncoder(exported).fit_transform(TITLES)


@pytest.mark.parametrize("parameters", [{"precision": "bfloat16"}, {"device": "cuda"}])
def test_parameters_that_have_no_effect_raise(exported, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"`{name}` is "):
        PretrainedTextEncoder(exported, **parameters).fit(TITLES)


def test_precision_of_the_export_may_be_given(exported):
    PretrainedTextEncoder(exported, precision="float32", device="cpu").fit(TITLES)


def test_network_is_not_trained(exported):
    clf = PretrainedTextClassifier(exported, trainable="all")
    with pytest.raises(ValueError, match=r"an ONNX model, which cannot be trained"):
        clf.fit(TITLES, ["a", "a", "b", "b"])


def test_safetensors_come_first(tiny_encoder, exported):
    """Folders of the hub contain both."""
    (exported / "model.safetensors").write_bytes(
        (tiny_encoder / "model.safetensors").read_bytes()
    )
    (exported / "onnx" / "model.onnx").write_bytes(b"not read")
    original = PretrainedTextEncoder(tiny_encoder).fit_transform(TITLES)
    found = PretrainedTextEncoder(exported).fit_transform(TITLES)
    np.testing.assert_array_equal(found, original)


def test_weights_in_the_estimator_are_enough(exported):
    encoder = PretrainedTextEncoder(exported, embed_weights=True, cache=False)
    expected = encoder.fit_transform(TITLES)
    data = pickle.dumps(encoder)
    shutil.rmtree(exported)
    np.testing.assert_array_equal(pickle.loads(data).transform(TITLES), expected)


def test_missing_package_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"amzest\[onnx\]"):
        PretrainedTextEncoder(exported).fit(TITLES)


def _send_vectors(encoder, sending):
    sending.send(encoder.transform(TITLES))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_process_predicts(exported):
    encoder = PretrainedTextEncoder(exported, cache=False)
    expected = encoder.fit_transform(TITLES)
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_send_vectors, args=(encoder, sending)
    )
    process.start()
    assert receiving.poll(60)
    np.testing.assert_array_equal(receiving.recv(), expected)
    process.join(60)
