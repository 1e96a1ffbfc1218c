"""
Send uncertain predictions to review
====================================

A classifier can replace manual work as long as nearly all of its predictions are
correct; the rest is left to people. Which predicted probability is high enough, and
does the measured precision hold for new products? This example determines thresholds
that guarantee a precision, verifies them on new products, and shows the cost.
"""

# %%
# A classifier of limited accuracy
# --------------------------------
# The dataset has eight categories. Two of them (mugs and table lamps) can only be
# recognized by their images, so that a text classifier has to guess. In the other
# categories, one of ten texts is not informative.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier, make_products
from amzest.ensemble import CrossFit

settings = {
    "n_image_only": 2,
    "text_informativeness": 0.9,
    "image_size": 8,
    "return_X_y": True,
}
X, y = make_products(1200, **settings, random_state=0)
text = make_pipeline(
    ColumnSelector(["title", "description"]), TextCNNClassifier(max_epochs=6)
)
crossfit = CrossFit([("text", text)], cv=3, random_state=0).fit(X, y)

# %%
# Precision and coverage
# ----------------------
# Each point of the curve is a threshold. It shows the fraction of products above the
# threshold (coverage) and the precision of their out-of-fold predictions. The right end
# is the accuracy without a threshold.

from amzest.evaluation import CoveragePrecisionDisplay

display = CoveragePrecisionDisplay.from_predictions(
    y, {"text": crossfit.oof_proba_["text"]}, target_precision=0.95
)
display.figure_.suptitle("Precision of the most confident predictions")
display.at_target().round(3)

# %%
# A threshold with a guarantee
# ----------------------------
# The threshold of the dashed line is the best of many on these products, and the
# precision on new products may be lower, as the last plot of this page shows.
# :class:`~amzest.meta.ReviewThresholdClassifier` chooses the lowest threshold for which
# a statistical test shows that the precision on new products is at least
# `target_precision`. The probability that the guarantee does not hold is at most ``1 -
# confidence_level``, here 0.1. The thresholds are determined from the out-of-fold
# predictions without refitting.

from amzest.meta import ReviewThresholdClassifier

pooled = ReviewThresholdClassifier.from_oof(
    crossfit, member="text", target_precision=0.95, per_class=False
)
print(f"Threshold: {pooled.thresholds_[0]:.3f}, coverage: {pooled.coverage_:.1%}")

# %%
# Verify on new products
# ----------------------
# Below the threshold, the classifier predicts "review".

X_new, y_new = make_products(3000, **settings, random_state=1)
predicted = pooled.predict(X_new)
accepted = predicted != "review"
correct = predicted == y_new
print(f"coverage: {accepted.mean():.1%}, precision: {correct[accepted].mean():.1%}")

# %%
# A guarantee for each category
# -----------------------------
# The guarantee above is about all predictions together. With ``per_class=True``, the
# default, there is a guarantee for each category that has enough samples. The
# difference is visible in the categories that texts do not reveal. With a single
# threshold, some predictions of mugs and table lamps are accepted, and more than half
# of them are wrong; the precision of the other categories makes up for it. With
# separate thresholds, products of these two categories are always reviewed.

import pandas as pd

by_category = ReviewThresholdClassifier.from_oof(
    crossfit, member="text", target_precision=0.95
)
table = pd.DataFrame({"threshold": by_category.thresholds_}, by_category.classes_)
for name, model in {"single threshold": pooled, "per category": by_category}.items():
    labels = pd.Series(model.predict(X_new))
    groups = (labels == y_new).groupby(labels).agg(["size", "mean"])
    table[f"{name}: predictions"] = groups["size"].reindex(table.index, fill_value=0)
    table[f"{name}: precision"] = groups["mean"].reindex(table.index)
table.round(3)

# %%
# The cost
# --------
# The higher the target precision, the more products are left for review. The table
# shows the coverage of out-of-fold predictions. It is 0 if 1,200 samples are not enough
# to guarantee the precision.

targets = [0.9, 0.95, 0.98, 0.99, 0.995]
pd.DataFrame(
    {
        name: {
            target: ReviewThresholdClassifier.from_oof(
                crossfit, member="text", target_precision=target, per_class=per_class
            ).coverage_
            for target in targets
        }
        for name, per_class in {"single threshold": False, "per category": True}.items()
    }
).rename_axis("target_precision").round(3)

# %%
# How often does the guarantee hold?
# ----------------------------------
# With a confidence level of 0.9, thresholds from nine of ten datasets should reach the
# target precision. This simulation uses 30 datasets of 600 products and a naive Bayes
# classifier, which is fast, with the method
# :meth:`~amzest.meta.ReviewThresholdClassifier.fit`. For comparison, it also computes
# the lowest threshold that reaches the target precision on the out-of-fold predictions.

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

bayes = make_pipeline(
    make_column_transformer(
        (TfidfVectorizer(), "title"), (TfidfVectorizer(), "description")
    ),
    MultinomialNB(),
)
X_many, y_many = make_products(30 * 600, **settings, random_state=2)
points = {"with a guarantee": [], "without a guarantee": []}
for rows in np.array_split(np.arange(len(X_many)), 30):
    model = ReviewThresholdClassifier(
        bayes, target_precision=0.95, per_class=False, random_state=0
    ).fit(X_many.iloc[rows], y_many.iloc[rows])
    best = model.oof_proba_.max(axis=1)
    order = np.argsort(-best)
    is_correct = (model.oof_proba_.argmax(axis=1) == model.y_)[order]
    precision = is_correct.cumsum() / np.arange(1, len(order) + 1)
    enough = best[order][np.flatnonzero(precision >= 0.95).max()]

    proba = model.predict_proba(X_new)
    is_correct = model.classes_[proba.argmax(axis=1)] == y_new
    for name, threshold in zip(points, (model.thresholds_[0], enough), strict=True):
        accepted = proba.max(axis=1) >= threshold
        points[name].append((accepted.mean(), is_correct[accepted].mean()))

# %%
# Each point is the threshold of one dataset, evaluated on the 3,000 new products.
# Points below the line miss the target precision. Thresholds with a guarantee have a
# slightly lower coverage and rarely miss the target. The others miss it about half of
# the time.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
ax.axhline(0.95, color="0.5", ls="--", lw=1)
for (name, found), marker in zip(points.items(), "os", strict=True):
    coverage, precision = np.transpose(found)
    missed = (precision < 0.95).sum()
    ax.scatter(
        coverage, precision, marker=marker, label=f"{name}: {missed} of 30 missed"
    )
ax.set(xlabel="Coverage of new products", ylabel="Precision")
ax.set_title("Thresholds of 30 datasets on new products")
ax.grid(alpha=0.3)
_ = ax.legend()

# %%
# The guarantee holds for products from the same population as the training data. It
# does not cover changes such as a new supplier, or wrong labels; see
# :doc:`/user_guide/review`.

# sphinx_gallery_thumbnail_number = 2
