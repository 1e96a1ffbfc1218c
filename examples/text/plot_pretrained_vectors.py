"""
Start from pretrained word vectors
==================================

If there are few products, new products may contain words that do not occur in the
training data. Pretrained word vectors can help. This example passes a file of word
vectors to :class:`~amzest.TextCNNClassifier` and evaluates it on titles whose nouns are
not in the training data.

Nothing is downloaded: the file is generated so that the vectors of words of one
category are similar, as they are in GloVe.
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
# Files of GloVe have a word and its vector on each line. The text format of word2vec
# has an additional first line. Both can be read, also compressed with gzip. In this
# file, the nouns of a category have a common direction, and half of each vector is
# noise; the vectors of brands and adjectives are only noise.

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
# Titles with new nouns
# ---------------------
# The last four nouns of each category occur only in the test titles. There are 40
# training titles per category, with its first one, two, four or six nouns.


def make_titles(first, last, n_per_category):
    """Return titles of four words, one of them a noun of the category."""
    rows = [
        (f"{a} {b} {rng.choice(words[first:last])} {c}", category)
        for category, words in nouns.items()
        for a, b, c in rng.choice(fillers, (n_per_category, 3))
    ]
    return pd.DataFrame(rows, columns=["title", "category"])


test = make_titles(6, 10, 50)
training = {n_nouns: make_titles(0, n_nouns, 40) for n_nouns in (1, 2, 4, 6)}
test.groupby("category").head(1)

# %%
# Fit with and without word vectors
# ---------------------------------
# The vectors of the file are added to those that the network learns, and are not
# trained unless ``train_embeddings=True``. Words that are not in the training data have
# a vector too, if they are among the first ``max_embeddings`` words of the file.
#
# By default, a linear model of the words and n-grams of the training data is fitted
# beside the network. It cannot know new nouns. ``linear_part=False`` fits the network
# alone.

from amzest import TextCNNClassifier

designs = {
    "no vectors": {},
    "vectors": {"embeddings": path},
    "vectors, trained": {"embeddings": path, "train_embeddings": True},
    "no vectors, no linear part": {"linear_part": False},
    "vectors, no linear part": {"embeddings": path, "linear_part": False},
}
scores = pd.DataFrame(index=training, columns=list(designs), dtype=float)
for n_nouns, train in training.items():
    for name, parameters in designs.items():
        network = TextCNNClassifier(
            n_buckets=4096, max_epochs=10, random_state=0, **parameters
        )
        network.fit(train["title"], train["category"])
        scores.loc[n_nouns, name] = network.score(test["title"], test["category"])
scores.rename_axis("nouns per category").round(2)

# %%
# The plot shows the accuracy on titles with new nouns. Without word vectors it is at
# chance level, however many other nouns are known: the letters of "oboe" do not reveal
# that it is an instrument. Word vectors help, slightly more so without the linear part;
# training them changes little with so few titles. How much weight the linear part gets
# is learnt from held-out training titles, whose nouns are known; in a title with words
# that only the vectors know, it gets less. The linear part is not useless, because most
# new products consist of known words. Use cross-validation to find what is best for
# your data. Real word vectors help less than these, because they also encode
# information that is unrelated to your categories.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, style in zip(designs, ["s-", "o-", "o--", "s:", "D-"], strict=True):
    axes.plot(scores.index, scores[name], style, label=name)
axes.axhline(1 / len(nouns), color="grey", lw=1, label="chance level")
axes.set(
    title="Accuracy on titles with new nouns",
    xlabel="Nouns per category in the training data",
    ylabel="Accuracy",
    xticks=scores.index,
    ylim=(0, 1.05),
)
_ = figure.legend(loc="outside lower center", ncols=3)

temporary.cleanup()
