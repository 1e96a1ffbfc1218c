"""
Classify with a pretrained encoder
==================================

With few labels, most words of new titles do not occur in the training data. A
pretrained encoder has learned from other texts which words are similar. This example
classifies titles with :class:`~amzest.PretrainedTextClassifier`, without labels with
:class:`~amzest.ZeroShotClassifier`, and exports the encoder for faster predictions.

Nothing is downloaded: the encoder is made here, with two layers and 50 words. It knows
nothing but which of these words belong together. Real encoders have learned this from a
billion sentences, for all words; :doc:`/user_guide/pretrained` shows how to get one and
how accurate it is on real products.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
temporary = TemporaryDirectory()
folder = Path(temporary.name)

nouns = {
    "Garden": "trowel rake hose spade secateurs wheelbarrow hoe pruner planter dibber",
    "Kitchen": "skillet ladle whisk colander spatula saucepan grater peeler wok teapot",
    "Music": "guitar violin flute ukulele cello banjo trumpet oboe drum clarinet",
    "Shoes": "sneaker boot sandal loafer pump moccasin clog slipper brogue espadrille",
}
nouns = {category: words.split() for category, words in nouns.items()}
fillers = "acme norvik tallow kestrel classic large small durable red blue light new"
fillers = fillers.split()

# %%
# A folder with an encoder
# ------------------------
# This is what ``hf download ORG/NAME --local-dir FOLDER`` fetches: a configuration,
# weights in the safetensors format, a tokenizer, and files that state how the vectors
# of the tokens become that of the text (here their mean, scaled to length 1). The
# embeddings of the nouns of a category have a common direction, and so have those of
# the other words; all other weights are random.

import json

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel
from transformers.utils import logging

logging.disable_progress_bar()


def make_encoder(folder, size=64):
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *fillers, *(word for group in nouns.values() for word in group)]
    ids = {word: number for number, word in enumerate(words)}

    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))

    vectors = 0.7 * rng.standard_normal((len(words), size))
    for group in (fillers, *nouns.values()):
        vectors[[ids[word] for word in group]] += rng.standard_normal(size)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=size,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * size,
        max_position_embeddings=32,
    )
    network = BertModel(config)
    network.embeddings.word_embeddings.weight.data = torch.tensor(vectors).float()

    network.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    prefix = "sentence_transformers.models."
    modules = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    modules = [{"type": prefix + kind, "path": path} for kind, path in modules.items()]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


model = folder / "tiny-encoder"
make_encoder(model)
for path in sorted(model.rglob("*.*")):
    print(f"{path.relative_to(model)}: {path.stat().st_size:,} bytes")

# %%
# Few labels
# ----------
# Each title has one noun. With two labels per category, at most two of its ten nouns
# occur in the training data. The encoder is not trained: a classifier of its
# vectors is fitted.

from amzest import PretrainedTextClassifier, TextLinearClassifier


def make_titles(n_per_category):
    """Return titles of four words, one of them a noun of the category."""
    rows = [
        (f"{a} {b} {noun} {c}", category)
        for category, words in nouns.items()
        for noun in rng.choice(words, n_per_category)
        for a, b, c in [rng.choice(fillers, 3)]
    ]
    return pd.DataFrame(rows, columns=["title", "category"])


test = make_titles(100)
n_labels = [2, 5, 20, 50]
scores = pd.DataFrame(index=n_labels, columns=["linear", "pretrained"], dtype=float)
for n in n_labels:
    train = make_titles(n)
    for name, classifier in {
        "linear": TextLinearClassifier(random_state=0),
        "pretrained": PretrainedTextClassifier(model, random_state=0),
    }.items():
        classifier.fit(train["title"], train["category"])
        scores.loc[n, name] = classifier.score(test["title"], test["category"])
scores.rename_axis("labels per category").round(2)

# %%

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, style in (("pretrained", "o-"), ("linear", "s--")):
    axes.plot(scores.index, scores[name], style, label=name)
axes.axhline(1 / len(nouns), color="grey", lw=1, label="chance level")
axes.set(
    title="Accuracy with few labels",
    xlabel="Labels per category",
    ylabel="Accuracy",
    xscale="log",
    xticks=n_labels,
    xticklabels=n_labels,
    ylim=(0, 1.05),
)
axes.minorticks_off()
_ = figure.legend(loc="outside lower center", ncols=3)

# %%
# No labels
# ---------
# :class:`~amzest.ZeroShotClassifier` compares titles with the names of the categories,
# or with words that describe them, which the encoder must know. Its predictions are
# proposals for people who label products. It improves with the titles themselves,
# which need no labels, and with the first few labels.

from amzest import ZeroShotClassifier

categories = {category: " ".join(words[:3]) for category, words in nouns.items()}
zero_shot = ZeroShotClassifier(model, categories, template="{}").fit(test["title"])
accuracy = np.mean(zero_shot.predict(test["title"]) == test["category"])
print(f"Accuracy without labels: {accuracy:.2f}")

# %%
# Vectors as features
# -------------------
# :class:`~amzest.PretrainedTextEncoder` returns the vectors, for example beside other
# columns. Missing texts have zeros.

from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from amzest import PretrainedTextEncoder

products = test.assign(price=rng.uniform(5, 500, len(test)).round(2))
features = ColumnTransformer(
    [
        ("title", PretrainedTextEncoder(model), "title"),
        ("price", StandardScaler(), ["price"]),
    ]
)
features.fit_transform(products).shape

# %%
# Save and serve
# --------------
# A fitted classifier contains a reference to the folder and the hash of its files, but
# not the encoder, unless ``embed_weights=True``. Where it predicts, the same files must
# exist; other files are an error.

import pickle

print(
    f"{len(pickle.dumps(classifier)):,} bytes; model_ is {Path(classifier.model_).name}"
)

# %%
# :func:`~amzest.pretrained.export_onnx` converts the encoder to a network of ONNX
# Runtime with 8-bit weights. It takes a quarter of the memory, is faster, and predicts
# where PyTorch is not installed. Assign the folder to ``model_`` of a fitted
# classifier, or fit a new one with it.

from amzest.pretrained import export_onnx

before = classifier.predict_proba(test["title"])
classifier.model_ = export_onnx(model, folder / "tiny-encoder-int8")
after = classifier.predict_proba(test["title"])
agreement = (before.argmax(axis=1) == after.argmax(axis=1)).mean()
print(f"Equal predictions: {agreement:.0%}")
print(f"Largest difference of a probability: {np.abs(before - after).max():.3f}")

temporary.cleanup()
