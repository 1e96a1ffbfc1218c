"""
Which words lead to a category
==============================

A product is in the wrong category, and somebody asks why. This example explains
predictions by the words of title and description, finds out what misled the classifier,
and tests whether the explanations can be trusted.
"""

# %%
# Explain predictions
# -------------------
# The synthetic dataset has eight categories. One of twenty texts is not informative.

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextLinearClassifier, make_products

X, y = make_products(800, n_image_only=0, image_size=8, return_X_y=True, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=200, stratify=y, random_state=0
)
columns = ["title", "description"]
clf = make_pipeline(ColumnSelector(columns), TextLinearClassifier(random_state=0))
clf.fit(X_train, y_train)

# %%
# For each product, :func:`~amzest.inspection.explain` computes how much each word
# contributes to the category with the highest probability. For a linear classifier this
# is exact: the contributions and a baseline sum to the score of the category.

from amzest.inspection import explain

explanation = explain(clf, X_test[columns])
explanation.frame().head(8).round(3)

# %%
# In a notebook, an :class:`~amzest.inspection.Explanation` is shown as text: words for
# the category are blue, words against it orange.

explain(clf, X_test[columns].head(3))

# %%
# Look at an error
# ----------------
# The most confident error, and the words for the predicted category:

import numpy as np

from amzest.inspection import TextExplanationDisplay

samples = explanation.samples
wrong = np.flatnonzero(samples["predicted"] != y_test.to_numpy())
row = int(samples["probability"].iloc[wrong].idxmax())
display = TextExplanationDisplay.from_explanation(explanation, row=row, n_words=8)
_ = display.ax_.set_title(f"true category: {y_test.iloc[row]}", loc="right", fontsize=8)

# %%
# The same product, explained for its true category:

_ = TextExplanationDisplay.from_estimator(
    clf, X_test[columns], y=y_test.iloc[row], row=row, n_words=8
)

# %%
# Words that decide most often
# ----------------------------
# The table of contributions can be aggregated: here, the words with the largest sum of
# contributions to each category.

words = explanation.frame().assign(word=lambda frame: frame["word"].str.lower())
totals = words.groupby(["label", "word"], as_index=False)["contribution"].sum()
largest = totals.sort_values("contribution", ascending=False).groupby("label").head(4)
largest.groupby("label")["word"].agg(", ".join).to_frame()

# %%
# Are the explanations faithful?
# ------------------------------
# If the named words are what the prediction depends on, the probability must fall when
# they are deleted, and more than without random words. The method "occlusion" leaves
# out each word and works for any classifier; here it serves for comparison.

import pandas as pd

from amzest.inspection import deletion_test

rows = {}
for method in ("exact", "occlusion"):
    found = explain(clf, X_test[columns], method=method, shares=False)
    result = deletion_test(clf, X_test[columns], found, n_words=3, random_state=0)
    rows[method] = result[["probability", "drop", "random_drop"]].mean()
pd.DataFrame(rows).T.round(3)
