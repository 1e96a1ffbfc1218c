"""
Voting, weighted voting and stacking
====================================

How should the predictions of several classifiers be combined? Is the better ensemble
significantly better, and which members are needed? This example fits three classifiers
once, creates two voting classifiers, a stacking classifier and a calibrated classifier
from them, and compares all of them.
"""

# %%
# Three members
# -------------
# A linear model and a network classify texts, and another network classifies images. A
# quarter of the products have no image. With ``linear_part=False`` the text network has
# no linear model of its own, so that the two text classifiers differ. An image network
# calibrates its probabilities from 1,000 images on; here an ensemble does it below.

from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    TextCNNClassifier,
    TextLinearClassifier,
    make_products,
)

X, y = make_products(400, missing_image=0.25, return_X_y=True, random_state=0)

texts = ColumnSelector(["title", "description"])
linear = make_pipeline(texts, TextLinearClassifier())
text = make_pipeline(texts, TextCNNClassifier(linear_part=False))
image = make_pipeline(
    ColumnSelector("image"),
    ImageCNNClassifier(image_size=32, max_epochs=8),
)
members = [("linear", linear), ("text CNN", text), ("image CNN", image)]

# %%
# Cross-fitting
# -------------
# :class:`~amzest.ensemble.CrossFit` fits each member on each of three folds, which are
# nine fits. The ensembles are then computed from the out-of-fold predictions in a
# fraction of a second.

from amzest.ensemble import CrossFit

crossfit = CrossFit(members, cv=3, refit="average", random_state=0).fit(X, y)
ensembles = {
    "equal vote": crossfit.weighted_voting(),
    "weighted vote": crossfit.weighted_voting("learn"),
    "stack": crossfit.stacking(),
}
calibrated = crossfit.calibrated("image CNN")

# %%
# The meta-estimators of scikit-learn fit their members themselves, and again for each
# fold of a cross-validation. With three members and three folds,
# :class:`~sklearn.ensemble.VotingClassifier` fits 9 models,
# :class:`~sklearn.ensemble.StackingClassifier` with ``cv=3`` fits 36, and
# :class:`~sklearn.calibration.CalibratedClassifierCV` of one member with ``cv=3`` fits
# 9, which are 54 in total. They also use the predictions of a member for missing
# samples like any other. The ensembles of amzest ignore a member for samples that are
# missing for it; :class:`~amzest.ensemble.MissingAwareStackingClassifier`, the `stack`
# here, replaces its probabilities by zeros and adds an indicator.
#
# The weights of the vote are learned from the out-of-fold predictions. The two text
# classifiers make the same errors: one of them gets the weight 0, and the weight of the
# image classifier is higher than one third:

import pandas as pd

pd.DataFrame(
    {name: ensembles[name].weights_ for name in ("equal vote", "weighted vote")},
    index=crossfit.names_,
).round(2)

# %%
# Compare the ensembles
# ---------------------
# Ensembles are evaluated like their members: on products that neither the members, nor
# the weights or the final estimator, were fitted on.

from amzest.evaluation import compare_classifiers

comparison = compare_classifiers(crossfit, ensembles=ensembles, top_k=(2,))
print(comparison)

# %%
# Each ensemble is significantly better than each member. The differences between the
# ensembles are not significant: they disagree on a few products only.

tests = comparison.tests()
is_fused = tests["first"].isin(ensembles) & tests["second"].isin(ensembles)
columns = ["first", "second", "difference", "difference_low", "difference_high"]
tests.loc[is_fused, [*columns, "mcnemar_p_corrected", "better"]].round(4)

# %%
# If probabilities are used, the log-loss matters as well. The log-loss of stacking is
# lower than that of both votes, because an average that includes an uncertain member is
# less confident than it could be.

_ = comparison.plot(metric="log_loss").figure.suptitle("Log-loss (lower is better)")

# %%
# The contribution of each member
# -------------------------------
# :class:`~amzest.evaluation.FusionReport` compares the average of all members with
# equal weights to the average without each member. Images contribute much. Each text
# classifier reduces the accuracy, since without it images get a higher weight: the two
# are near copies, and the report recommends to use one of them.

fusion = comparison.fusion()
print(fusion)

# %%
# The plot shows the fraction of the errors of the member in the row that the member in
# the column makes as well. The two text classifiers make errors on the same products,
# so that one of them is sufficient. The image classifier makes different errors, which
# is why the ensemble is better.

_ = comparison.plot("overlap").figure.suptitle("Shared errors of the members")

# %%
# Calibration
# -----------
# By default, networks are calibrated when they are fitted; here, the image network is
# not. :class:`~amzest.ensemble.CalibratedClassifier` fits a temperature to the
# out-of-fold predictions. The order of the probabilities of a product, and therefore
# the accuracy, do not change. The calibrated probabilities of each fold use a
# temperature that was fitted on the other folds. A single temperature corrects the
# probabilities on average, not each point.

from amzest.evaluation import ReliabilityDisplay

display = ReliabilityDisplay.from_predictions(
    y,
    {
        "image CNN": crossfit.oof_proba_["image CNN"],
        "image CNN, calibrated": calibrated.oof_proba_,
    },
    n_bins=8,
)
_ = display.figure_.suptitle("Reliability before and after calibration")

# %%
# Fit the ensembles directly
# --------------------------
# The ensembles are also scikit-learn classifiers that fit their members themselves.
# They can be cloned, tuned and used in pipelines. The two ensembles below use the
# members that the report recommends, one text classifier and the image classifier;
# :meth:`CrossFit.select_members <amzest.ensemble.CrossFit.select_members>` would keep
# them without refitting. With equal weights, each member is fitted once, on all data.
# Stacking, and voting with ``weights="learn"``, also fit the members on folds.

from amzest.ensemble import MissingAwareStackingClassifier, WeightedVotingClassifier

pair = [(name, member) for name, member in members if name in fusion.recommended]
vote = WeightedVotingClassifier(pair, random_state=0).fit(X, y)
stack = MissingAwareStackingClassifier(pair, cv=2, random_state=0).fit(X, y)
stack

# %%
# On new products, both are compared with the two votes of all three members:

X_new, y_new = make_products(400, missing_image=0.25, return_X_y=True, random_state=1)
votes = {
    "equal weights, 2": vote,
    "stack, 2": stack,
    "equal weights, 3": ensembles["equal vote"],
    "learned weights, 3": ensembles["weighted vote"],
}
new = compare_classifiers(
    y_new, {name: model.predict_proba(X_new) for name, model in votes.items()}
)
new.tests()[[*columns, "mcnemar_p_corrected", "better"]].round(4)

# sphinx_gallery_thumbnail_number = 2
