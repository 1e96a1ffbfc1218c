"""
Vote, weigh, stack, and test the difference
===========================================

Several classifiers read different things in the same products. How should their answers
be put together, is the better way better by more than chance, and which members are
needed at all? This example fits three members once, makes two votes, a stack and a
calibrated member of them, and compares.

"""

# %%
# Three members
# -------------
# A linear model and a network read the same texts, another network looks at the photos.
# A quarter of the products have no photo.

from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier, TextCNNClassifier, make_products

X, y = make_products(400, missing_image=0.25, return_X_y=True, random_state=0)

linear = make_pipeline(
    make_column_transformer(
        (TfidfVectorizer(), "title"), (TfidfVectorizer(), "description")
    ),
    LogisticRegression(C=10),
)
text = make_pipeline(
    ColumnSelector(["title", "description"]), TextCNNClassifier(max_epochs=6)
)
photo = make_pipeline(
    ColumnSelector("image"), ImageCNNClassifier(image_size=32, max_epochs=8)
)
members = [("linear", linear), ("text CNN", text), ("photo CNN", photo)]

# %%
# Fit them once
# -------------
# :class:`~amzest.ensemble.CrossFit` fits each member on each of three folds: nine fits.
# The ensembles are then made of what the members say of products outside of their fold,
# in a fraction of a second.

from amzest.ensemble import CrossFit

crossfit = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, y)
ensembles = {
    "equal vote": crossfit.weighted_voting(),
    "weighted vote": crossfit.weighted_voting("learn"),
    "stack": crossfit.stacking(),
}
calibrated = crossfit.calibrated("text CNN")

# %%
# scikit-learn's meta-estimators start from nothing each time, and again for each fold
# that they are scored on. Scored on three folds, with three members,
# :class:`~sklearn.ensemble.VotingClassifier` fits 9 models,
# :class:`~sklearn.ensemble.StackingClassifier` with ``cv=3`` fits 36, and
# :class:`~sklearn.calibration.CalibratedClassifierCV` of one member with ``cv=3`` fits
# 9: 54 in all. They also count a member that has nothing to read in a row like any
# other. Here it has no vote there, and the weights of the others are scaled up;
# :class:`~amzest.ensemble.MissingAwareStackingClassifier`, the `stack`, gives zeros to
# its meta-model in such rows and tells it so.
#
# The weights are those with the least log-loss on out-of-fold products. They divide
# one vote between the two that read the same texts, and give the photos more than the
# third that they have in the equal vote:

import pandas as pd

pd.DataFrame(
    {name: ensembles[name].weights_ for name in ("equal vote", "weighted vote")},
    index=crossfit.names_,
).round(2)

# %%
# Compare them
# ------------
# Votes and stack are scored like their members: on products whose labels neither the
# members nor weights and meta-model have learnt from.

from amzest.evaluation import compare_classifiers

comparison = compare_classifiers(crossfit, ensembles=ensembles, top_k=(2,))
print(comparison)

# %%
# The equal vote is better than each member, and the learnt weights are better than the
# equal vote. Between the weighted vote and the stack the test finds nothing: they
# disagree about a few products only.

tests = comparison.tests()
is_fused = tests["first"].isin(ensembles) & tests["second"].isin(ensembles)
columns = ["first", "second", "difference", "difference_low", "difference_high"]
tests.loc[is_fused, [*columns, "mcnemar_p_corrected", "better"]].round(4)

# %%
# Accuracy is not all there is. Who works with the probabilities looks at the log-loss,
# and there the stack is better than both votes: an average of members that can only
# guess is less sure than it could be.

_ = comparison.plot(metric="log_loss").figure.suptitle("Log-loss, the least on top")

# %%
# Who adds what
# -------------
# The :class:`~amzest.evaluation.FusionReport` leaves each member out in turn and looks
# at the equal-weight average of the others. The photos add much; each of the two that
# read texts takes away, since without it the photos have more to say.

print(comparison.fusion())

# %%
# The picture says the same: of the errors of the one in the row, how many does the one
# in the column make too? The two that read texts fail in the same products. One of
# them is enough; the photos fail elsewhere, which is what fusion lives on.

_ = comparison.plot("overlap").figure.suptitle("Errors that members have in common")

# %%
# Calibrate
# ---------
# The text network is too sure of itself: in the picture its points lie below the
# diagonal. :class:`~amzest.ensemble.CalibratedClassifier` learns a temperature from
# the out-of-fold products; the order of the categories in a row, and with it the
# accuracy, stays as it was. The calibrated probabilities of each fold come from a
# temperature that was learnt on the other folds. One temperature mends the
# probabilities on the whole and does not bring every point onto the diagonal: the
# network is too sure of products whose texts say nothing, and right to be sure of the
# others.

from amzest.evaluation import ReliabilityDisplay

display = ReliabilityDisplay.from_predictions(
    y,
    {
        "text CNN": crossfit.oof_proba_["text CNN"],
        "text CNN, calibrated": calibrated.oof_proba_,
    },
    n_bins=8,
)
_ = display.figure_.suptitle("Before and after calibration")

# %%
# The plain way
# -------------
# All of these are scikit-learn classifiers as well: they clone, tune and stand in
# pipelines, and then fit their members themselves. The report has shown that one
# reader of texts is enough, so here is an equal vote of the linear model and the
# photos. It has no weights to learn, so that each member is fitted once, on all rows.
# A stack, like a vote with ``weights="learn"``, fits them on folds as well.

from amzest.ensemble import MissingAwareStackingClassifier, WeightedVotingClassifier

pair = [("linear", linear), ("photo", photo)]
vote = WeightedVotingClassifier(pair, random_state=0).fit(X, y)
stack = MissingAwareStackingClassifier(pair, cv=2, random_state=0).fit(X, y)
stack

# %%
# On products that are drawn anew, both are compared with the two votes of all three:

X_new, y_new = make_products(400, missing_image=0.25, return_X_y=True, random_state=1)
votes = {
    "equal, of two": vote,
    "stack, of two": stack,
    "equal, of three": ensembles["equal vote"],
    "weighted, of three": ensembles["weighted vote"],
}
fresh = compare_classifiers(
    y_new, {name: model.predict_proba(X_new) for name, model in votes.items()}
)
fresh.tests()[[*columns, "mcnemar_p_corrected", "better"]].round(4)

# sphinx_gallery_thumbnail_number = 2
