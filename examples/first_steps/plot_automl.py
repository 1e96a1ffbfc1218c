"""
Let a time budget decide
========================

Which classifiers suit a table of products, and how should they be combined?
:class:`~amzest.AutoClassifier` tries candidates until its time is used up, and returns
the best vote. This example shows what it does with a table of texts, images and
numbers, and how to read the results.
"""

# %%
# One call
# --------
# The products have a title, a description, an image, a price and an identifier. One
# product in ten has no description. A quarter of them is kept for a final test. The
# time budget is in seconds; the default is two minutes.

from sklearn.model_selection import train_test_split

from amzest import AutoClassifier, make_products

table = make_products(
    400,
    n_categories=5,
    n_image_only=0,
    text_informativeness=0.8,
    missing_description=0.1,
    image_size=16,
    random_state=0,
).frame
X, y = table.drop(columns="category"), table["category"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

auto = AutoClassifier(
    time_budget=30,
    members=["text_linear", "text_cnn", "text_cnn_linear", "numbers"],
    cv=3,
    random_state=0,
)
auto.fit(X_train, y_train)
print(f"Fitted in {auto.seconds_:.0f} s. Accuracy: {auto.score(X_test, y_test):.3f}")

# %%
# The parameter `members` names the candidates, to keep this example short. Its default
# "auto" also tries further text networks and an image network.
#
# What the columns contain
# ------------------------
# Texts need words, which identifiers do not have.

auto.columns_

# %%
# The leaderboard
# ---------------
# Members and votes are scored on the same out-of-fold predictions, with 95 % confidence
# intervals. The last columns have the cost: seconds for all folds, and milliseconds to
# predict 1,000 products.

auto.leaderboard_.drop(columns="members").round(3)

# %%
# What became of the candidates
# -----------------------------
# A network with a linear part makes many of the errors of the linear model and of the
# network without it. Such near copies are left out of the vote. Candidates for which
# the time was too short are listed with their predicted time.

auto.members_[["status", "predicted_seconds", "seconds"]].round(1)

# %%
# Are the differences significant?
# --------------------------------
# ``comparison_`` has tests and plots of all designs. Designs that share a letter do not
# differ significantly.

auto.comparison_.plot().figure

# %%
# Follow the progress
# -------------------
# ``verbose=1`` shows a progress bar. A function of your own is called with a
# :class:`~amzest.automl.FitProgress` before each step.


def report(progress):
    print(f"{progress.step}; best so far: {progress.best}")


short = AutoClassifier(20, ["text_linear", "numbers"], cv=3, progress=report)
short.fit(X_train, y_train)
short.best_name_
