"""Encoders of images and texts, compared with transformers' own functions."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_models import tiny_bert, tiny_clip, tiny_siglip, tiny_vit

from amzest.pretrained import PretrainedImageClassifier, PretrainedImageEncoder
from amzest.pretrained._image_text_model import (
    check_image_text_model,
    encode_category_texts,
    encodes_images_and_texts,
    read_projection,
)
from amzest.pretrained._model_folder import pack_files

MAKERS = {"clip": tiny_clip, "siglip": tiny_siglip}
TEXTS = [
    "red shoe",
    "a photo of a garden hose.",
    "Boot",
    "rake",
    "old " * 60,
    "Red-Shoe!",
]


@pytest.fixture(scope="module", params=MAKERS)
def folder(request, tmp_path_factory):
    return MAKERS[request.param](tmp_path_factory.mktemp("model"))


def expected_text_features(folder, texts):
    """Compute the features as the documentation of transformers does."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        pad_token="</s>" if "siglip" in model.config.model_type else "<|endoftext|>",
        model_max_length=model.config.text_config.max_position_embeddings,
    )
    if model.config.model_type == "siglip":
        texts = [t.lower().translate(str.maketrans("", "", ".,-!")) for t in texts]
        inputs = tokenizer(
            texts, padding="max_length", truncation=True, return_tensors="pt"
        )
        inputs = {"input_ids": inputs["input_ids"]}
    else:
        inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        return features(model.get_text_features(**inputs))


def features(output):
    """Return a tensor: transformers 5 wraps it."""
    return getattr(output, "pooler_output", output).numpy()


def test_texts_have_the_features_of_transformers(folder):
    vectors = encode_category_texts(folder, TEXTS)
    expected = expected_text_features(folder, TEXTS)
    assert vectors.shape == expected.shape
    np.testing.assert_allclose(vectors, expected, atol=2e-5)
    assert np.abs(np.corrcoef(vectors)[0, 2]) < 0.999, "texts differ"


def test_images_have_the_features_of_transformers(folder):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (32, 32, 3)).astype(np.uint8) for _ in range(4)]
    encoder = PretrainedImageEncoder(folder, pooling="pooler", cache=False)
    vectors = encoder.fit_transform(images)
    projection = read_projection(folder, "visual_projection")
    if projection is not None:
        vectors = vectors @ projection
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    pixels = np.stack(images) / 255 - np.array(settings["image_mean"])
    pixels = torch.tensor(pixels / np.array(settings["image_std"]), dtype=torch.float32)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        expected = features(
            model.get_image_features(pixel_values=pixels.permute(0, 3, 1, 2))
        )
    assert vectors.shape == expected.shape
    np.testing.assert_allclose(vectors, expected, atol=2e-5)


def test_the_encoder_of_the_images_alone_is_a_backbone(folder, tmp_path):
    red, blue = np.zeros((2, 40, 40, 3), np.uint8)
    red[..., 0] = blue[..., 2] = 200
    Image.fromarray(red).save(tmp_path / "red.png")
    X, y = [tmp_path / "red.png", blue] * 8, ["red", "blue"] * 8
    classifier = PretrainedImageClassifier(folder, random_state=0).fit(X, y)
    assert classifier.predict([red, blue]).tolist() == ["red", "blue"]


def test_packed_files_give_the_same_vectors(folder):
    packed = pack_files(folder)
    np.testing.assert_array_equal(
        encode_category_texts(packed, TEXTS), encode_category_texts(folder, TEXTS)
    )


def test_sharded_weights(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    model = transformers.AutoModel.from_pretrained(copy)
    (copy / "model.safetensors").unlink()
    model.save_pretrained(copy, max_shard_size="20KB")
    assert (copy / "model.safetensors.index.json").exists()
    np.testing.assert_array_equal(
        encode_category_texts(copy, TEXTS), encode_category_texts(folder, TEXTS)
    )


def test_siglip_reads_the_padding(tmp_path):
    """Its vector is that of the last position: without padding it is another one."""
    folder = tiny_siglip(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    assert config["text_config"]["max_position_embeddings"] == 32
    whole = encode_category_texts(folder, ["red shoe"])
    config["text_config"]["max_position_embeddings"] = 31
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    name = "text_model.embeddings.position_embedding.weight"
    weights[name] = weights[name][:31].clone()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert np.abs(encode_category_texts(folder, ["red shoe"]) - whole).max() > 1e-3


def test_layouts_are_told_apart(folder, tmp_path):
    assert encodes_images_and_texts(folder)
    assert not encodes_images_and_texts(tiny_bert(tmp_path / "bert"))
    assert not encodes_images_and_texts(tiny_vit(tmp_path / "vit"))


@pytest.mark.parametrize("kind", ["siglip2", "blip", None])
def test_other_types_are_refused(kind, tmp_path):
    folder = tiny_siglip(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": kind}))
    with pytest.raises(ValueError, match=f"of the type {kind!r} are not implemented"):
        check_image_text_model(folder)
