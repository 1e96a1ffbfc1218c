import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import tiny_bert

from amzest.pretrained import PretrainedTextClassifier
from amzest.pretrained import _fine_tuned_network as network_module
from amzest.pretrained._fine_tuned_cells import tokenize_cells
from amzest.pretrained._fine_tuned_network import ActivationCost, _divide
from amzest.pretrained._text_description import read_text_description
from amzest.pretrained._text_model import make_text_tokenizer

CELLS = np.array(
    [
        ["red shoe", "a b c d e f g h i j"],
        ["", "garden hose"],
        ["boot", ""],
        ["red shoe", "a b c d e f g h i j"],
        ["", " "],
        ["old garden rake", "rake"],
    ],
    dtype=object,
)

#: Counts tokens instead of bytes.
TOKENS = ActivationCost(n_layers=1, per_token=1, per_pair=0)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def cells(encoder):
    tokenizer = make_text_tokenizer(encoder, read_text_description(encoder))
    return tokenize_cells(CELLS, tokenizer)


def test_each_distinct_text_is_tokenized_once(cells):
    assert len(cells) == 6
    assert len(cells.ids) == 6
    assert cells.present.tolist() == [True, True, True, True, False, True]
    assert cells.sizes.tolist() == [4 + 12, 4, 3, 4 + 12, 0, 5 + 3]
    groups = cells.groups()
    assert groups[0] == groups[3]
    assert len(set(groups)) == 5


def test_a_batch_has_the_cells_of_each_column(cells):
    batch = cells.batch(np.array([1, 0, 2]))
    assert batch["present"].tolist() == [[False, True], [True, True], [True, False]]
    assert batch["mask0"].sum(dim=1).tolist() == [4, 3]
    assert batch["mask1"].sum(dim=1).tolist() == [4, 12]
    assert (batch["ids1"][batch["mask1"] == 0] == cells.pad_id).all()
    only_titles = cells.batch(np.array([2]))
    assert only_titles.keys() == {"present", "ids0", "mask0"}


@pytest.mark.parametrize("max_tokens", [1, 20, 40, 1000])
def test_a_batch_is_divided_into_parts_of_few_tokens(cells, max_tokens):
    rows = np.array([1, 2, 5, 0, 3, 0])
    batch = cells.batch(rows)
    parts = list(_divide(batch, TOKENS, max_tokens))
    covered = [i for part, _ in parts for i in range(part.start, part.stop)]
    assert covered == list(range(len(rows)))
    for part, inputs in parts:
        n_tokens = sum(ids.numel() for name, ids in inputs.items() if "ids" in name)
        assert n_tokens <= max_tokens or part.stop - part.start == 1
        # A part is the batch of its rows, less the padding that it does not need.
        expected = cells.batch(rows[part])
        for name, values in inputs.items():
            width = values.shape[1]
            assert torch.equal(values, expected[name][:, :width])
            if name.startswith("mask"):
                assert expected[name][:, width:].sum() == 0
    if max_tokens == 1000:
        assert len(parts) == 1
    if max_tokens == 1:
        assert len(parts) == len(rows)


def without_dropout(folder, copy):
    shutil.copytree(folder, copy)
    path = Path(copy, "config.json")
    path.write_text(
        path.read_text().replace('_dropout_prob": 0.1', '_dropout_prob": 0.0')
    )
    return str(copy)


def test_parts_of_a_batch_have_the_gradient_of_the_batch(
    encoder, tmp_path, monkeypatch
):
    folder = without_dropout(encoder, tmp_path / "quiet")
    texts = ["red shoe", "boot", "garden hose " * 4, "rake"] * 6
    kinds = ["shoes", "shoes", "garden", "garden"] * 6
    weights = np.arange(24) % 3 + 0.5
    model = PretrainedTextClassifier(
        folder, trainable="all", dropout=0.0, batch_size=12, random_state=0
    )
    whole = model.fit(texts, kinds, weights)
    losses, expected = whole.loss_curve_, whole.weights_
    before, n_parts = network_module._divide, []

    def divide(*args):
        parts = list(before(*args))
        n_parts.append(len(parts))
        return iter(parts)

    monkeypatch.setattr(network_module, "_divide", divide)
    monkeypatch.setitem(network_module._MAX_BYTES, "cpu", 2**18)
    model.fit(texts, kinds, weights)
    assert max(n_parts) > 2
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-5)
    for name, array in model.weights_.items():
        np.testing.assert_allclose(array, expected[name], atol=1e-4, err_msg=name)


def test_the_size_of_parts_depends_on_network_and_length():
    class Config:
        hidden_size, num_hidden_layers, num_attention_heads = 384, 6, 12

    small, limit = ActivationCost.of(Config), network_module._MAX_BYTES["cpu"]
    assert limit / small.of_text(24) > 64, "a batch of titles is one part"
    assert 2 < limit / small.of_text(256) < 16
    Config.hidden_size, Config.num_hidden_layers = 1024, 24
    assert ActivationCost.of(Config).of_text(24) > 8 * small.of_text(24)


def test_missing_texts_of_a_tokenizer_without_special_tokens(encoder):
    tokenizer = make_text_tokenizer(encoder, read_text_description(encoder))
    from tokenizers import Tokenizer, processors

    plain = Tokenizer.from_str(tokenizer.tokenizer.to_str())
    plain.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    control = np.array([["\u200d"], ["shoe"]], dtype=object)  # no token, one token
    cells = tokenize_cells(control, replace(tokenizer, tokenizer=plain))
    assert cells.present.tolist() == [True, True]
    batch = cells.batch(np.array([0, 1]))
    assert batch["present"][:, 0].tolist() == [len(cells.ids[0]) > 0, True]
