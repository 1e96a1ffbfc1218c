"""Folders of models: found without a connection, refused if unsafe, identified."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("huggingface_hub")
safetensors_numpy = pytest.importorskip("safetensors.numpy")

from tiny_models import hub_cache  # noqa: E402

from amzest.pretrained._model_folder import (  # noqa: E402
    find_model_folder,
    fingerprint,
    model_files,
    opened,
    pack_files,
    read_config,
    weight_files,
)
from amzest.utils import clear_cache  # noqa: E402

#: In front of the code of a process in which every connection and look-up fails.
NO_NETWORK = """
import os, socket, sys
def refuse(*args, **kwargs):
    os.write(2, b"a connection was tried")
    os._exit(3)
socket.socket.connect = socket.socket.connect_ex = refuse
socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse
"""


def write_model(folder, seed=0):
    """Write the files of a model that nothing can load, which is faster."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32)
    safetensors_numpy.save_file({"weight": weights}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "bert", "hidden_size": 4}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    (folder / "README.md").write_text("About the model.")
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_model(tmp_path / "model")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty hub cache, which stays in use for the test."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_folder_is_found_by_its_path(folder, monkeypatch):
    assert find_model_folder(folder, purpose="An encoder") == folder
    assert find_model_folder(str(folder), purpose="An encoder") == folder
    monkeypatch.setenv("HOME", str(folder.parent))
    assert find_model_folder("~/model", purpose="An encoder") == folder


def test_a_name_is_found_in_the_hub_cache(folder, cache):
    hub_cache(cache, "shop/titles", folder)
    found = find_model_folder("shop/titles", purpose="An encoder")
    assert found.parts[-3:-1] == ("models--shop--titles", "snapshots")
    assert model_files(found) == model_files(folder)
    assert (found / "model.safetensors").is_symlink()
    assert fingerprint(found) == fingerprint(folder)


def test_the_message_names_the_command_that_fetches_a_model(cache):
    with pytest.raises(FileNotFoundError, match=r"hf download shop/titles$") as error:
        find_model_folder("shop/titles", purpose="PretrainedTextEncoder")
    assert "PretrainedTextEncoder downloads nothing" in str(error.value)
    assert str(cache) in str(error.value)


@pytest.mark.parametrize(
    "model", ["/no/such/folder", "./model", "a/b/c", "", "a b", "x" * 200 + "/y"]
)
def test_paths_are_no_names_of_the_hub(cache, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no such") as error:
        find_model_folder(model, purpose="An encoder")
    assert "hf download" in str(error.value)
    assert len(str(error.value)) < 1_000


def test_a_file_is_no_folder(folder):
    with pytest.raises(ValueError, match=r"`model` is .*, a file"):
        find_model_folder(folder / "model.safetensors", purpose="An encoder")


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
def test_the_environment_names_the_cache_and_no_socket_is_opened(
    folder, tmp_path, variable
):
    cache = tmp_path / "hub"
    hub_cache(cache, "shop/titles", folder)
    code = f"""{NO_NETWORK}
from amzest.pretrained._model_folder import find_model_folder, fingerprint
print(fingerprint(find_model_folder("shop/titles", purpose="An encoder")))
try:
    find_model_folder("shop/other", purpose="An encoder")
except FileNotFoundError as error:
    print(error)
"""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGINGFACE_"))
    }
    environment[variable] = str(tmp_path if variable == "HF_HOME" else cache)
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found, message = result.stdout.splitlines()
    assert found == fingerprint(folder)
    assert "hf download shop/other" in message


# What is in a folder ---------------------------------------------------------------


def test_files_of_other_formats_and_documentation_are_left_out(folder):
    before = fingerprint(folder)
    (folder / "README.md").write_text("More about the model.")
    (folder / "pytorch_model.bin").write_bytes(b"unused")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    assert fingerprint(folder) == before
    assert model_files(folder) == [
        "1_Pooling/config.json",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]


@pytest.mark.parametrize(
    "name",
    ["config.json", "1_Pooling/config.json", "tokenizer.json", "model.safetensors"],
)
def test_the_fingerprint_depends_on_every_file(folder, name):
    before = fingerprint(folder)
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b" ")
    assert fingerprint(folder) != before
    path.write_bytes(content)
    clear_cache()
    assert fingerprint(folder) == before


def test_the_fingerprint_depends_on_the_names_of_files(folder):
    before = fingerprint(folder)
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    assert fingerprint(folder) != before


def test_a_folder_and_its_copy_have_the_same_fingerprint(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    assert fingerprint(tmp_path / "copy") == fingerprint(folder)
    assert fingerprint(write_model(tmp_path / "other", 1)) != fingerprint(folder)


def test_files_are_read_once_per_process(folder, monkeypatch):
    import hashlib

    clear_cache()
    read = []
    digest = hashlib.file_digest
    monkeypatch.setattr(
        hashlib, "file_digest", lambda *args: read.append(args) or digest(*args)
    )
    first = fingerprint(folder)
    n_files = len(model_files(folder))
    assert fingerprint(folder) == first
    assert len(read) == n_files
    time.sleep(0.01)
    (folder / "config.json").touch()
    assert fingerprint(folder) == first
    assert len(read) == 2 * n_files, "a file that was touched is read again"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_pickled_weights_are_refused(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ValueError, match="Convert the weights once") as error:
        weight_files(folder)
    assert name in str(error.value)
    assert "save_pretrained" in str(error.value)


def test_missing_weights_are_named(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        weight_files(folder)


def test_weights_in_several_files(folder):
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    shutil.copy(folder / "model.safetensors", folder / shards[0])
    (folder / "model.safetensors").rename(folder / shards[1])
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": dict(zip("ab", shards, strict=True))}))
    assert weight_files(folder) == [index.name, *shards]
    assert set(shards) < set(model_files(folder))
    (folder / shards[1]).unlink()
    with pytest.raises(ValueError, match=r"index\.json names 'model-00002-of-00002"):
        weight_files(folder)
    index.write_text(json.dumps({"weight_map": {"a": "../model.safetensors"}}))
    with pytest.raises(ValueError, match=r"names '\.\./model"):
        weight_files(folder)


def test_weights_in_a_folder_of_the_network(folder):
    (folder / "0_Transformer").mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).rename(folder / "0_Transformer" / name)
    names = model_files(folder)
    assert "0_Transformer/model.safetensors" in names
    assert "0_Transformer/config.json" in names
    assert pack_files(folder).keys() == set(names)


def test_models_with_code_of_their_own_are_refused(folder):
    config = {"model_type": "new", "auto_map": {"AutoModel": "modeling.NewModel"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="never executed"):
        read_config(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"attn_implementation": "kernels-community/flash-attn"},
        {"_attn_implementation": "flash_attention_2"},
        {"_attn_implementation_internal": "someone/attention@main"},
    ],
)
def test_code_of_the_hub_for_attention_is_refused(folder, settings):
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=r"implementation of attention '.*', which is"):
        read_config(folder)
    usual = {**dict.fromkeys(settings, "sdpa"), "model_type": "bert"}
    (folder / "config.json").write_text(json.dumps(usual))
    assert read_config(folder) == usual


def test_quantized_weights_and_adapters_are_refused(folder):
    config = {"model_type": "bert", "quantization_config": {"quant_method": "gptq"}}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="the weights are quantized"):
        read_config(folder)
    del config["quantization_config"]
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match="an adapter of another model"):
        read_config(folder)


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "\ufeff{}"])
def test_invalid_settings_are_named(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(ValueError, match=r"config\.json: .* Fetch the file again"):
        read_config(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"config\.json is missing"):
        read_config(folder)


def test_packed_files_are_in_a_folder_while_it_is_open(folder):
    packed = pack_files(folder)
    assert packed.keys() == set(model_files(folder))
    with opened(packed) as unpacked:
        assert fingerprint(unpacked) == fingerprint(folder)
    assert not unpacked.exists()
    with opened(folder) as same:
        assert same == folder
