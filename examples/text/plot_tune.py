"""
Tune a network
==============

Which parameters are best, and how long does a search take? This example searches over a
pipeline with :class:`~sklearn.model_selection.GridSearchCV` and
:class:`~sklearn.model_selection.HalvingGridSearchCV`, shows their progress with
callbacks of scikit-learn, and selects the fastest candidate that is as good as the best
one within its standard error.

In this synthetic dataset, one fifth of the titles is missing and one of twenty labels
is wrong. A quarter of the products is the test set, which is not used for selection.
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from amzest import make_products

X, y = make_products(
    480,
    n_text_only=8,
    n_image_only=0,
    text_informativeness=0.9,
    missing_title=0.2,
    label_noise=0.05,
    return_X_y=True,
    random_state=0,
)
X = X[["title", "description"]]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Monitor a fit
# -------------
# The networks of amzest support scikit-learn's callbacks, which receive an event per
# epoch. ``ProgressBar`` needs the package rich; this page shows only its final state.
# ``ScoringMonitor`` computes the score on the training data after each epoch: it shows
# whether the network is still learning, not how good it is.

from sklearn.callback import ProgressBar, ScoringMonitor

from amzest import TextCNNClassifier

# Small embedding tables are enough for the few words of synthetic products. Without
# calibration each network is fitted once, for `max_epochs`.
network = TextCNNClassifier(
    embedding_size=32, n_buckets=4096, max_epochs=4, calibrate=False, random_state=0
)
monitor = ScoringMonitor(scoring="accuracy")
network.set_callbacks(ProgressBar(), monitor)
network.fit(X_train, y_train)
log = monitor.get_logs().data_as_pandas
log.loc[log["task_name"] == "epoch", ["task_id", "accuracy"]].round(3)

# %%
# Grid search
# -----------
# The grid contains parameters of all steps, including the columns. The values of each
# parameter are sorted from fast to slow, for the rule below.

from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector

network.set_callbacks()  # without arguments: none
pipeline = make_pipeline(ColumnSelector(["title", "description"]), network)
grid = {
    "columnselector__columns": ["title", ["title", "description"]],
    "textcnnclassifier__kernel_sizes": [(1,), (1, 2, 3)],
    "textcnnclassifier__max_length": [4, 32],
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)

# %%
# The best of several noisy scores is partly the best by chance. The one-standard-error
# rule selects the first, and therefore fastest, candidate whose mean score is at most
# one standard error below the best one. Passed as ``refit``, it decides which candidate
# is refitted on all training data.


def standard_error(results):
    return results["std_test_score"] / np.sqrt(folds.get_n_splits() - 1)


def first_within_one_standard_error(results):
    mean = results["mean_test_score"]
    bound = mean.max() - standard_error(results)[mean.argmax()]
    return int(np.flatnonzero(mean >= bound)[0])


search = GridSearchCV(pipeline, grid, cv=folds, refit=first_within_one_standard_error)
search.set_callbacks(ProgressBar(max_propagation_depth=0))
_ = search.fit(X_train, y_train)

# %%
# ``max_propagation_depth=0`` shows the progress of the search only; the default of 1
# also shows each fit of the pipeline.
#
# Results that several candidates need are computed once per process: texts are
# tokenized once per fold, choice of columns and ``max_length``, and images are decoded
# once per ``image_size``. They are in a cache that all estimators share. A network uses
# all cores. ``n_jobs=2`` fits two candidates at the same time with half of the cores
# each and gives the same scores, but each process must import PyTorch and tokenize the
# texts itself. This is worth it for searches that take minutes.


def table(results):
    """Return the results with short column names."""
    frame = pd.DataFrame(results).rename(columns=lambda name: name.split("__")[-1])
    frame["columns"] = frame["columns"].map(
        lambda columns: columns if columns == "title" else "both"
    )
    return frame.assign(standard_error=standard_error(results)).rename(
        columns={"mean_fit_time": "seconds", "mean_test_score": "accuracy"}
    )


scores = table(search.cv_results_)
scores["chosen"] = np.where(scores.index == search.best_index_, "chosen", "")
scores[
    [
        *("columns", "kernel_sizes", "max_length"),
        *("seconds", "accuracy", "standard_error", "chosen"),
    ]
].round(3)

# %%
# :func:`~amzest.cache_info` returns the size of the cache, :func:`~amzest.clear_cache`
# empties it, and :func:`~amzest.set_cache_limit` sets its limit:

from amzest import cache_info, clear_cache, set_cache_limit

print(cache_info())
clear_cache()
set_cache_limit(2**30)

# %%
# The choice of the columns matters most: without descriptions, one fifth of the
# products is missing. The other differences are smaller than the standard errors.
#
# Successive halving
# ------------------
# Successive halving evaluates all candidates with few resources, and the better half
# with twice as many, until one is left. ``max_epochs`` is a good resource: each
# iteration uses all products, and because the learning rate schedule has the length of
# ``max_epochs``, one epoch is a complete short training. The default resource,
# ``n_samples``, is suitable for large datasets; here, the first iteration would score
# each fold on 15 products.

from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV

halving = HalvingGridSearchCV(
    pipeline,
    grid,
    cv=folds,
    factor=2,
    resource="textcnnclassifier__max_epochs",
    min_resources=1,
    max_resources=8,
    return_train_score=False,
    random_state=0,
)
halving.set_callbacks(ProgressBar(max_propagation_depth=0))
halving.fit(X_train, y_train)
pd.DataFrame({"candidates": halving.n_candidates_, "epochs": halving.n_resources_})

# %%
# Both searches train for 32 epochs per fold. Grid search uses four for each candidate,
# and halving uses eight for the best one.
#
# On the left, each point is a candidate of the grid with its standard error. Candidates
# above the dashed line are considered equally good; the ring is the first of them. On
# the right, each line is a candidate of successive halving. The difference between the
# last two is smaller than their standard errors.

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4), sharey=True, layout="constrained"
)
figure.suptitle("Grid search and successive halving of eight candidates")
colours = {"title": "tab:orange", "both": "tab:blue"}
labels = {"title": "title only", "both": "title and description"}
for columns, group in scores.groupby("columns"):
    left.errorbar(
        group["seconds"],
        group["accuracy"],
        yerr=group["standard_error"],
        fmt="o",
        color=colours[columns],
        label=labels[columns],
    )
chosen, best = scores.loc[search.best_index_], scores.loc[scores["accuracy"].idxmax()]
left.plot(chosen["seconds"], chosen["accuracy"], "o", ms=14, mfc="none", color="black")
left.axhline(best["accuracy"] - best["standard_error"], ls="--", color="grey")
left.set(title="Grid search, 4 epochs", xlabel="Seconds per fit", ylabel="Accuracy")
left.set_xlim(left=0)

rounds = table(halving.cv_results_)
for _, group in rounds.groupby(["columns", "kernel_sizes", "max_length"]):
    colour = colours[group["columns"].iloc[0]]
    right.plot(group["n_resources"], group["accuracy"], "o-", color=colour, alpha=0.7)
right.legend(*left.get_legend_handles_labels(), loc="lower right")
right.set(title="Successive halving", xlabel="Epochs", xscale="log")
right.set_xticks(halving.n_resources_, halving.n_resources_)
right.minorticks_off()

# %%
# Evaluate on the test set
# ------------------------
# If probabilities are needed, refit the best candidate with ``calibrate=True``.
#
# The score of the best candidate in a search is slightly optimistic, because it was
# selected by this score. Report the score on the test set. It has a standard error as
# well, because the test set is small.

for name, fitted in {"grid, one standard error": search, "halving": halving}.items():
    accuracy = fitted.score(X_test, y_test)
    error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
    searched = fitted.cv_results_["mean_test_score"][fitted.best_index_]
    print(f"{name:<25}search {searched:.3f}, test {accuracy:.3f}", end="")
    print(f" ± {error:.3f}")

# sphinx_gallery_thumbnail_number = 1
