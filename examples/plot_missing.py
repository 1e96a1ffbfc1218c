"""
Missing titles and photos
=========================

In a catalogue cells are empty: here a photo is lacking, there a title. What does a
network answer for a product that it cannot read, and what becomes of that answer when
several networks vote? This example compares scikit-learn's soft vote, which counts
such answers, with amzest's ensembles, which leave them out, and ends with photos that
are there but broken.

"""

# %%
# A catalogue with gaps
# ---------------------
# Six categories of unequal size. Half of the products have no title and half no
# description, which leaves a quarter without any text; three of ten have no photo.

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
no_photo = X_test["image"].isna()
has = np.select(
    [no_text & no_photo, no_text, no_photo], ["nothing", "photo", "texts"], "both"
)
X_test.groupby(has).size().rename("test products").to_frame()

# %%
# What a network says of an empty row
# -----------------------------------
# One network for the texts and one for the photos. No imputer stands before them: rows
# with nothing to read are left out of training. :class:`~amzest.ensemble.CrossFit` fits
# both on two folds; what is needed below is made of these four fits.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier
from amzest.ensemble import CrossFit

text = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=6, random_state=0),
)
photo = make_pipeline(
    ColumnSelector("image"),
    ImageCNNClassifier(image_size=32, max_epochs=10, random_state=0),
)
crossfit = CrossFit(
    [("text", text), ("photo", photo)], cv=2, refit="average", random_state=0
)
crossfit.fit(X_train, y_train)

# %%
# A row with one empty column is read by the other. A row in which all columns are empty
# gets the class frequencies of the training rows, `class_prior_`: the best answer of
# somebody who has not seen the product. They are not to be taken for knowledge, and
# :meth:`~amzest.TextCNNClassifier.predict_proba_and_presence` tells such rows apart.

import pandas as pd

selector, network = crossfit.fold_estimators_["text"][0]
rows = [np.flatnonzero(has == "both")[0], np.flatnonzero(has == "photo")[0]]
proba, present = network.predict_proba_and_presence(
    selector.transform(X_test.iloc[rows])
)
table = pd.DataFrame(
    [*proba, network.class_prior_],
    columns=network.classes_,
    index=["a product with texts", "a product without", "class_prior_"],
).round(3)
table.insert(0, "present", [*present, None])
table

# %%
# Votes that are left out, and votes that count
# ---------------------------------------------
# :class:`~sklearn.ensemble.VotingClassifier` averages what its members say, the class
# frequencies of the one that saw nothing included. amzest's
# :class:`~amzest.ensemble.WeightedVotingClassifier` leaves that member out of the
# average of this row, and :class:`~amzest.ensemble.MissingAwareStackingClassifier`
# tells its meta-model who had something to read. All three get the same fitted
# networks here, so that nothing differs but the treatment of empty votes.

from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator

counted = VotingClassifier(
    [(name, FrozenEstimator(member)) for name, member in crossfit.estimators_.items()],
    voting="soft",
).fit(X_train, y_train)
probas = {
    "every vote counts": counted.predict_proba(X_test),
    "empty votes left out": crossfit.weighted_voting().predict_proba(X_test),
    "stacking": crossfit.stacking().predict_proba(X_test),
}

# %%
# What it costs
# -------------
# Accuracy and log-loss for test products that have both, only texts, only a photo, or
# neither. The last column is the share of products that get a probability of 0.9 or
# more, and so could go through without a second look.

from amzest.evaluation import compare_classifiers

groups = ["both", "texts", "photo", "nothing"]
scores = []
for group in groups:
    inside = has == group
    answers = {name: proba[inside] for name, proba in probas.items()}
    frame = compare_classifiers(
        y_test[inside], answers, classes=crossfit.classes_, n_bootstrap=500
    ).frame()
    frame["sure"] = [np.mean(proba.max(axis=1) >= 0.9) for proba in answers.values()]
    scores.append(frame)
scores = pd.concat(scores, keys=groups, names=["has"])
scores[["accuracy", "log_loss", "sure"]].unstack("has")[
    [(score, group) for score in ["accuracy", "log_loss", "sure"] for group in groups]
].round(2)

# %%
# A vote for the class frequencies rarely changes which category is on top, so that the
# accuracies are alike. But it drags the highest probability down: where one of two
# members knows nothing, no category can get more than one half plus half of its
# frequency, however sure the other member is. Look at the two groups in the middle: the
# log-loss is several times that of the vote that leaves empty votes out, and no product
# passes the 0.9. For products with both, the two votes are the same.
#
# The meta-model is the best one where there is much to combine. In the middle it has to
# make do with one coefficient for texts that stand alone and texts beside a photo, and
# is more careful than the vote. With nothing to read, all three answer with the class
# frequencies: to predict the largest category is then right as often as it is frequent.

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
    xlabel="what the product has",
    ylabel="log-loss with 95 % interval (lower is better)",
    ylim=(0, None),
    title="Log-loss when votes without content are counted or left out",
)
_ = ax.legend()

# %%
# A photo that is no photo
# ------------------------
# A cell that is empty is missing. A file that is there and cannot be decoded is an
# error, because it may mean that a download was cut off or a path leads to the wrong
# place. The message names the row:

import warnings

broken = X_test.iloc[rows].copy()
broken["image"] = [b"<html>404 Not Found</html>", broken["image"].iloc[1]]
model = crossfit.fold_estimators_["photo"][0]
try:
    model.predict(broken)
except ValueError as error:
    print(error)

# %%
# With ``on_error="missing"`` such a photo counts as missing, and one warning tells how
# many there were. This parameter may be changed after training.

model.set_params(imagecnnclassifier__on_error="missing")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    proba = model.predict_proba(broken)
print(caught[0].message)
pd.DataFrame(proba, columns=model.classes_, index=["broken photo", "photo"]).round(3)

# %%
# :doc:`/user_guide/missing` lists what counts as missing in each kind of column.

# sphinx_gallery_thumbnail_number = 1
