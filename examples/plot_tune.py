"""
Tune a network and watch the search
===================================

Which parameters should a network have, how long does a search take, and how far is it?
This example searches over a pipeline with scikit-learn's
:class:`~sklearn.model_selection.GridSearchCV` and
:class:`~sklearn.model_selection.HalvingGridSearchCV`, shows their progress with
scikit-learn's callbacks, and picks the cheapest candidate that is as good as the best
one within the error of the scores.

The products are drawn. A fifth of them has no title, and one label in twenty is wrong.
A quarter is kept back: nothing below is chosen by it.
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
# One fit, watched
# ----------------
# amzest's networks take scikit-learn's callbacks and tell them of each epoch.
# ``ProgressBar`` needs the package rich; in a terminal or a notebook the bar moves,
# here only its last state is left. ``ScoringMonitor`` scores the rows that the network
# learns from: it says whether the network still learns, not how good it is.

from sklearn.callback import ProgressBar, ScoringMonitor

from amzest import TextCNNClassifier

# Small tables are enough for the few words of drawn products.
network = TextCNNClassifier(
    embedding_size=32, n_buckets=4096, max_epochs=4, random_state=0
)
monitor = ScoringMonitor(scoring="accuracy")
network.set_callbacks(ProgressBar(), monitor)
network.fit(X_train, y_train)
log = monitor.get_logs().data_as_pandas
log.loc[log["task_name"] == "epoch", ["task_id", "accuracy"]].round(3)

# %%
# A grid over the whole pipeline
# ------------------------------
# Parameters of a step are reached by the step's name, and which columns are read is a
# parameter like any other. Values are listed with the cheaper one first, for the rule
# below.

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
# The best of several noisy scores is partly luck. The rule of one standard error takes
# the first, that is the cheapest candidate whose mean lies no more than one standard
# error below the best mean. As ``refit`` it decides what is fitted on all training
# rows at the end.


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
# With ``max_propagation_depth=0`` there are bars of the search alone; the default of 1
# adds one for each fit of the pipeline.
#
# A search reads nothing twice that it need not: within a process the texts of a fold
# are cut into words once for each choice of columns and ``max_length``, whatever the
# other parameters are, and a photo file is decoded once for each ``image_size``, for
# all folds. A network uses all cores by itself. ``n_jobs=2`` fits two candidates side
# by side with half of the cores each and finds the same scores, but each of joblib's
# processes has to load PyTorch and to read the products first. That can pay for
# searches of minutes, not of seconds.


def table(results):
    """Short names, and what is needed of the results."""
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
# What counts is the column: without descriptions a fifth of the products is silent.
# The rest makes differences that are smaller than the standard errors.
#
# Halving: little for all, more for the best
# ------------------------------------------
# Successive halving gives all candidates a little of a resource and the better half
# twice as much, until one is left. A sensible resource is ``max_epochs`` of the
# network: each round is scored on all rows, and since the schedule of the learning
# rate has the length of ``max_epochs``, one epoch is a short training, not the start
# of a longer one. Rounds with few rows (``resource="n_samples"``, the default) suit
# large tables; of 45 rows here a fold would score 15, and one of these is seven points.

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
# Both searches train for 32 epochs a fold. The grid spends four on each candidate, the
# halving eight on the one that is left at the end.
#
# On the left each candidate of the grid is a point, with one standard error up and
# down. All points above the dashed line count as equally good; the ring is the first of
# them. On the right each line is a candidate that halving follows for as long as it is
# among the better half: the last two differ by less than the error of either.

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4), sharey=True, layout="constrained"
)
figure.suptitle("Eight candidates: grid search and successive halving")
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
left.set(title="Grid: 4 epochs each", xlabel="Seconds for a fit", ylabel="Accuracy")
left.set_xlim(left=0)

rounds = table(halving.cv_results_)
for _, group in rounds.groupby(["columns", "kernel_sizes", "max_length"]):
    colour = colours[group["columns"].iloc[0]]
    right.plot(group["n_resources"], group["accuracy"], "o-", color=colour, alpha=0.7)
right.legend(*left.get_legend_handles_labels(), loc="lower right")
right.set(title="Halving by epochs", xlabel="Epochs", xscale="log")
right.set_xticks(halving.n_resources_, halving.n_resources_)
right.minorticks_off()

# %%
# The rows that were kept back
# ----------------------------
# The score of the winner of a search is a little too good, because it won by it. The
# rows that were kept back have not chosen anything: their score is the one to report.
# Of their number alone it has an error of its own, given as one standard error.

for name, fitted in {"grid, one standard error": search, "halving": halving}.items():
    accuracy = fitted.score(X_test, y_test)
    error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
    searched = fitted.cv_results_["mean_test_score"][fitted.best_index_]
    print(f"{name:<25}in the search {searched:.3f}, kept back {accuracy:.3f}", end="")
    print(f" ± {error:.3f}")

# sphinx_gallery_thumbnail_number = 1
