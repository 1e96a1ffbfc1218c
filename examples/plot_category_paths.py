"""
Answer as deep in the category tree as is sure
==============================================

Categories of a shop are often paths, such as "Home > Kitchen > Mugs". Where a model
cannot tell a mug from a water bottle it may still know that the product belongs into
the kitchen, and half an answer is better than none or a wrong one. This example shows
how to get such answers, how to score them, and what they buy.

"""

# %%
# Categories that are paths
# -------------------------
# The drawn categories get places in a tree. Mugs, water bottles and table lamps can be
# told apart only by their photos, and a model will read the texts only, so that it
# cannot do well on these three. They have something in common, however: all are in
# "Home", and two are in "Kitchen".

from amzest import make_products
from amzest.evaluation import CategoryTree

paths = {
    "Board Games": "Media > Games > Board Games",
    "Books": "Media > Books",
    "Headphones": "Electronics > Audio > Headphones",
    "Mugs": "Home > Kitchen > Mugs",
    "Table Lamps": "Home > Lighting > Table Lamps",
    "Tea": "Food > Tea",
    "Watches": "Clothing > Accessories > Watches",
    "Water Bottles": "Home > Kitchen > Water Bottles",
}
settings = {"text_informativeness": 0.9, "image_size": 8, "return_X_y": True}
X, y = make_products(600, **settings, random_state=0)
X_test, y_test = make_products(800, **settings, random_state=1)
y, y_test = y.map(paths), y_test.map(paths)

tree = CategoryTree.from_paths(sorted(paths.values()))
for level in range(1, tree.depth + 1):
    print(f"Level {level}: {', '.join(tree.classes_at(level))}")

# %%
# A classifier with a tree on top
# -------------------------------
# :class:`~amzest.meta.HierarchicalClassifier` fits any classifier on the whole
# paths. The probability of "Home" is the sum of those of the three categories below it.
# From the root downwards it goes on to the most probable child for as long as that has
# a probability of at least `min_probability`.
#
# That number means something only if probabilities do. Those of a network that was
# trained to the end are too high as a rule, and
# :class:`~amzest.ensemble.CalibratedClassifier` mends that.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.ensemble import CalibratedClassifier
from amzest.evaluation import HierarchicalClassifier

text = make_pipeline(
    ColumnSelector(["title", "description"]), TextCNNClassifier(max_epochs=6)
)
model = HierarchicalClassifier(
    CalibratedClassifier(text, cv=3, random_state=0), min_probability=0.7
)
model.fit(X, y)

# %%
# Where the whole path cannot be told
# -----------------------------------
# The classifier below the tree answers with whole paths. Among the three categories in
# "Home" it can only guess.

from amzest.evaluation import CategoryScoresDisplay

whole_path = model.estimator_.predict(X_test)
display = CategoryScoresDisplay.from_predictions(y_test, whole_path)
_ = display.figure_.suptitle("Scores of answers with whole paths")

# %%
# What it answers
# ---------------
# `whole path` is what the classifier below answers on its own. The last column,
# an answer for every product at the top level, is
# :meth:`~amzest.meta.HierarchicalClassifier.predict_at`. An empty answer is the
# root: not even the top level is sure enough.

import pandas as pd

answers = pd.DataFrame(
    {
        "title": X_test["title"],
        "true": y_test,
        "whole path": whole_path,
        "as deep as is sure": model.predict(X_test),
        "top level": model.predict_at(1, X_test),
    }
)
answers.groupby("true").head(1)

# %%
# How to score it
# ---------------
# With :func:`~amzest.meta.hierarchical_precision_recall_f1` "Home > Kitchen" for
# a mug is right as far as it goes, and finds two of three levels. Precision is the
# share of the levels answered that are right, recall the share of the true levels that
# are found.

from amzest.evaluation import hierarchical_precision_recall_f1

pd.DataFrame(
    {
        name: hierarchical_precision_recall_f1(y_test, answers[name])._asdict()
        for name in ("whole path", "as deep as is sure", "top level")
    }
).T.round(3)

# %%
# What it buys
# ------------
# `min_probability` trades depth for being right. For the picture the probabilities are
# asked for once, and :meth:`~amzest.meta.CategoryTree.back_off` is called with
# several values. An answer is wrong if it is not on the true path.

import matplotlib.pyplot as plt
import numpy as np

proba = model.predict_proba(X_test)
bounds = [0, 0.5, 0.6, 0.7, 0.8, 0.9]
kinds = ["whole path", "two of three levels", "top level", "no answer", "wrong"]


def kind_of(answer, true):
    """Say how far an answer is right."""
    if not answer:
        return "no answer"
    if answer == true:
        return "whole path"
    if not true.startswith(f"{answer} > "):
        return "wrong"
    return "two of three levels" if " > " in answer else "top level"


shares = pd.DataFrame(0.0, index=bounds, columns=kinds)
for bound in bounds:
    answered = model.tree_.back_off(proba, bound)
    found = [kind_of(a, true) for a, true in zip(answered, y_test, strict=True)]
    shares.loc[bound] = pd.Series(found).value_counts(normalize=True)
shares = shares.fillna(0)

colours = ["#0b5394", "#5b9bd5", "#b7d3ee", "#dddddd", "#b8431f"]
figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
shares.plot.bar(stacked=True, ax=ax, color=colours, width=0.8, rot=0)
ax.set(xlabel="min_probability", ylabel="share of the products", ylim=(0, 1))
ax.set_title("How deep the answers go, and how many are wrong")
_ = ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

# %%
# At 0, which always answers with a whole path, every third answer is wrong. With a
# higher bound many of these become shorter, and right; with a very high one there are
# no answers. Few wrong ones can be had without a tree as well: answer where the whole
# path is sure, and leave the rest to people. If one answer in ten may be wrong, this is
# how many products get an answer in the two ways:

best = proba.max(axis=1)
is_right = model.classes_[proba.argmax(axis=1)] == y_test.to_numpy()
order = np.argsort(-best, kind="stable")
precision = is_right[order].cumsum() / np.arange(1, len(order) + 1)
flat = (np.flatnonzero(precision >= 0.9).max() + 1) / len(order)

wrong = shares["wrong"] / (1 - shares["no answer"])
bound = wrong.index[wrong <= 0.1].min()
print(f"Whole path or nothing: {flat:.0%} of the products get an answer.")
print(f"min_probability={bound}: {1 - shares.loc[bound, 'no answer']:.0%} do.")

# sphinx_gallery_thumbnail_number = 2
