"""
Predict hierarchical categories
===============================

Categories are often paths, such as "Home > Kitchen > Mugs". A classifier that cannot
distinguish mugs from water bottles may still be certain that a product belongs to "Home
> Kitchen". This example predicts as many levels of the path as are likely enough, and
evaluates such predictions.
"""

# %%
# Categories as paths
# -------------------
# The categories of this synthetic dataset are arranged in a tree. Mugs, water bottles
# and table lamps can only be recognized by their images, and the classifier uses only
# texts, so that it cannot distinguish these three. They all belong to "Home", however,
# and two of them to "Kitchen".

from amzest import make_products
from amzest.meta import CategoryTree

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
# A hierarchical classifier
# -------------------------
# :class:`~amzest.meta.HierarchicalClassifier` fits any classifier on the whole paths.
# The probability of "Home" is the sum of the probabilities of its three categories.
# Starting at the root, it selects the most probable child as long as its probability is
# at least `min_probability`.
#
# This requires calibrated probabilities. By default, the networks of amzest are
# calibrated on held-out samples. :class:`~amzest.ensemble.CalibratedClassifier` does it
# for any classifier, on out-of-fold predictions of all samples; the network need not do
# it too.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier
from amzest.ensemble import CalibratedClassifier
from amzest.meta import HierarchicalClassifier

text = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, calibrate=False),
)
model = HierarchicalClassifier(
    CalibratedClassifier(text, cv=3, random_state=0), min_probability=0.7
)
model.fit(X, y)

# %%
# Scores of the flat classifier
# -----------------------------
# The underlying classifier predicts whole paths. For the three categories in "Home" it
# can only guess.

from amzest.evaluation import CategoryScoresDisplay

whole_path = model.estimator_.predict(X_test)
display = CategoryScoresDisplay.from_predictions(y_test, whole_path)
_ = display.figure_.suptitle("Scores of whole paths")

# %%
# Predictions
# -----------
# `whole path` is the prediction of the underlying classifier. `hierarchical` is as deep
# as the probability allows; an empty prediction is the root, if no category of the
# first level is probable enough. `first level` is computed with
# :meth:`~amzest.meta.HierarchicalClassifier.predict_at`.

import pandas as pd

predictions = pd.DataFrame(
    {
        "title": X_test["title"],
        "true": y_test,
        "whole path": whole_path,
        "hierarchical": model.predict(X_test),
        "first level": model.predict_at(1, X_test),
    }
)
predictions.groupby("true").head(1)

# %%
# Metrics
# -------
# With :func:`~amzest.meta.hierarchical_precision_recall_f1`, the prediction "Home >
# Kitchen" for a mug is correct on two of three levels. Precision is the fraction of
# predicted levels that are correct, and recall the fraction of true levels that are
# predicted.

from amzest.meta import hierarchical_precision_recall_f1

pd.DataFrame(
    {
        name: hierarchical_precision_recall_f1(y_test, predictions[name])._asdict()
        for name in ("whole path", "hierarchical", "first level")
    }
).T.round(3)

# %%
# Choose the minimum probability
# ------------------------------
# `min_probability` is a trade-off between depth and accuracy. For the plot, the
# probabilities are computed once, and :meth:`~amzest.meta.CategoryTree.back_off` is
# called with several values. A prediction is wrong if it is not on the true path.

import matplotlib.pyplot as plt
import numpy as np

proba = model.predict_proba(X_test)
bounds = [0, 0.5, 0.6, 0.7, 0.8, 0.9]
outcomes = ["whole path", "two of three levels", "first level", "none", "wrong"]


def outcome_of(predicted, true):
    """Return how many levels of a prediction are correct."""
    if not predicted:
        return "none"
    if predicted == true:
        return "whole path"
    if not true.startswith(f"{predicted} > "):
        return "wrong"
    return "two of three levels" if " > " in predicted else "first level"


fractions = pd.DataFrame(0.0, index=bounds, columns=outcomes)
for bound in bounds:
    predicted = model.tree_.back_off(proba, bound)
    found = [
        outcome_of(label, true) for label, true in zip(predicted, y_test, strict=True)
    ]
    fractions.loc[bound] = pd.Series(found).value_counts(normalize=True)
fractions = fractions.fillna(0)

colours = ["#0b5394", "#5b9bd5", "#b7d3ee", "#dddddd", "#b8431f"]
figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
fractions.plot.bar(stacked=True, ax=ax, color=colours, width=0.8, rot=0)
ax.set(xlabel="min_probability", ylabel="Fraction of the products", ylim=(0, 1))
ax.set_title("Depth and errors of hierarchical predictions")
_ = ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

# %%
# With 0, which always predicts a whole path, one third of the predictions is wrong.
# With higher values, many of them become shorter and correct; with very high values,
# there are few predictions left. A threshold without hierarchy can also limit the
# number of errors: predict the whole path if it is probable enough, and nothing
# otherwise. If at most one of ten predictions may be wrong, this is the fraction of
# products with a prediction in both cases:

best = proba.max(axis=1)
is_correct = model.classes_[proba.argmax(axis=1)] == y_test.to_numpy()
order = np.argsort(-best, kind="stable")
precision = is_correct[order].cumsum() / np.arange(1, len(order) + 1)
flat = (np.flatnonzero(precision >= 0.9).max() + 1) / len(order)

wrong = fractions["wrong"] / (1 - fractions["none"])
bound = wrong.index[wrong <= 0.1].min()
print(f"Whole path or nothing: {flat:.0%} of the products")
print(f"min_probability={bound}: {1 - fractions.loc[bound, 'none']:.0%}")

# sphinx_gallery_thumbnail_number = 2
