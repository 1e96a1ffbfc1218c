"""Encoders of texts: their vectors are those that transformers computes."""

import json
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tiny_models import tiny_bert  # noqa: E402

from amzest.pretrained._loading import load_network  # noqa: E402
from amzest.pretrained._model_folder import fingerprint, pack_files  # noqa: E402
from amzest.pretrained._text_description import read_text_description  # noqa: E402
from amzest.pretrained._text_model import (  # noqa: E402
    live_text_model,
    load_tokenizer,
    pad_batch,
    padded_length,
    pool,
)
from amzest.utils import cache_info, clear_cache, set_cache_limit  # noqa: E402

TEXTS = [
    "red running shoe",
    "Garden hose, 20 m",
    "boot",
    "old sandal " * 40,
    "spade & rake: outdoor",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_bert(tmp_path_factory.mktemp("bert"))


def live(folder, *, precision="float32", source=None, **choices):
    description = read_text_description(folder, **choices)
    return live_text_model(
        folder if source is None else source,
        fingerprint(folder),
        description,
        precision=precision,
        device="cpu",
    )


def hidden_states(folder, texts, max_length):
    """Return the vectors of the tokens of each text, one text at a time."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return [
            network(
                **tokenizer(
                    text, truncation=True, max_length=max_length, return_tensors="pt"
                )
            ).last_hidden_state[0]
            for text in texts
        ]


def expected(folder, texts, pooling, max_length=32, normalize=False):
    states = hidden_states(folder, texts, max_length)
    pooled = {
        "mean": lambda state: state.mean(dim=0),
        "cls": lambda state: state[0],
        "max": lambda state: state.amax(dim=0),
        "mean_sqrt_len": lambda state: state.sum(dim=0) / len(state) ** 0.5,
        "last": lambda state: state[-1],
    }
    vectors = torch.stack([pooled[pooling](state) for state in states])
    if normalize:
        vectors = torch.nn.functional.normalize(vectors)
    return vectors.numpy()


# Vectors ---------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "mean_sqrt_len", "last"])
def test_pooling(folder, pooling):
    vectors = live(folder, pooling=pooling).encode(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(
        vectors, expected(folder, TEXTS, pooling, normalize=True), atol=2e-6
    )


def test_vectors_that_are_not_normalised(tmp_path):
    folder = tiny_bert(tmp_path, normalize=False, pooling="cls")
    vectors = live(folder).encode(TEXTS)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).min() > 0.01
    np.testing.assert_allclose(vectors, expected(folder, TEXTS, "cls"), atol=2e-6)


@pytest.mark.parametrize("max_length", [3, 8, 64])
def test_long_texts_are_truncated(folder, max_length):
    vectors = live(folder, max_length=max_length).encode(TEXTS)
    wanted = expected(folder, TEXTS, "mean", max_length, normalize=True)
    np.testing.assert_allclose(vectors, wanted, atol=2e-6)
    default = live(folder).encode(TEXTS)
    assert (np.abs(vectors - default).max(axis=1) > 1e-4).any()


def test_a_length_that_leaves_no_token_of_the_text(folder):
    with pytest.raises(ValueError, match="`max_length` is 2, but special tokens"):
        live(folder, max_length=2)
    with pytest.raises(ValueError, match="Pass a larger `max_length`"):
        live(folder, max_length=6, prompt="red running shoe boot")


def test_the_prompt_is_put_before_each_text(folder):
    vectors = live(folder, prompt="query: ").encode(TEXTS)
    wanted = expected(folder, [f"query: {t}" for t in TEXTS], "mean", normalize=True)
    np.testing.assert_allclose(vectors, wanted, atol=2e-6)


def test_a_prompt_that_is_left_out_of_the_mean(tmp_path):
    folder = tiny_bert(tmp_path, normalize=False)
    pooling = {"pooling_mode": "mean", "include_prompt": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    vectors = live(folder, prompt="red query: ").encode(TEXTS[:3])
    states = hidden_states(folder, [f"red query: {t}" for t in TEXTS[:3]], 32)
    # [CLS], red, query and the colon.
    wanted = torch.stack([state[4:].mean(dim=0) for state in states])
    np.testing.assert_allclose(vectors, wanted.numpy(), atol=2e-6)


def test_lower_case(tmp_path):
    folder = tiny_bert(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        content = (folder / name).read_text().replace('"lowercase":true', "")
        content = content.replace('"lowercase": true', '"lowercase": false')
        content = content.replace('"do_lower_case": true', '"do_lower_case": false')
        (folder / name).write_text(content)
    upper, lower = ["RED Running shoe"], ["red running shoe"]
    cased = live(folder)
    assert np.abs(cased.encode(upper) - cased.encode(lower)).max() > 1e-3
    settings = {"max_seq_length": 32, "do_lower_case": True}
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    uncased = live(folder)
    np.testing.assert_array_equal(uncased.encode(upper), uncased.encode(lower))


def test_vectors_do_not_depend_on_what_is_encoded_with_them(folder):
    generator = random.Random(0)
    words = [
        "red",
        "running",
        "shoe",
        "garden",
        "hose",
        "spade",
        "rake",
        "boot",
        "old",
        "blue",
    ]
    texts = [
        " ".join(generator.choices(words, k=generator.randint(1, 40)))
        for _ in range(300)
    ]
    model = live(folder)
    vectors = model.encode(texts)
    alone = np.concatenate([model.encode([text]) for text in texts[:20]])
    np.testing.assert_array_equal(vectors[:20], alone)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(
        model.encode([texts[i] for i in order]), vectors[order]
    )
    np.testing.assert_array_equal(model.encode(texts[100:137]), vectors[100:137])


def test_bfloat16_is_close_and_float32(folder):
    exact = live(folder).encode(TEXTS)
    rounded = live(folder, precision="bfloat16").encode(TEXTS)
    assert rounded.dtype == np.float32
    assert 0 < np.abs(exact - rounded).max() < 0.05
    np.testing.assert_allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(live(folder).encode(TEXTS), exact)


@pytest.mark.parametrize(
    "text",
    [
        "\ud83d half an emoji",
        "nul \x00 byte",
        "\x00",
        "​",
        "!!!",
        "red\ufffdshoe",
        "a" * 300_000,
        "shoe " * 100_000,
        "é" + "́" * 50_000,
        "☕ 日本語",
        "\r\n\t shoe \x7f",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_odd_texts_have_vectors(folder, text):
    vectors = live(folder).encode([text, "boot"])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_end_of_a_long_text_has_no_effect(folder):
    model = live(folder)
    text = "shoe " * 10_000
    np.testing.assert_array_equal(
        model.encode([text]), model.encode([text + "garden " * 10_000])
    )
    np.testing.assert_array_equal(
        model.encode(["  red shoe\n"]), model.encode(["red shoe"])
    )


def test_no_texts(folder):
    assert live(folder).encode([]).shape == (0, 32)


def test_pooling_of_texts_without_tokens():
    hidden, mask = torch.ones(2, 3, 4), torch.tensor([[0, 0, 0], [1, 1, 0]])
    for pooling in ("mean", "mean_sqrt_len"):
        assert (pool(hidden, mask, pooling)[0] == 0).all()


@pytest.mark.parametrize(
    ("length", "padded"), [(1, 8), (8, 8), (9, 16), (29, 30), (30, 30)]
)
def test_padded_length(length, padded):
    assert padded_length(length, 30) == padded


def test_padded_batch():
    inputs, mask = pad_batch([[5, 6], [7]], 1, 3)
    np.testing.assert_array_equal(inputs, [[5, 6, 1], [7, 1, 1]])
    np.testing.assert_array_equal(mask, [[1, 1, 0], [1, 0, 0]])


# Loading ---------------------------------------------------------------------------


def test_settings_of_the_tokenizer_file_do_not_pad_or_truncate(folder):
    tokenizer = load_tokenizer(folder)
    assert tokenizer.padding is None
    assert tokenizer.truncation is None
    assert len(tokenizer.encode("shoe " * 200).ids) == 202


def test_a_vocabulary_without_tokenizer_json(folder, tmp_path):
    other = tiny_bert(tmp_path)
    (other / "tokenizer.json").unlink()
    assert load_tokenizer(other).encode(TEXTS[1]).ids == (
        load_tokenizer(folder).encode(TEXTS[1]).ids
    )
    np.testing.assert_array_equal(live(other).encode(TEXTS), live(folder).encode(TEXTS))


def test_the_configuration_of_the_tokenizer_takes_precedence(folder, tmp_path):
    other = tiny_bert(tmp_path)
    path = other / "tokenizer_config.json"
    path.write_text(path.read_text().replace("true", "false", 1))
    assert json.loads(path.read_text())["do_lower_case"] is False
    texts = ["RED shoe", "red shoe"]
    ours = [load_tokenizer(other).encode(text).ids for text in texts]
    theirs = transformers.AutoTokenizer.from_pretrained(other)
    assert ours == [theirs(text)["input_ids"] for text in texts]
    assert ours[0] != ours[1]


def test_packed_files(folder):
    wanted = live(folder).encode(TEXTS)
    clear_cache()
    packed = live(folder, source=pack_files(folder))
    np.testing.assert_array_equal(packed.encode(TEXTS), wanted)


def test_weights_in_several_files(folder, tmp_path):
    other = tiny_bert(tmp_path, max_shard_size="20KB")
    assert len(list(other.glob("*.safetensors"))) > 1
    np.testing.assert_array_equal(live(other).encode(TEXTS), live(folder).encode(TEXTS))


def test_the_network_is_shared_and_kept_in_the_cache(folder):
    clear_cache()
    first = live(folder)
    assert cache_info().n_bytes >= 4 * sum(
        p.numel() for p in first.network.parameters()
    )
    assert live(folder, pooling="cls").network is first.network
    assert live(folder).tokenizer is first.tokenizer
    limit = cache_info().max_bytes
    set_cache_limit(0)
    try:
        assert live(folder).network is not first.network
    finally:
        set_cache_limit(limit)


def test_threads_load_a_network_once(folder):
    clear_cache()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(live(folder).network))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_loading_changes_no_global_state(folder):
    from transformers.utils import logging

    def state():
        return (
            logging.get_verbosity(),
            logging.is_progress_bar_enabled(),
            torch.get_rng_state().tolist(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
        )

    before = state()
    clear_cache()
    live(folder).encode(TEXTS)
    assert state() == before


def test_truncated_weights_are_named(tmp_path):
    folder = tiny_bert(tmp_path)
    path = folder / "model.safetensors"
    content = path.read_bytes()
    for size in (0, 5, 100, len(content) - 10):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"model\.safetensors: truncated") as e:
            load_network(folder)
        assert str(path) in str(e.value)


def test_weights_of_another_network_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tiny_bert(tmp_path)
    path = folder / "model.safetensors"
    weights = load_file(path)
    name = "encoder.layer.1.output.dense.weight"
    save_file({k: v for k, v in weights.items() if k != name}, path)
    with pytest.raises(ValueError, match="are missing") as error:
        load_network(folder)
    assert name in str(error.value)
    save_file({**weights, name: weights[name][:3].contiguous()}, path)
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        load_network(folder)


def test_the_weights_of_the_pooler_are_not_needed(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    other = tiny_bert(tmp_path)
    path = other / "model.safetensors"
    weights = load_file(path)
    assert any(name.startswith("pooler.") for name in weights)
    kept = {k: v for k, v in weights.items() if not k.startswith("pooler.")}
    save_file({f"bert.{k}": v for k, v in kept.items()}, path)
    state = torch.get_rng_state()
    np.testing.assert_array_equal(live(other).encode(TEXTS), live(folder).encode(TEXTS))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_tokenizer_of_another_model_is_named(tmp_path):
    other = tiny_bert(tmp_path / "other", vocabulary=["umbrella"])
    mixed = tiny_bert(tmp_path / "mixed")
    for path in (*other.glob("*token*"), other / "vocab.txt"):
        shutil.copy(path, mixed)
    with pytest.raises(ValueError, match="of different models"):
        live(mixed).encode(["umbrella"])


# Other architectures ---------------------------------------------------------------

SMALL = {
    "vocab_size": 200,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
ARCHITECTURES = {
    "roberta": lambda: transformers.RobertaConfig(
        **SMALL, max_position_embeddings=34, pad_token_id=1
    ),
    "xlm-roberta": lambda: transformers.XLMRobertaConfig(
        **SMALL, max_position_embeddings=34, pad_token_id=1
    ),
    "mpnet": lambda: transformers.MPNetConfig(
        **SMALL, max_position_embeddings=34, pad_token_id=1
    ),
    "distilbert": lambda: transformers.DistilBertConfig(
        vocab_size=200, dim=16, n_layers=1, n_heads=2, hidden_dim=32
    ),
    "electra": lambda: transformers.ElectraConfig(**SMALL, embedding_size=8),
    "albert": lambda: transformers.AlbertConfig(**SMALL, embedding_size=8),
    "deberta-v2": lambda: transformers.DebertaV2Config(**SMALL),
    "modernbert": lambda: transformers.ModernBertConfig(**SMALL, pad_token_id=0),
}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_other_encoders(folder, tmp_path, kind):
    network = transformers.AutoModel.from_config(ARCHITECTURES[kind]()).eval()
    network.save_pretrained(tmp_path)
    for path in folder.glob("*token*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    model = live(tmp_path, pooling="mean", max_length=32)
    vectors = model.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 16)
    ids = model.tokenizer.ids(TEXTS)
    with torch.inference_mode():
        for row, vector in zip(ids, vectors, strict=True):
            alone = network(torch.tensor([row])).last_hidden_state[0].mean(dim=0)
            np.testing.assert_allclose(vector, alone.numpy(), atol=1e-5)


def test_a_forked_process_encodes(folder):
    code = f"""
import multiprocessing, sys
sys.path[:0] = {sys.path!r}
from test_text_model import TEXTS, live
from pathlib import Path
folder = Path({str(folder)!r})
wanted = live(folder).encode(TEXTS * 20)
def child(queue):
    queue.put(live(folder).encode(TEXTS * 20).tobytes())
context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=child, args=(queue,))
process.start()
assert queue.get(timeout=100) == wanted.tobytes()
process.join()
"""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stderr == ""


# Real weights ----------------------------------------------------------------------


@pytest.mark.weights
def test_vectors_of_real_weights(minilm):
    vectors = live(minilm, max_length=128).encode(TEXTS)
    wanted = expected(minilm, TEXTS, "mean", 128, normalize=True)
    assert (vectors * wanted).sum(axis=1).min() > 0.99999


@pytest.mark.weights
def test_vectors_of_real_weights_do_not_depend_on_the_batch(minilm):
    model = live(minilm, max_length=64)
    texts = [f"{text} {i}" for i in range(20) for text in TEXTS]
    vectors = model.encode(texts)
    for start in (0, 7, 50):
        part = model.encode(texts[start : start + 9])
        np.testing.assert_array_equal(part, vectors[start : start + 9])
