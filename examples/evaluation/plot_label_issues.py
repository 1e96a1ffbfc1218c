"""
Find label errors
=================

In every product catalog, some products have a wrong category. This example generates a
dataset in which one of eight labels is wrong, ranks the labels by how suspicious they
are, checks how many errors are found, and corrects them.
"""

# %%
# A dataset with label errors
# ---------------------------
# :func:`~amzest.make_products` changes the label of one of eight products. The true
# labels are in `true_target`, which no model uses.

from amzest import make_products

shop = make_products(400, label_noise=0.125, random_state=0)
X, y = shop.data, shop.target
is_wrong = (y != shop.true_target).to_numpy()
print(f"{is_wrong.sum()} of {len(y)} labels are wrong.")

# %%
# Out-of-fold predictions
# -----------------------
# A network that was trained on a wrong label may repeat it. Each product must therefore
# be predicted by models that were not trained on it: a
# :class:`~amzest.ensemble.CrossFit` of a text network and an image network. The
# weighted vote uses images if texts are not informative, and vice versa.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier
from amzest.ensemble import CrossFit

text = make_pipeline(
    ColumnSelector(["title", "description"]), TextCNNClassifier(max_epochs=6)
)
image = make_pipeline(
    ColumnSelector("image"), ImageCNNClassifier(image_size=32, max_epochs=8)
)
members = [("text", text), ("image", image)]
crossfit = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, y)
vote = crossfit.weighted_voting("learn")

# %%
# Rank the labels
# ---------------
# :func:`~amzest.evaluation.find_label_issues` sorts all products by the quality of
# their labels, the most suspicious first. `quality` is below 0.5 if another category
# has a higher probability than the label. `is_issue` is a stricter criterion.

from amzest.evaluation import find_label_issues

issues = find_label_issues(vote)
issues.drop(columns="row").head(6)

# %%
# Compare with the true labels
# ----------------------------
# The plot shows how many label errors are found if the list is checked from the top.
# The dashed line is a perfect ranking and the dotted line a random one. A single member
# cannot recognize all categories, and considers correct labels of the others
# suspicious.

import matplotlib.pyplot as plt
import numpy as np

n_wrong, n_checked = is_wrong.sum(), np.arange(1, len(y) + 1)
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
sources = {
    "weighted vote": issues,
    "text only": find_label_issues(crossfit, members=["text"]),
    "image only": find_label_issues(crossfit, members=["image"]),
}
for name, table in sources.items():
    found = is_wrong[table["row"]].cumsum()
    ax.plot(n_checked, found / n_wrong, label=name)
    print(f"{name}: {found[n_wrong - 1]} of {n_wrong} within the first {n_wrong}")
ax.plot(
    n_checked, np.minimum(n_checked / n_wrong, 1), "k--", lw=1, label="perfect ranking"
)
ax.plot(n_checked, n_checked / len(y), "k:", lw=1, label="random order")
ax.set(xlabel="Labels checked", ylabel="Fraction of label errors found")
ax.set_title("Label errors found")
ax.grid(alpha=0.3)
_ = ax.legend(loc="lower right")

# %%
# `is_issue` suggests where to stop:

marked = is_wrong[issues.loc[issues["is_issue"], "row"]]
print(f"{marked.size} labels are marked, {marked.sum()} of them are wrong.")

# %%
# The most suspicious products
# ----------------------------
# Images help to check the labels. Each tile shows the predicted category and the label.

from amzest.evaluation import ProductGridDisplay

display = ProductGridDisplay.from_predictions(
    y,
    vote.oof_proba_,
    titles=X["title"],
    images=X["image"],
    rows=issues["row"].head(8),
)
_ = display.figure_.suptitle("The eight most suspicious labels")

# %%
# Correct the labels
# ------------------
# Suppose that a person checks the first 60 products and corrects the labels that are
# wrong. The members are refitted, and both votes are evaluated on new products without
# label errors.

corrected = y.copy()
rows = issues["row"].head(60)
corrected.iloc[rows] = shop.true_target.iloc[rows]

refitted = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, corrected)
votes = {
    "original labels": vote,
    "60 labels checked": refitted.weighted_voting("learn"),
}
labels = {"original labels": y, "60 labels checked": corrected}

# %%
# `out-of-fold accuracy` is the accuracy that would have been reported, on the labels as
# they are. `accuracy on new products` is the true accuracy.

import pandas as pd

X_new, y_new = make_products(600, return_X_y=True, random_state=1)
scores = {}
for name, model in votes.items():
    predicted = model.classes_[model.oof_proba_.argmax(axis=1)]
    scores[name] = {
        "label errors": (labels[name] != shop.true_target).mean(),
        "out-of-fold accuracy": (predicted == labels[name]).mean(),
        "accuracy on new products": model.score(X_new, y_new),
    }
pd.DataFrame(scores).T.round(3)

# %%
# Checking 60 of 400 products found all label errors, and yet the accuracy on new
# products hardly improved: random label errors cancel out in training. They affect the
# evaluation, however. A model whose accuracy is 0.95 seemed to be wrong in one of six
# products, and small differences between classifiers would not have been visible.
# Systematic errors, such as a supplier that labels all bottles as mugs, are different:
# models learn them, and do not find them.

# sphinx_gallery_thumbnail_number = 2
