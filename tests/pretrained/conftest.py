"""Tiny models that the tests of pretrained encoders share."""

import shutil

import pytest


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory):
    """Folder of a tiny encoder of texts."""
    from tiny_models import tiny_bert

    return tiny_bert(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def exports(tiny_encoder):
    """Folders of exports of it by precision."""
    from amzest.pretrained import export_onnx

    return {
        precision: export_onnx(
            tiny_encoder, tiny_encoder.with_name(precision), precision=precision
        )
        for precision in ("float32", "int8")
    }


@pytest.fixture
def quick_export(exports, monkeypatch):
    """Export copies of the tiny encoder without converting the network again."""
    from amzest.pretrained import _onnx_export

    def copy(network, path, *, divide):
        shutil.copyfile(exports["float32"] / "onnx" / "model.onnx", path)

    monkeypatch.setattr(_onnx_export, "_export", copy)
    return _onnx_export.export_onnx
