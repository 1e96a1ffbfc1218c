"""
Start from pretrained word vectors and photo weights
====================================================

Are there few products, and words or shapes among them that the next ones will not
repeat? Then it can help to start from what others have learnt of much more data. This
example gives :class:`~amzest.TextCNNClassifier` a file of word vectors and scores it on
titles whose nouns it has not seen, and gives :class:`~amzest.ImageInceptionClassifier`
a file of weights of InceptionV3.

Nothing is downloaded here, so both files are made up. The word vectors are made such
that words of one category are near to each other, as they are in GloVe. The weights of
InceptionV3 are random: that part shows how the file is used, not what it is worth.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
temporary = TemporaryDirectory()
folder = Path(temporary.name)

# %%
# A file of word vectors
# ----------------------
# GloVe's files have a word and its numbers on each line; word2vec's text format has one
# line more at the top. Both are read, plain or ``.gz``. Here words of a category share
# a direction, and half of each vector is noise; brands and adjectives are noise alone.

nouns = {
    "Garden": "trowel rake hose spade secateurs wheelbarrow hoe pruner planter dibber",
    "Kitchen": "skillet ladle whisk colander spatula saucepan grater peeler wok teapot",
    "Music": "guitar violin flute ukulele cello banjo trumpet oboe drum clarinet",
    "Shoes": "sneaker boot sandal loafer pump moccasin clog slipper brogue espadrille",
}
nouns = {category: words.split() for category, words in nouns.items()}
fillers = "acme norvik tallow kestrel classic large small durable red blue light new"
fillers = fillers.split()

vectors = {word: 1.4 * rng.standard_normal(50) for word in fillers}
for words in nouns.values():
    centre = rng.standard_normal(50)
    vectors.update({word: centre + rng.standard_normal(50) for word in words})

path = folder / "vectors.50d.txt"
with open(path, "w", encoding="utf-8") as file:
    for word, vector in vectors.items():
        line = " ".join([word, *vector.round(3).astype(str)])
        file.write(f"{line}\n")
print(f"{line[:60]} ...")


# %%
# Titles with nouns that training does not have
# ---------------------------------------------
# The last four nouns of each category stand in test titles alone. Training has 24
# titles of each category, made of the first one, two, four or six nouns.


def draw_titles(first, last, n_per_category):
    """Titles of four words, of which one says what the thing is."""
    rows = [
        (f"{a} {b} {rng.choice(words[first:last])} {c}", category)
        for category, words in nouns.items()
        for a, b, c in rng.choice(fillers, (n_per_category, 3))
    ]
    return pd.DataFrame(rows, columns=["title", "category"])


test = draw_titles(6, 10, 50)
training = {n_nouns: draw_titles(0, n_nouns, 24) for n_nouns in (1, 2, 4, 6)}
test.groupby("category").head(1)

# %%
# With and without
# ----------------
# Vectors of the file are added to those that the network learns, and stay as they are
# unless ``train_embeddings=True``. Words that training does not have keep their vector
# too, if they are among the first ``max_embeddings`` of the file.
#
# Beside the part that reads vectors the network has a linear part, which counts the
# words and n-grams it knows and has the larger say. It cannot know a new noun, and goes
# by chance resemblances. ``max_features=1`` all but switches it off.

from amzest import TextCNNClassifier

designs = {
    "no vectors": {},
    "vectors": {"embeddings": path},
    "vectors, trained on": {"embeddings": path, "train_embeddings": True},
    "no vectors, no linear part": {"max_features": 1},
    "vectors, no linear part": {"embeddings": path, "max_features": 1},
}
scores = pd.DataFrame(index=training, columns=list(designs), dtype=float)
for n_nouns, train in training.items():
    for name, parameters in designs.items():
        network = TextCNNClassifier(
            n_buckets=4096, max_epochs=10, random_state=0, **parameters
        )
        network.fit(train["title"], train["category"])
        scores.loc[n_nouns, name] = network.score(test["title"], test["category"])
scores.rename_axis("nouns known of each category").round(2)

# %%
# The picture shows the accuracy on titles whose nouns are new. Without vectors it is
# that of guessing, however many other nouns are known: letters do not tell that an
# oboe is an instrument. Vectors help, and help most where the linear part does not
# speak against them; training them further changes little on so few titles. That does
# not make the linear part a fault: products to come mostly use the words of those at
# hand, which it knows. Cross-validation on your own products tells which is the case.
# Expect less of real vectors than of these, as they also hold much that has nothing to
# do with your categories.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, style in zip(designs, ["s-", "o-", "o--", "s:", "D-"], strict=True):
    axes.plot(scores.index, scores[name], style, label=name)
axes.axhline(1 / len(nouns), color="grey", lw=1, label="guessing")
axes.set(
    title="Titles with nouns that training does not have",
    xlabel="Nouns known of each category",
    ylabel="Accuracy",
    xticks=scores.index,
    ylim=(0, 1.05),
)
_ = figure.legend(loc="outside lower center", ncols=3)

# %%
# A file of weights for InceptionV3
# ---------------------------------
# With ``weights="imagenet"`` Keras fetches the published weights, some 90 MB, or takes
# them from its cache. For a machine without a connection, make a file of them where
# there is one, and take it along:
#
# .. code-block:: python
#
#     keras.applications.InceptionV3(
#         include_top=False, weights="imagenet"
#     ).save_weights("inception_v3.weights.h5")
#
# The file that Keras itself publishes and keeps in its cache, named
# ``inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5``, can be given as well.
# Here a file is made with ``weights=None``: at random.

import keras

keras.utils.set_random_seed(0)
body = keras.applications.InceptionV3(include_top=False, weights=None)
path = folder / "inception_v3.weights.h5"
body.save_weights(path)
print(f"{path.name}: {path.stat().st_size / 2**20:.0f} MiB, {body.count_params():,}")

# %%
# Fitting goes in two stages: for ``frozen_epochs`` only the last layer learns, then
# also what follows the block ``fine_tune_from``, at a tenth of the learning rate, but
# for layers that normalise. The picture shows how many weights that is. Few photos can
# settle few weights: start late, with ``None`` (the body stays as it is) or
# ``"mixed9"``, and go back block by block for as long as cross-validated scores rise.

blocks = [f"mixed{block}" for block in range(11)]
names = [layer.name for layer in body.layers]
learning = [
    sum(
        layer.count_params()
        for layer in body.layers[names.index(block) + 1 :]
        if not isinstance(layer, keras.layers.BatchNormalization)
    )
    for block in blocks
]
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
bars = axes.bar(blocks, np.array(learning) / 1e6)
axes.bar_label(bars, fmt="%.1f")
axes.set(
    title="Weights of InceptionV3 that fine-tuning moves",
    xlabel="fine_tune_from",
    ylabel="Million weights",
)
axes.margins(y=0.12)
axes.tick_params(axis="x", labelrotation=45)

# %%
# A fit on a few drawn photos, at the smallest size that InceptionV3 takes. How well it
# sorts is not asked, as its body knows nothing; the seconds would be the same with
# published weights. Most of a fit this small goes into building the network.

import time

from amzest import ImageInceptionClassifier, make_products

X, y = make_products(24, n_categories=4, image_size=75, return_X_y=True, random_state=0)
for fine_tune_from in (None, "mixed9"):
    network = ImageInceptionClassifier(
        architecture="inception_v3",
        weights=path,
        frozen_epochs=1,
        fine_tune_from=fine_tune_from,
        image_size=75,
        max_epochs=2,
        random_state=0,
    )
    start = time.perf_counter()
    network.fit(X["image"], y)
    seconds = time.perf_counter() - start
    print(f"fine_tune_from={fine_tune_from!r:<9} {seconds:.0f} s for two epochs")

# %%
# As a transformer the network gives what stands before its last layer: 2,048 numbers
# for each photo, which a linear model can take over. The fitted network holds all
# weights itself; the file is no longer needed.

temporary.cleanup()
network.transform(X["image"]).shape

# sphinx_gallery_thumbnail_number = 1
