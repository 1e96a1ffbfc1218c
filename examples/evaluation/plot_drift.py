"""
Monitor new data for drift
==========================

A classifier was fitted on the products of last year. Do the products of today still
look like them, and does the classifier still work? Labels are not known yet. This
example summarizes the data when the classifier is fitted, compares new products with
the summary, and estimates the loss of accuracy.
"""

# %%
# A classifier and a summary of its data
# --------------------------------------
# Part of the labelled products is held out. The summary is computed from these: the
# classifier is too confident for those that it was fitted on.

import pickle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from amzest import TextLinearClassifier, make_products
from amzest.evaluation import compare_data, summarize_data

X, y = make_products(
    4000, n_image_only=0, text_informativeness=0.9, image_size=8, return_X_y=True,
    random_state=0,
)  # fmt: skip
X = X[["title", "description"]]
X_train, X_held_out, y_train, y_held_out = train_test_split(X, y, random_state=0)
X_held_out, X_new, y_held_out, y_new = train_test_split(
    X_held_out, y_held_out, test_size=0.5, random_state=0
)
model = TextLinearClassifier(random_state=0).fit(X_train, y_train)
summary = summarize_data(X_held_out, y_held_out, model=model, review_threshold=0.8)
summary

# %%
# The :class:`~amzest.evaluation.DataSummary` consists of counts, numbers and hashes of
# words. It is stored beside the model, so that the data need not be kept.

print(f"{len(pickle.dumps(summary)) / 1000:.0f} kB")

# %%
# Products of the same kind
# -------------------------
# New products from the same source do not differ significantly. The result is a
# :class:`~amzest.evaluation.DataComparison`.

compare_data(summary, X_new, model=model)

# %%
# Products of a new supplier
# --------------------------
# A supplier has a prefix in all of its titles, cuts them off, and has descriptions for
# few of its products. Its products are 60 % of the new ones.

generator = np.random.default_rng(0)


def with_supplier(table: pd.DataFrame, share: float) -> pd.DataFrame:
    of_supplier = generator.random(len(table)) < share
    table = table.copy()
    words = table.loc[of_supplier, "title"].str.split()
    table.loc[of_supplier, "title"] = "Nordhandel: " + words.str[:2].str.join(" ")
    without = of_supplier & (generator.random(len(table)) < 0.8)
    table.loc[without, "description"] = None
    return table


X_changed = with_supplier(X_new, 0.6)
comparison = compare_data(summary, X_changed, model=model)
comparison

# %%
# The advice is in words. Each check has a test, whose p-value is corrected for the
# number of checks, and an effect from 0 to 1.

print(comparison.advice)

# %%
# The effects of all checks:

_ = comparison.plot().figure.suptitle("Differences from the reference")

# %%
# The most frequent words that the reference does not have show what has changed:

axes = comparison.plot("words", column="title", max_items=6)
_ = axes.figure.suptitle("Unseen words")

# %%
# Estimated and true loss of accuracy
# -----------------------------------
# The accuracy on the new data is estimated from the confidence of the classifier,
# without labels. Here the labels are known, and show how good the estimate is. It
# increases with the share of the new supplier, but it is too high: words that are
# missing lower the confidence of this classifier more than its accuracy. The interval
# contains the sampling error only.

shares = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
estimated, true = [], []
for share in shares:
    X_share = with_supplier(X_new, share)
    row = compare_data(summary, X_share, model=model).accuracy().iloc[0]
    estimated.append([row["loss"], row["loss_low"], row["loss_high"]])
    true.append(row["reference"] - model.score(X_share, y_new))
loss, low, high = np.transpose(estimated)

figure, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.fill_between(shares, low, high, alpha=0.25, label="95 % confidence interval")
ax.plot(shares, loss, marker="o", label="estimated from the confidence")
ax.plot(shares, true, marker="s", ls="--", label="true")
ax.set(xlabel="Share of products of the new supplier", ylabel="Loss of accuracy")
ax.grid(alpha=0.3)
_ = ax.legend()

# %%
# The estimate is valid for changes of the products. If the meaning of a category
# changes, only labels reveal it: see :doc:`/user_guide/drift`.

# sphinx_gallery_thumbnail_number = 1
