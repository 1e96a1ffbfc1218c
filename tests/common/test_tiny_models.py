"""The folders with tiny models are of the layouts that they claim to be."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tiny_models import (  # noqa: E402
    hub_cache,
    tiny_bert,
    tiny_clip,
    tiny_resnet,
    tiny_siglip,
    tiny_vit,
)

TITLES = ["red running shoe", "old boot", "garden hose"]


def loaded(folder):
    from tiny_models import _quiet_transformers

    with _quiet_transformers() as transformers:
        return transformers.AutoModel.from_pretrained(folder, use_safetensors=True)


def cosines(embeddings):
    embeddings = torch.nn.functional.normalize(embeddings.flatten(1), dim=1)
    return (embeddings @ embeddings.T).detach().numpy()


@pytest.mark.parametrize("make", [tiny_vit, tiny_resnet])
def test_images_of_other_colours_have_other_embeddings(tmp_path, make):
    model = loaded(make(tmp_path))
    images = torch.stack([torch.full((3, 32, 32), value) for value in (-0.8, 0.8)])
    assert cosines(model(pixel_values=images).pooler_output)[0, 1] < 0.9


@pytest.mark.parametrize("make", [tiny_bert, tiny_clip, tiny_siglip])
def test_other_words_have_other_embeddings(tmp_path, make):
    from tokenizers import Tokenizer

    folder = make(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    model = getattr(network := loaded(folder), "text_model", network)
    rows = [torch.tensor([tokenizer.encode(title).ids]) for title in TITLES]
    pooled = torch.cat([model(input_ids=ids).pooler_output for ids in rows])
    assert np.abs(cosines(pooled)[np.triu_indices(3, 1)]).max() < 0.99


@pytest.mark.parametrize("make", [tiny_bert, tiny_clip, tiny_siglip, tiny_resnet])
def test_the_same_model_is_made_again(tmp_path, make):
    first, again = make(tmp_path / "first"), make(tmp_path / "again")
    for path in filter(Path.is_file, first.rglob("*")):
        assert path.read_bytes() == (again / path.relative_to(first)).read_bytes(), path


def test_weights_depend_on_the_seed_alone_and_torch_keeps_its_state(tmp_path):
    state = torch.random.get_rng_state()
    contents = [
        (tiny_bert(tmp_path / name, seed=seed) / "model.safetensors").read_bytes()
        for name, seed in (("first", 0), ("again", 0), ("other", 1))
    ]
    assert contents[0] == contents[1] != contents[2]
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_layout_of_a_sentence_encoder(tmp_path):
    folder = tiny_bert(
        tmp_path, pooling="cls", prompts={"query": "query: "}, max_seq_length=16
    )
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    assert [name for name, value in pooling.items() if value is True] == [
        "pooling_mode_cls_token",
        "include_prompt",
    ]
    assert len(json.loads((folder / "modules.json").read_text())) == 3


def test_the_hub_finds_what_is_placed_in_its_cache(tmp_path):
    from huggingface_hub import snapshot_download

    made = hub_cache(tmp_path / "hub", "org/name", tiny_vit(tmp_path / "vit"))
    found = snapshot_download(
        "org/name", cache_dir=tmp_path / "hub", local_files_only=True
    )
    assert str(made) == found
    assert (made / "model.safetensors").is_symlink()
