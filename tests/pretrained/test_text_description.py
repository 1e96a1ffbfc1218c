"""Pooling, prompts and lengths in the files of encoders, of all versions."""

import json

import pytest

from amzest.pretrained._text_description import read_text_description

OLD_FLAGS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len": "pooling_mode_mean_sqrt_len_tokens",
    "last": "pooling_mode_lasttoken",
}
NEW_NAMES = {"mean_sqrt_len": "mean_sqrt_len_tokens", "last": "lasttoken"}


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


PATHS = {"Transformer": "", "Pooling": "1_Pooling"}


def modules(*kinds, package="sentence_transformers.models", paths=PATHS):
    return [
        {
            "idx": i,
            "name": str(i),
            "path": paths.get(kind, f"{i}_{kind}"),
            "type": f"{package}.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]


def write_modules(folder, *kinds, pooling=None, **options):
    write(folder, "modules.json", modules(*kinds, **options))
    write(folder, "1_Pooling/config.json", pooling or {"pooling_mode": "mean"})


@pytest.fixture
def folder(tmp_path):
    config = {"model_type": "bert", "hidden_size": 24, "max_position_embeddings": 64}
    write(tmp_path, "config.json", config)
    write(tmp_path, "tokenizer_config.json", {"model_max_length": 10**30})
    return tmp_path


def edit(folder, name, **values):
    path = folder / name
    content = json.loads(path.read_text()) if path.exists() else {}
    write(folder, name, {**content, **values})


# Pooling ---------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", OLD_FLAGS)
def test_pooling_of_older_versions(folder, pooling):
    flags = {flag: name == pooling for name, flag in OLD_FLAGS.items()}
    write_modules(folder, "Transformer", "Pooling", pooling=flags)
    description = read_text_description(folder)
    assert description.pooling == pooling
    assert not description.normalize
    assert description.n_features == 24


@pytest.mark.parametrize("pooling", OLD_FLAGS)
@pytest.mark.parametrize("as_list", [False, True])
def test_pooling_of_version_5(folder, pooling, as_list):
    name = NEW_NAMES.get(pooling, pooling)
    settings = {"embedding_dimension": 24, "pooling_mode": [name] if as_list else name}
    write_modules(
        folder,
        *("Transformer", "Pooling", "Normalize"),
        pooling=settings,
        package="sentence_transformers.sentence_transformer.modules",
    )
    description = read_text_description(folder)
    assert description.pooling == pooling
    assert description.normalize


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pooling_mode": "weightedmean"}, "weightedmean"),
        ({"pooling_mode": ["cls", "mean"]}, "cls and mean"),
        ({"pooling_mode_cls_token": True}, "cls and mean"),
        ({"pooling_mode_mean_tokens": False}, "The|the"),
    ],
)
def test_other_poolings_are_refused(folder, settings, named):
    write_modules(folder, "Transformer", "Pooling", pooling=settings)
    with pytest.raises(ValueError, match="is not implemented") as error:
        read_text_description(folder)
    assert any(name in str(error.value) for name in named.split("|"))
    assert read_text_description(folder, pooling="cls").pooling == "cls"


def test_pooling_must_be_known(folder):
    with pytest.raises(ValueError, match="Pass `pooling`") as error:
        read_text_description(folder)
    assert '"cls"' in str(error.value)
    assert read_text_description(folder, pooling="cls").pooling == "cls"
    write_modules(folder, "Transformer", "Pooling")
    (folder / "1_Pooling" / "config.json").unlink()
    with pytest.raises(ValueError, match=r"1_Pooling/config\.json is missing"):
        read_text_description(folder)


@pytest.mark.parametrize(
    "kind", ["Dense", "LSTM", "WordEmbeddings", "LayerNorm", "Router", "CNN"]
)
def test_other_modules_are_refused_by_name(folder, kind):
    write_modules(folder, "Transformer", "Pooling", kind)
    with pytest.raises(ValueError, match=rf"models\.{kind}', which is not implemented"):
        read_text_description(folder, pooling="mean")


def test_modules_of_other_packages_are_refused(folder):
    write_modules(folder, "Transformer", "Pooling", package="custom_code")
    with pytest.raises(ValueError, match=r"'custom_code\.Transformer'"):
        read_text_description(folder)


@pytest.mark.parametrize("kinds", [("Pooling", "Transformer"), ("Pooling",)])
def test_modules_in_another_order_are_refused(folder, kinds):
    write_modules(folder, *kinds)
    with pytest.raises(ValueError, match="expected Transformer, Pooling"):
        read_text_description(folder)


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../b"])
def test_modules_outside_of_the_folder_are_refused(folder, path):
    paths = {**PATHS, "Pooling": path}
    write(folder, "modules.json", modules("Transformer", "Pooling", paths=paths))
    with pytest.raises(ValueError, match="outside of the folder"):
        read_text_description(folder)


def test_dropout_has_no_effect(folder):
    write_modules(folder, "Transformer", "Pooling", "Dropout")
    assert read_text_description(folder).pooling == "mean"


def test_the_network_may_be_in_a_folder_of_its_own(folder):
    for name in ("config.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text())
        write(folder, f"0_Transformer/{name}", content)
        (folder / name).unlink()
    paths = {**PATHS, "Transformer": "0_Transformer"}
    write_modules(folder, "Transformer", "Pooling", paths=paths)
    assert read_text_description(folder).subfolder == "0_Transformer"


@pytest.mark.parametrize("content", ['{"a": 1}', '["text"]', "[{}]"])
def test_modules_that_cannot_be_read_are_named(folder, content):
    (folder / "modules.json").write_text(content)
    with pytest.raises(ValueError, match=r"modules\.json"):
        read_text_description(folder, pooling="mean")


# Prompts ---------------------------------------------------------------------------

PROMPTS = {"query": "query: ", "passage": "passage: "}
SETTINGS = "config_sentence_transformers.json"


def test_the_default_prompt_is_used(folder):
    write(folder, SETTINGS, {"prompts": PROMPTS, "default_prompt_name": "query"})
    description = read_text_description(folder, pooling="mean")
    assert description.prompt == "query: "
    assert description.prompts == PROMPTS


def test_prompts_without_a_default_must_be_chosen(folder):
    write(folder, SETTINGS, {"prompts": PROMPTS, "default_prompt_name": None})
    with pytest.raises(ValueError, match="none of them is the default") as error:
        read_text_description(folder, pooling="mean")
    assert "passage: 'passage: '" in str(error.value)

    def prompt(given):
        return read_text_description(folder, pooling="mean", prompt=given).prompt

    assert prompt("passage") == "passage: "
    assert prompt("") == ""
    assert prompt("category: ") == "category: "


@pytest.mark.parametrize("prompts", [None, {}, {"query": "", "document": ""}])
def test_empty_prompts_are_none(folder, prompts):
    write(folder, SETTINGS, {"prompts": prompts, "default_prompt_name": None})
    assert read_text_description(folder, pooling="mean").prompt == ""


@pytest.mark.parametrize(
    "name", ["e5-base-v2", "multilingual-e5-small", "models--intfloat--e5-large"]
)
def test_models_whose_prompt_is_in_no_file(folder, tmp_path, name):
    place = tmp_path / name
    if name.startswith("models--"):
        place = place / "snapshots" / "0a1b2c"
    place.mkdir(parents=True)
    for file in ("config.json", "tokenizer_config.json"):
        (place / file).write_text((folder / file).read_text())
    with pytest.raises(ValueError, match='prompt="query: "'):
        read_text_description(place, pooling="mean")
    assert read_text_description(place, pooling="mean", prompt="").prompt == ""


def test_prompts_that_are_left_out_of_the_pooling(folder):
    pooling = {"pooling_mode": "mean", "include_prompt": False}
    write_modules(folder, "Transformer", "Pooling", pooling=pooling)
    assert read_text_description(folder).include_prompt, "there is no prompt"
    assert not read_text_description(folder, prompt="a: ").include_prompt
    pooling["include_prompt"] = True
    write_modules(folder, "Transformer", "Pooling", pooling=pooling)
    assert read_text_description(folder, prompt="a: ").include_prompt


# Length and case -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "tokenizer", "expected"),
    [(None, 10**30, 64), (None, 48, 48), (32, 48, 32), (128, 10**30, 64)],
)
def test_length(folder, settings, tokenizer, expected):
    edit(folder, "tokenizer_config.json", model_max_length=tokenizer)
    if settings:
        write(folder, "sentence_bert_config.json", {"max_seq_length": settings})
    assert read_text_description(folder, pooling="mean").max_length == expected


def test_length_without_any_limit(folder):
    write(folder, "config.json", {"model_type": "bert", "hidden_size": 24})
    assert read_text_description(folder, pooling="mean").max_length == 512


def test_length_that_was_chosen(folder):
    def length(given):
        return read_text_description(
            folder, pooling="mean", max_length=given
        ).max_length

    write(folder, "sentence_bert_config.json", {"max_seq_length": 32})
    assert length(16) == 16
    assert length(64) == 64, "longer than that of the training, but possible"
    with pytest.raises(ValueError, match="takes at most 64 tokens"):
        length(65)


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta", "mpnet"])
def test_positions_that_start_after_the_padding_token(folder, kind):
    edit(folder, "config.json", model_type=kind, pad_token_id=1)
    assert read_text_description(folder, pooling="mean").max_length == 62


@pytest.mark.parametrize("name", ["sentence_bert_config", "sentence_roberta_config"])
def test_lower_case(folder, name):
    assert not read_text_description(folder, pooling="mean").lower_case
    write(folder, f"{name}.json", {"max_seq_length": 32, "do_lower_case": True})
    assert read_text_description(folder, pooling="mean").lower_case


def test_texts_that_are_encoded_in_another_way_are_refused(folder):
    way = {"method": "forward", "method_output_name": "last_hidden_state"}
    settings = {"modality_config": {"text": way}}
    write(folder, "sentence_bert_config.json", settings)
    read_text_description(folder, pooling="mean")
    way["method"] = "get_text_features"
    write(folder, "sentence_bert_config.json", settings)
    with pytest.raises(ValueError, match="get_text_features"):
        read_text_description(folder, pooling="mean")


# Architecture ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"model_type": "t5", "is_encoder_decoder": True}, "has a decoder"),
        ({"model_type": "clip", "text_config": {}, "vision_config": {}}, "images and"),
        ({"model_type": "vit", "image_size": 224}, "encodes images"),
        ({"hidden_size": 24}, "has no .model_type"),
        ({"model_type": "bert"}, "has no .hidden_size"),
    ],
)
def test_networks_that_are_no_encoders_of_texts(folder, config, reason):
    write(folder, "config.json", config)
    with pytest.raises(ValueError, match=reason):
        read_text_description(folder, pooling="mean")


def test_names_of_the_number_of_features(folder):
    for name in ("hidden_size", "dim", "d_model"):
        write(folder, "config.json", {"model_type": "distilbert", name: 12})
        assert read_text_description(folder, pooling="mean").n_features == 12


def test_the_key_depends_on_all_that_changes_vectors(folder):
    choices = [
        {},
        {"pooling": "cls"},
        {"prompt": "query: "},
        {"max_length": 16},
    ]
    keys = {
        read_text_description(folder, **{"pooling": "mean", **choice}).key
        for choice in choices
    }
    write(folder, "sentence_bert_config.json", {"do_lower_case": True})
    keys.add(read_text_description(folder, pooling="mean").key)
    write_modules(folder, "Transformer", "Pooling", "Normalize")
    keys.add(read_text_description(folder).key)
    write(folder, "1_Pooling/config.json", {"include_prompt": False})
    keys.add(read_text_description(folder, prompt="query: ").key)
    assert len(keys) == 7
