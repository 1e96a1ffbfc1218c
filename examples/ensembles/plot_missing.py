"""
Missing texts and images
========================

Product tables contain missing values. What does a network predict for a product without
text or image, and what happens to this prediction in an ensemble? This example compares
soft voting of scikit-learn, which includes such predictions, with the ensembles of
amzest, which ignore them. At the end it shows what happens if image files are invalid.
"""

# %%
# A dataset with missing values
# -----------------------------
# The dataset has six categories of different sizes. Half of the products have no title
# and half have no description, so that a quarter has no text at all. Three of ten have
# no image.

import numpy as np
from sklearn.model_selection import train_test_split

from amzest import make_products

X, y = make_products(
    900,
    n_categories=6,
    n_text_only=0,
    n_image_only=0,
    weights=[6, 2, 1, 1, 1, 1],
    missing_title=0.5,
    missing_description=0.5,
    missing_image=0.3,
    return_X_y=True,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, test_size=0.5, random_state=0
)
no_text = X_test[["title", "description"]].isna().all(axis=1)
no_image = X_test["image"].isna()
has = np.select(
    [no_text & no_image, no_text, no_image], ["nothing", "image", "texts"], "both"
)
X_test.groupby(has).size().rename("test products").to_frame()

# %%
# Predictions of missing samples
# ------------------------------
# One network classifies texts and one images. They need no imputer: missing samples are
# not used for training. :class:`~amzest.ensemble.CrossFit` fits both on two folds, and
# all ensembles below use these four models.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier
from amzest.ensemble import CrossFit

text = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, random_state=0),
)
image = make_pipeline(
    ColumnSelector("image"),
    ImageCNNClassifier(image_size=32, max_epochs=10, random_state=0),
)
crossfit = CrossFit(
    [("text", text), ("image", image)], cv=2, refit="average", random_state=0
)
crossfit.fit(X_train, y_train)

# %%
# If one of the two text columns is missing, the network uses the other. If all columns
# are missing, it predicts the class frequencies of the training data, `class_prior_`.
# :meth:`~amzest.TextCNNClassifier.predict_proba_and_presence` returns which samples are
# not missing.

import pandas as pd

selector, network = crossfit.fold_estimators_["text"][0]
rows = [np.flatnonzero(has == "both")[0], np.flatnonzero(has == "image")[0]]
proba, present = network.predict_proba_and_presence(
    selector.transform(X_test.iloc[rows])
)
table = pd.DataFrame(
    [*proba, network.class_prior_],
    columns=network.classes_,
    index=["with text", "without text", "class_prior_"],
).round(3)
table.insert(0, "present", [*present, None])
table

# %%
# Ensembles
# ---------
# :class:`~sklearn.ensemble.VotingClassifier` averages all predictions, including the
# class frequencies of members for which the sample is missing.
# :class:`~amzest.ensemble.WeightedVotingClassifier` ignores these members, and
# :class:`~amzest.ensemble.MissingAwareStackingClassifier` passes indicators of missing
# samples to its final estimator. All three use the same fitted networks here, so that
# only the treatment of missing samples differs.

from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator

averaged = VotingClassifier(
    [(name, FrozenEstimator(member)) for name, member in crossfit.estimators_.items()],
    voting="soft",
).fit(X_train, y_train)
probas = {
    "all predictions": averaged.predict_proba(X_test),
    "missing ignored": crossfit.weighted_voting().predict_proba(X_test),
    "stacking": crossfit.stacking().predict_proba(X_test),
}

# %%
# Comparison
# ----------
# The table shows accuracy and log-loss of test products that have both texts and
# images, only one of them, or neither. The last columns are the fraction of products
# with a predicted probability of at least 0.9, which might be accepted without review.

from amzest.evaluation import compare_classifiers

groups = ["both", "texts", "image", "nothing"]
scores = []
for group in groups:
    inside = has == group
    predictions = {name: proba[inside] for name, proba in probas.items()}
    frame = compare_classifiers(
        y_test[inside], predictions, classes=crossfit.classes_, n_bootstrap=500
    ).frame()
    frame["confident"] = [np.mean(p.max(axis=1) >= 0.9) for p in predictions.values()]
    scores.append(frame)
scores = pd.concat(scores, keys=groups, names=["has"])
scores[["accuracy", "log_loss", "confident"]].unstack("has")[
    [
        (score, group)
        for score in ["accuracy", "log_loss", "confident"]
        for group in groups
    ]
].round(2)

# %%
# Averaging with the class frequencies rarely changes the category with the highest
# probability, so the accuracies are similar. It decreases the highest probability,
# however: if one of two members predicts the class frequencies, no probability can be
# higher than one half plus half of the frequency, even if the other member is certain.
# In the two groups in the middle, the log-loss is therefore several times as high as
# without missing members, and no probability reaches 0.9. If texts and images are
# present, both votes are equal.
#
# Stacking is best if both are present. In the two groups in the middle it has one
# coefficient for texts with and without images, and is less confident than the vote. If
# both are missing, all three predict the class frequencies, and the accuracy is the
# frequency of the largest category.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for i, name in enumerate(probas):
    frame = scores.xs(name, level="design").loc[groups]
    low, high = frame["log_loss_low"], frame["log_loss_high"]
    ax.errorbar(
        np.arange(len(groups)) + 0.12 * (i - 1),
        frame["log_loss"],
        yerr=[frame["log_loss"] - low, high - frame["log_loss"]],
        fmt="osD"[i],
        capsize=3,
        label=name,
    )
ax.set_xticks(range(len(groups)), groups)
ax.set(
    xlabel="Columns of the product",
    ylabel="Log-loss with 95 % interval (lower is better)",
    ylim=(0, None),
    title="Log-loss with and without predictions of missing samples",
)
_ = ax.legend()

# %%
# Invalid image files
# -------------------
# An empty cell is a missing image. A file that exists but cannot be decoded raises an
# error, because it may be an incomplete download or a wrong path. The message contains
# the row:

import warnings

invalid = X_test.iloc[rows].copy()
invalid["image"] = [b"<html>404 Not Found</html>", invalid["image"].iloc[1]]
model = crossfit.fold_estimators_["image"][0]
try:
    model.predict(invalid)
except ValueError as error:
    print(error)

# %%
# With ``on_error="missing"``, such an image is treated as missing, and a warning
# reports how many there are. This parameter can be changed after training.

model.set_params(imagecnnclassifier__on_error="missing")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    proba = model.predict_proba(invalid)
print(caught[0].message)
pd.DataFrame(proba, columns=model.classes_, index=["invalid image", "image"]).round(3)

# %%
# :doc:`/user_guide/missing` lists which values count as missing.

# sphinx_gallery_thumbnail_number = 1
