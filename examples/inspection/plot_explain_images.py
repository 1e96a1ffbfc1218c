"""
Text or image: which one decides
================================

In an ensemble of a text and an image classifier, either can be wrong. This example
shows the parts of an image that a prediction depends on, and the share of each member
in the predictions of the ensemble.
"""

# %%
# A vote of two members
# ---------------------
# Three of the eight categories can only be recognized by their texts, and three only by
# their images.

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    TextLinearClassifier,
    make_products,
)
from amzest.ensemble import WeightedVotingClassifier

X, y = make_products(400, image_size=32, return_X_y=True, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=100, stratify=y, random_state=0
)
text = make_pipeline(ColumnSelector("title"), TextLinearClassifier(random_state=0))
image = make_pipeline(
    ColumnSelector("image"),
    ImageCNNClassifier(image_size=32, max_epochs=8, random_state=0),
)
vote = WeightedVotingClassifier([("text", text), ("image", image)])
vote.fit(X_train, y_train)

# %%
# Heat maps
# ---------
# :func:`~amzest.inspection.explain` greys out each part of an image and measures how
# much lower the probability is. No method needs to know the classifier, so that the
# same call explains the text member, the image member and the vote. The three images
# below belong to the most confident correct predictions of the image classifier, each
# of another category.

import matplotlib.pyplot as plt
import numpy as np

from amzest.inspection import ImageExplanationDisplay

proba = vote.estimators_[1].predict_proba(X_test)
predicted = vote.classes_[proba.argmax(axis=1)]
order = np.argsort(-proba.max(axis=1) * (predicted == y_test.to_numpy()))
_, first = np.unique(predicted[order], return_index=True)
rows = order[np.sort(first)[:3]]
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
for ax, row in zip(axes, rows, strict=True):
    display = ImageExplanationDisplay.from_estimator(
        vote.estimators_[1], X_test, row=int(row), ax=ax
    )

# %%
# Shares of members
# -----------------
# The share of a member is its Shapley value: how much the probability of the vote
# changes when it joins the other members, averaged over the orders in which they can
# join. Shares sum to the probability of the vote minus the frequency of the category.

from amzest.inspection import explain

explanation = explain(vote, X_test.head(24))
members = explanation.members_frame()
members.head(6).round(3)

# %%
# Averaged over the products of a category, the shares show which member recognizes it.

shares = members.pivot_table(index="label", columns="member", values="contribution")
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
_ = shares.plot.barh(ax=ax, color=["#D55E00", "#0072B2"])
_ = ax.set(xlabel="mean share of the probability", ylabel="")

# %%
# Products without an image
# -------------------------
# A missing cell has no contributions, and a member for which a product is missing has
# no share.

without = X_test.head(2).assign(image=None)
explain(vote, without).members_frame().round(3)
