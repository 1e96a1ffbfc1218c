"""Encoders of texts are exported to ONNX once, and then used without torch."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

from loopback import allow_only_loopback  # noqa: E402
from tiny_models import hub_cache, tiny_bert  # noqa: E402

from amzest.pretrained import (  # noqa: E402
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    export_onnx,
)

TITLES = ["red running shoe", "old boot", "garden hose", "a spade", "hose " * 40]
LABELS = ["shoes", "shoes", "garden", "garden", "garden"]


def vectors(model, **parameters):
    encoder = PretrainedTextEncoder(model, cache=False, **parameters)
    return encoder.fit_transform(TITLES)


def test_float32_vectors_are_those_of_torch(tiny_encoder, exports):
    expected = vectors(tiny_encoder, precision="float32")
    np.testing.assert_allclose(vectors(exports["float32"]), expected, atol=1e-6)


def test_int8_vectors_are_near_those_of_torch(tiny_encoder, exports):
    expected, found = (
        vectors(tiny_encoder, precision="float32"),
        vectors(exports["int8"]),
    )
    similarities = (expected * found).sum(axis=1)
    assert 0.99 < similarities.min() < 0.99999


def test_int8_weights_take_less_space(exports):
    sizes = {p: (f / "onnx" / "model.onnx").stat().st_size for p, f in exports.items()}
    assert sizes["int8"] < 0.6 * sizes["float32"]  # a quarter in networks of real size


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_vectors_do_not_depend_on_the_other_texts(exports, precision):
    encoder = PretrainedTextEncoder(exports[precision], cache=False).fit(TITLES)
    alone = np.concatenate([encoder.transform([title]) for title in TITLES])
    np.testing.assert_array_equal(encoder.transform(TITLES), alone)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_vectors_do_not_depend_on_the_number_of_threads(
    exports, precision, monkeypatch
):
    from amzest.pretrained import _onnx_text_model as module

    encoder = PretrainedTextEncoder(exports[precision], cache=False).fit(TITLES)
    monkeypatch.setattr(module, "_BATCH_TOKENS", 1)
    expected = encoder.transform(TITLES * 5)
    monkeypatch.setattr(module, "available_threads", lambda: 3)
    np.testing.assert_array_equal(encoder.transform(TITLES * 5), expected)


def test_export_has_no_paths_of_this_machine(exports):
    for precision in exports:
        content = (exports[precision] / "onnx" / "model.onnx").read_bytes()
        assert b".py" not in content
        assert str(Path(torch.__file__).parent).encode() not in content


def test_export_is_silent_and_repeatable(
    tiny_encoder, exports, tmp_path, capfd, monkeypatch
):
    allow_only_loopback(monkeypatch)
    handlers, level = list(logging.getLogger().handlers), logging.root.manager.disable
    again = export_onnx(tiny_encoder, tmp_path / "again")
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers
    assert logging.root.manager.disable == level
    files = [f / "onnx" / "model.onnx" for f in (again, exports["int8"])]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_head_fitted_with_torch_predicts_with_its_export(tiny_encoder, exports):
    clf = PretrainedTextClassifier(tiny_encoder, random_state=0).fit(TITLES, LABELS)
    expected = clf.predict_proba(TITLES)
    clf.model_ = str(exports["int8"])
    served = clf.predict_proba(TITLES)
    assert 0 < np.abs(served - expected).max() < 0.1  # not the vectors of torch, cached
    clf.model_ = str(tiny_encoder)
    np.testing.assert_array_equal(clf.predict_proba(TITLES), expected)


def test_export_of_another_model_is_refused(exports, tmp_path):
    other = tiny_bert(tmp_path / "other", seed=1)
    clf = PretrainedTextClassifier(other).fit(TITLES, LABELS)
    clf.model_ = str(exports["int8"])
    with pytest.raises(ValueError, match="not those that PretrainedTextClassifier was"):
        clf.predict(TITLES)


def test_model_of_the_hub_cache_is_exported_by_name(
    tiny_encoder, quick_export, tmp_path, monkeypatch
):
    from huggingface_hub import constants

    hub_cache(tmp_path / "hub", "shop/tiny", tiny_encoder)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    found = quick_export("shop/tiny", tmp_path / "new", precision="float32")
    assert not any(path.is_symlink() for path in found.rglob("*"))
    np.testing.assert_allclose(
        vectors(found), vectors(tiny_encoder, precision="float32"), atol=1e-6
    )


def test_export_replaces_an_earlier_one_only(tiny_encoder, quick_export, tmp_path):
    target = tmp_path / "deep" / "export"
    target.mkdir(parents=True)
    (tmp_path / "deep" / "other.txt").write_text("kept")
    quick_export(tiny_encoder, target, precision="float32")
    quick_export(tiny_encoder, target, precision="int8")
    record = json.loads((target / "onnx" / "amzest.json").read_text())
    assert record["precision"] == "int8"
    (target / "notes.txt").write_text("mine")
    with pytest.raises(
        ValueError, match=r"not those of an export, such as 'notes.txt'"
    ):
        quick_export(tiny_encoder, target)
    assert (target / "notes.txt").read_text() == "mine"
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == [
        "export",
        "other.txt",
    ]


def test_folder_of_the_user_is_refused(tiny_encoder, tmp_path):
    with pytest.raises(ValueError, match="which contains files that are not"):
        export_onnx(tiny_encoder, tiny_encoder)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="which is a file"):
        export_onnx(tiny_encoder, tmp_path / "file")


def test_export_of_an_export_is_refused(exports, tmp_path):
    with pytest.raises(ValueError, match="which is an ONNX model already"):
        export_onnx(exports["int8"], tmp_path / "new")


def test_nothing_is_left_of_an_export_that_fails(tiny_encoder, tmp_path, monkeypatch):
    from amzest.pretrained import _onnx_export as module

    def fail(*args, **kwargs):
        raise RuntimeError("no such operator")

    monkeypatch.setattr(module, "_export", fail)
    with pytest.raises(
        ValueError, match=r"\(bert\) cannot be exported.*no such operator"
    ):
        export_onnx(tiny_encoder, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_wrong_network_is_noticed(quick_export, tmp_path):
    other = tiny_bert(tmp_path / "other", seed=1)
    with pytest.raises(ValueError, match="computes other vectors than the original"):
        quick_export(other, tmp_path / "new")


def test_large_networks_are_divided(tiny_encoder, exports, tmp_path, monkeypatch):
    from amzest.pretrained import _onnx_export as module

    monkeypatch.setattr(module, "_MAX_BYTES", 1_000)
    found = export_onnx(tiny_encoder, tmp_path / "new")
    names = sorted(path.name for path in (found / "onnx").iterdir())
    assert names == ["amzest.json", "model.onnx", "model.onnx.data"]
    np.testing.assert_array_equal(vectors(found), vectors(exports["int8"]))
    # A change of the weights is noticed, although they are in another file.
    encoder = PretrainedTextEncoder(found).fit(TITLES)
    data = found / "onnx" / "model.onnx.data"
    data.write_bytes(bytes(reversed(data.read_bytes())))
    with pytest.raises(ValueError, match="its files are not those"):
        encoder.transform(TITLES)


def test_name_of_an_e5_model_is_not_lost(quick_export, tmp_path):
    original = tiny_bert(tmp_path / "e5-small")
    found = quick_export(original, tmp_path / "shop", precision="float32")
    with pytest.raises(ValueError, match="has several prompts"):
        PretrainedTextEncoder(found).fit(TITLES)
    np.testing.assert_allclose(
        vectors(found, prompt="query"),
        vectors(original, prompt="query: ", precision="float32"),
        atol=1e-6,
    )


def test_models_without_description_keep_needing_a_pooling(quick_export, tmp_path):
    original = tiny_bert(tmp_path / "plain", sentence_transformers=False)
    found = quick_export(original, tmp_path / "export", precision="float32")
    with pytest.raises(ValueError, match="Pass `pooling`"):
        PretrainedTextEncoder(found).fit(TITLES)
    for pooling in ("mean", "cls", "max", "mean_sqrt_len", "last"):
        np.testing.assert_allclose(
            vectors(found, pooling=pooling),
            vectors(original, pooling=pooling, precision="float32"),
            atol=1e-5,
        )


def test_prediction_imports_neither_torch_nor_transformers(
    tiny_encoder, exports, tmp_path
):
    import pickle

    fitted = {
        "torch": PretrainedTextClassifier(tiny_encoder, random_state=0),
        "packed": PretrainedTextClassifier(exports["int8"], embed_weights=True),
    }
    for name, clf in fitted.items():
        clf.fit(TITLES, LABELS)
        if name == "torch":
            clf.model_ = str(exports["int8"])
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(clf))
    code = f"""
import pickle, sys
for name in {list(fitted)}:
    with open({str(tmp_path)!r} + "/" + name + ".pickle", "rb") as file:
        print(pickle.load(file).predict({TITLES}).tolist())
from amzest.pretrained import PretrainedTextClassifier
PretrainedTextClassifier({str(exports["int8"])!r}).fit({TITLES}, {LABELS})
heavy = {{"torch", "transformers", "onnx", "safetensors", "huggingface_hub", "skorch"}}
print(sorted(heavy & set(sys.modules)), "onnxruntime" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [str(clf.predict(TITLES).tolist()) for clf in fitted.values()]
    assert done.stdout.splitlines() == [*expected, "[] True"]
    assert done.stderr == ""
