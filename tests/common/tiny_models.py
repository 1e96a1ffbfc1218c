"""Folders with tiny pretrained models of random weights, in the layouts of real ones.

The weights are random, but chosen so that texts of different words (images of different
colours) have different embeddings: a classifier on top of them learns toy classes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import string
from pathlib import Path

#: Words of the toy titles in public_estimators.py; other words are split into letters.
WORDS = [
    *("red", "running", "shoe", "blue", "boot", "old", "sandal", "shoes", "footwear"),
    *("garden", "hose", "spade", "rake", "outdoor", "category", "query", "passage"),
]
_SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation


def tiny_bert(
    folder,
    *,
    pooling="mean",
    normalize=True,
    prompts=None,
    default_prompt=None,
    max_seq_length=32,
    seed=0,
    hidden_size=32,
    layers=2,
    vocabulary=(),
    sentence_transformers=True,
    max_shard_size="1GB",
):
    """Write a BERT, in the layout of sentence-transformers, and return the folder.

    `sentence_transformers=False` leaves out modules.json and what belongs to it: the
    layout of plain transformers. A small `max_shard_size` divides the weights into
    several files.
    """
    folder = _new(folder)
    words = _wordpieces(vocabulary)
    _write_wordpiece_tokenizer(folder, words, max_length=2 * max_seq_length)
    with _quiet_transformers() as transformers, _seeded(seed):
        config = transformers.BertConfig(
            vocab_size=len(words),
            hidden_size=hidden_size,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=2 * hidden_size,
            max_position_embeddings=2 * max_seq_length,
            initializer_range=0.1,
        )
        model = transformers.BertModel(config).eval()
        _spread(model.embeddings.word_embeddings, len(_SPECIAL_TOKENS))
        model.save_pretrained(folder, max_shard_size=max_shard_size)
    if sentence_transformers:
        _write_modules(folder, hidden_size, pooling, normalize)
        _write(
            folder / "sentence_bert_config.json",
            {"max_seq_length": max_seq_length, "do_lower_case": False},
        )
        _write(
            folder / "config_sentence_transformers.json",
            {
                "__version__": {"sentence_transformers": "5.0.0"},
                "prompts": prompts or {},
                "default_prompt_name": default_prompt,
                "similarity_fn_name": "cosine",
            },
        )
    return folder


def tiny_vit(folder, *, seed=0, image_size=32, hidden_size=32, layers=2):
    """Write a vision transformer with its preprocessor_config.json."""
    folder = _new(folder)
    with _quiet_transformers() as transformers, _seeded(seed):
        config = transformers.ViTConfig(
            image_size=image_size,
            patch_size=image_size // 4,
            hidden_size=hidden_size,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=2 * hidden_size,
            initializer_range=0.1,
        )
        transformers.ViTModel(config).eval().save_pretrained(folder)
    _write_preprocessor(
        folder, "ViTImageProcessor", {"height": image_size, "width": image_size}
    )
    return folder


def tiny_resnet(folder, *, seed=0, image_size=32, hidden_sizes=(16, 32)):
    """Write a residual network with its preprocessor_config.json."""
    folder = _new(folder)
    with _quiet_transformers() as transformers, _seeded(seed):
        config = transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=list(hidden_sizes),
            depths=[1] * len(hidden_sizes),
            layer_type="basic",
            out_features=[f"stage{len(hidden_sizes)}"],
        )
        transformers.ResNetModel(config).eval().save_pretrained(folder)
    _write_preprocessor(
        folder,
        "ConvNextImageProcessor",
        {"shortest_edge": image_size},
        crop_pct=0.875,
    )
    return folder


def tiny_clip(folder, *, seed=0, image_size=32, hidden_size=32, embedding_size=16):
    """Write a CLIP: a text and an image encoder that share one space."""
    folder = _new(folder)
    n_tokens = _write_clip_tokenizer(folder)
    with _quiet_transformers() as transformers, _seeded(seed):
        text, vision = _two_towers(hidden_size, image_size)
        text |= {"vocab_size": n_tokens, "bos_token_id": 0, "eos_token_id": 1}
        config = transformers.CLIPConfig(
            text_config=text | {"pad_token_id": 1},
            vision_config=vision,
            projection_dim=embedding_size,
        )
        model = transformers.CLIPModel(config).eval()
        _spread(model.text_model.embeddings.token_embedding, 2)
        model.save_pretrained(folder)
    _write_preprocessor(
        folder,
        "CLIPImageProcessor",
        {"shortest_edge": image_size},
        do_center_crop=True,
        crop_size={"height": image_size, "width": image_size},
        do_convert_rgb=True,
        image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    )
    return folder


def tiny_siglip(folder, *, seed=0, image_size=32, hidden_size=32):
    """Write a SigLIP: as CLIP, with padded texts, sigmoid scores and no projection.

    Its tokenizer is tokenizer.json alone: transformers' class needs sentencepiece.
    """
    folder = _new(folder)
    n_tokens = _write_siglip_tokenizer(folder)
    with _quiet_transformers() as transformers, _seeded(seed):
        text, vision = _two_towers(hidden_size, image_size)
        text |= {"vocab_size": n_tokens, "bos_token_id": 0, "eos_token_id": 1}
        text |= {"pad_token_id": 1, "projection_size": hidden_size}
        config = transformers.SiglipConfig(text_config=text, vision_config=vision)
        model = transformers.SiglipModel(config).eval()
        _spread(model.text_model.embeddings.token_embedding, 2)
        model.save_pretrained(folder)
    _write_preprocessor(
        folder, "SiglipImageProcessor", {"height": image_size, "width": image_size}
    )
    return folder


def hub_cache(folder, name, model_folder):
    """Place a model folder as the cache of the Hugging Face Hub holds it.

    `folder` is what the environment variable HF_HUB_CACHE names. Files are blobs, named
    by their content, and a snapshot of the revision `main` links to them. The
    snapshot is returned.
    """
    repository = Path(folder) / ("models--" + name.replace("/", "--"))
    revision = hashlib.sha1(name.encode()).hexdigest()
    snapshot = repository / "snapshots" / revision
    blobs, references = repository / "blobs", repository / "refs"
    for made in (snapshot, blobs, references):
        made.mkdir(parents=True, exist_ok=True)
    (references / "main").write_text(revision)
    for path in sorted(Path(model_folder).rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            blob = blobs / hashlib.sha256(data).hexdigest()
            blob.write_bytes(data)
            link = snapshot / path.relative_to(model_folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


def _new(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2))


def _wordpieces(vocabulary):
    continued = ["##" + character for character in _CHARACTERS]
    return list(
        dict.fromkeys([*_SPECIAL_TOKENS, *_CHARACTERS, *continued, *WORDS, *vocabulary])
    )


def _write_wordpiece_tokenizer(folder, words, *, max_length):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    tokenizer.add_special_tokens(_SPECIAL_TOKENS)
    # As in real folders: settings that whoever counts tokens must not fall for.
    tokenizer.enable_truncation(max_length=max_length)
    tokenizer.enable_padding(length=max_length, pad_id=0, pad_token="[PAD]")
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "model_max_length": max_length,
            "unk_token": "[UNK]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "mask_token": "[MASK]",
        },
    )
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


def _byte_pairs():
    """Return a vocabulary and the merges that make each of its words one token.

    BpeTrainer of tokenizers breaks ties at random, and so would not make a model twice.
    """
    merges = {}
    for word in WORDS:
        pieces = [*word[:-1], word[-1] + "</w>"]
        for end in range(1, len(pieces)):
            merges["".join(pieces[:end]), pieces[end]] = None
    tokens = ["<|startoftext|>", "<|endoftext|>", *_CHARACTERS]
    tokens += [f"{character}</w>" for character in _CHARACTERS]
    tokens += ["".join(pair) for pair in merges]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}, list(merges)


def _write_clip_tokenizer(folder):
    """Write a byte-pair tokenizer; its words end with </w>, as CLIP's do."""
    from tokenizers import (
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    vocabulary, merges = _byte_pairs()
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary,
            merges,
            unk_token="<|endoftext|>",
            end_of_word_suffix="</w>",
        )
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", 0), ("<|endoftext|>", 1)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": 32,
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    )
    return tokenizer.get_vocab_size()


def _write_siglip_tokenizer(folder):
    """Write a unigram tokenizer with SentencePiece's spaces, as SigLIP's is."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [("<unk>", 0.0), ("</s>", 0.0), ("▁", -6.0)]
    pieces += [("▁" + word, -3.0) for word in WORDS if len(word) > 1]
    pieces += [(character, -8.0) for character in _CHARACTERS]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "SiglipTokenizer",
            "do_lower_case": True,
            "model_max_length": 32,
            "eos_token": "</s>",
            "pad_token": "</s>",
            "unk_token": "<unk>",
        },
    )
    return len(pieces)


def _two_towers(hidden_size, image_size):
    shared = {
        "hidden_size": hidden_size,
        "intermediate_size": 2 * hidden_size,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = shared | {"max_position_embeddings": 32}
    return text, shared | {"image_size": image_size, "patch_size": image_size // 4}


def _write_modules(folder, hidden_size, pooling, normalize):
    kinds = ["Transformer", "Pooling"] + ["Normalize"] * normalize
    _write(
        folder / "modules.json",
        [
            {
                "idx": index,
                "name": str(index),
                "path": f"{index}_{kind}" if index else "",
                "type": f"sentence_transformers.models.{kind}",
            }
            for index, kind in enumerate(kinds)
        ],
    )
    names = {
        "cls": "pooling_mode_cls_token",
        "mean": "pooling_mode_mean_tokens",
        "max": "pooling_mode_max_tokens",
        "mean_sqrt_len": "pooling_mode_mean_sqrt_len_tokens",
        "weightedmean": "pooling_mode_weightedmean_tokens",
        "last": "pooling_mode_lasttoken",
    }
    modes = {field: mode == pooling for mode, field in names.items()}
    _write(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": hidden_size, **modes, "include_prompt": True},
    )
    if normalize:
        (folder / "2_Normalize").mkdir(exist_ok=True)


def _write_preprocessor(folder, kind, size, **more):
    _write(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": kind,
            "do_resize": True,
            "size": size,
            "resample": 2,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
        }
        | more,
    )


def _spread(embedding, n_special):
    """Let the words of a text decide its embedding, not its special tokens."""
    import torch

    with torch.no_grad():
        embedding.weight.normal_(0, 1)
        embedding.weight[:n_special] *= 0.02


@contextlib.contextmanager
def _seeded(seed):
    """Seed torch's generator, and give it back its state."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def _quiet_transformers():
    """Import transformers, without the progress bars of its files."""
    import transformers
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield transformers
    finally:
        if shown:
            logging.enable_progress_bar()
