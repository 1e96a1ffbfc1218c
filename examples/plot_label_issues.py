"""
Find wrong labels
=================

Some products of every catalogue stand in the wrong category. Can they be found without
reading all of it, and what is gained? This example draws a catalogue in which
one label in eight is wrong and known to be so, lists the doubtful ones, counts how many
of the wrong ones are near the top of the list, and corrects what a person would find
there.

"""

# %%
# A catalogue with errors
# -----------------------
# :func:`~amzest.make_products` gives one product in eight another category's name. What
# it was before is in `true_target`, which no model sees.

from amzest import make_products

shop = make_products(400, label_noise=0.125, random_state=0)
X, y = shop.data, shop.target
is_wrong = (y != shop.true_target).to_numpy()
print(f"{is_wrong.sum()} of {len(y)} labels are wrong.")

# %%
# What models say of products they have not seen
# ----------------------------------------------
# A network that has learnt from a wrong label may repeat it. So each product has to be
# judged by models that have not learnt from it: a :class:`~amzest.ensemble.CrossFit` of
# a network that reads the texts and one that looks at the photos. In the vote of the
# two, photos can speak up where texts say nothing, and the other way round.

from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier
from amzest.ensemble import CrossFit

text = make_pipeline(
    ColumnSelector(["title", "description"]), TextCNNClassifier(max_epochs=6)
)
photo = make_pipeline(
    ColumnSelector("image"), ImageCNNClassifier(image_size=32, max_epochs=8)
)
members = [("text", text), ("photo", photo)]
crossfit = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, y)
vote = crossfit.weighted_voting("learn")

# %%
# The list
# --------
# :func:`~amzest.evaluation.find_label_issues` lists all products, those with the most
# doubtful label first. `quality` is below 0.5 where another category is more probable
# than the given one; `is_issue` is stricter and marks the labels that count as wrong.

from amzest.evaluation import find_label_issues

issues = find_label_issues(vote)
issues.drop(columns="row").head(6)

# %%
# How much of it has to be read?
# ------------------------------
# Here the truth is known, so that the list can be checked. The steeper the curve, the
# fewer rows a person reads for each wrong label; the dashed line is a list that holds
# nothing but wrong ones until all are found, the dotted one is a list in any order.
# Either member alone knows nothing of some categories and suspects sound labels there.

import matplotlib.pyplot as plt
import numpy as np

n_wrong, read = is_wrong.sum(), np.arange(1, len(y) + 1)
figure, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
sources = {
    "vote of both": issues,
    "text alone": find_label_issues(crossfit, members=["text"]),
    "photo alone": find_label_issues(crossfit, members=["photo"]),
}
for name, table in sources.items():
    found = is_wrong[table["row"]].cumsum()
    ax.plot(read, found / n_wrong, label=name)
    print(f"{name}: {found[n_wrong - 1]} of {n_wrong} within the first {n_wrong} rows")
ax.plot(read, np.minimum(read / n_wrong, 1), "k--", lw=1, label="the best possible")
ax.plot(read, read / len(y), "k:", lw=1, label="in any order")
ax.set(xlabel="rows read", ylabel="share of the wrong labels found")
ax.set_title("Wrong labels found, by rows read")
ax.grid(alpha=0.3)
_ = ax.legend(loc="lower right")

# %%
# `is_issue` says where one might stop:

marked = is_wrong[issues.loc[issues["is_issue"], "row"]]
print(f"{marked.size} rows are marked, {marked.sum()} of them are wrong.")

# %%
# The most suspicious products
# ----------------------------
# A person decides faster with the photo before them. In these tiles the first category
# is what the models say, and "true" is what the catalogue says.

from amzest.evaluation import ProductGridDisplay

display = ProductGridDisplay.from_predictions(
    y,
    vote.oof_proba_,
    titles=X["title"],
    images=X["image"],
    rows=issues["row"].head(8),
)
_ = display.figure_.suptitle("The eight most doubtful labels")

# %%
# Correct them
# ------------
# Suppose that somebody reads the first 60 rows and corrects what is wrong among them,
# and nothing else. The members are fitted again, and both votes are scored on products
# that are drawn anew, without errors.

mended = y.copy()
rows = issues["row"].head(60)
mended.iloc[rows] = shop.true_target.iloc[rows]

refitted = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, mended)
votes = {"as it came": vote, "60 rows read": refitted.weighted_voting("learn")}
labels = {"as it came": y, "60 rows read": mended}

# %%
# `measured` is the accuracy that one would have reported: out of fold, on the labels as
# they are. `on clean products` is what the models are really worth.

import pandas as pd

X_new, y_new = make_products(600, return_X_y=True, random_state=1)
scores = {}
for name, model in votes.items():
    answers = model.classes_[model.oof_proba_.argmax(axis=1)]
    scores[name] = {
        "wrong labels": (labels[name] != shop.true_target).mean(),
        "measured": (answers == labels[name]).mean(),
        "on clean products": model.score(X_new, y_new),
    }
pd.DataFrame(scores).T.round(3)

# %%
# Reading 60 of 400 rows removed all errors, and the models hardly gained by it: labels
# that are wrong here and there, without a pattern, cancel out in training. What they
# had spoilt is the measurement. A model that is right in 19 of 20 products seemed to be
# wrong in every sixth, and small differences between designs would have drowned in
# that. Errors with a pattern, such as a supplier who calls all bottles mugs, are
# another matter: models learn them, and then no longer doubt them.

# sphinx_gallery_thumbnail_number = 2
