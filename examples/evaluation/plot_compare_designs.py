"""
Compare classifiers and test the differences
============================================

Which classifier is best: a linear model, a text network, an image network or an
ensemble? And is the difference statistically significant? This example cross-fits the
five networks of amzest and a linear model, and answers both questions with their
out-of-fold predictions.
"""

# %%
# The classifiers
# ---------------
# Each classifier is a pipeline that takes the whole table and selects its columns. In
# this synthetic dataset, some categories can only be recognized by their texts and
# others only by their images, so that the accuracy with one of the two is at most about
# three quarters.
#
# Always include a linear model, :class:`~amzest.TextLinearClassifier`, in a comparison.
# It is fast, and if it is as accurate as the networks, they are not needed. By default,
# the text networks are combined with the same linear model, which is more accurate;
# ``linear_part=False`` compares the networks themselves. ``calibrate=False`` saves
# time: the text networks are fitted once, instead of two to four times.

from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    ImageInceptionClassifier,
    TextCNNClassifier,
    TextLinearClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
    make_products,
)

X, y = make_products(320, return_X_y=True, random_state=0)

texts, image = ColumnSelector(["title", "description"]), ColumnSelector("image")
of_text = {"max_epochs": 6, "linear_part": False, "calibrate": False}
of_images = {"max_epochs": 8, "image_size": 32}
classifiers = {
    "Text linear": make_pipeline(texts, TextLinearClassifier()),
    "Text CNN": make_pipeline(texts, TextCNNClassifier(**of_text)),
    "Text LSTM": make_pipeline(texts, TextLSTMClassifier(**of_text)),
    "Text Transformer": make_pipeline(texts, TextTransformerClassifier(**of_text)),
    "Image CNN": make_pipeline(image, ImageCNNClassifier(**of_images)),
    "Image Inception": make_pipeline(image, ImageInceptionClassifier(**of_images)),
}

# %%
# Cross-fitting
# -------------
# :class:`~amzest.ensemble.CrossFit` fits each classifier once on each fold and stores
# the out-of-fold predictions. Everything below uses these predictions without
# refitting. With ``refit="average"``, the models of the folds are kept to predict new
# products, instead of fitting each classifier again on all data.

from amzest.ensemble import CrossFit

crossfit = CrossFit(list(classifiers.items()), cv=3, refit="average", random_state=0)
_ = crossfit.fit(X, y)

# %%
# The scores
# ----------
# :meth:`~amzest.ensemble.CrossFit.stacking` returns a stacking classifier of the six
# classifiers. It is evaluated on out-of-fold predictions too, so that
# :func:`~amzest.evaluation.compare_classifiers` can compare it with them.
# :ref:`sphx_glr_auto_examples_ensembles_plot_vote_weigh_stack.py` shows the other
# ensembles.

from amzest.evaluation import compare_classifiers

stack = crossfit.stacking()
comparison = compare_classifiers(crossfit, ensembles={"Stack": stack}, top_k=(2,))
print(comparison)

# %%
# The result is a :class:`~amzest.evaluation.ClassifierComparison`, which is displayed
# as a table in notebooks. :meth:`~amzest.evaluation.ClassifierComparison.frame` returns
# the scores and the costs: the time of one fit and of 1,000 predictions, and the number
# of parameters. The cost of an ensemble is the sum of its members.

costs = ["fit_seconds", "predict_seconds_per_1000", "n_parameters"]
comparison.frame()[["accuracy", *costs]].round(2)

# %%
# Significance tests
# ------------------
# The plot shows each accuracy with its 95 % confidence interval. Overlapping intervals
# do not mean that two classifiers are equally good: both are evaluated on the same
# products, and the same products are difficult for both. The letters show the result of
# the tests: two classifiers share a letter unless one of them is significantly better.
# A filled dot marks the classifiers that no other one is significantly better than.

_ = comparison.plot().figure.suptitle("Accuracy of the classifiers")

# %%
# McNemar's test compares the numbers of products that only one of two classifiers
# predicts correctly (`n_only_first` and `n_only_second`). The p-values are corrected
# for the number of pairs: of 21 pairs of equal classifiers, one is expected to be below
# 0.05 by chance. `better` is the better classifier if the difference is significant.
# The table shows the pairs with the text CNN or the image CNN first:

tests = comparison.tests()
columns = ["first", "second", "n_only_first", "n_only_second", "mcnemar_p_corrected"]
is_shown = tests["first"].isin(["Text CNN", "Image CNN"])
tests.loc[is_shown, [*columns, "better"]].round(3)

# %%
# "Not significant" does not mean "equal": it means that these products are not enough
# to decide. `difference_low` and `difference_high` are the confidence interval of the
# difference. A text network and an image network make errors on different products, so
# that the interval is wide. Two text networks make mostly the same errors, and the
# interval of their difference is narrow.

bounds = ["difference", "difference_low", "difference_high"]
tests.loc[is_shown, ["first", "second", *bounds]].round(3)

# %%
# Training loss
# -------------
# A comparison is only fair if all networks were trained long enough. If a loss still
# decreases quickly at the end, increase `max_epochs`. Here, all five are almost
# constant.

from amzest.evaluation import TrainingCurveDisplay

networks = {
    name: models[0]
    for name, models in crossfit.fold_estimators_.items()
    if name != "Text linear"
}
display = TrainingCurveDisplay.from_estimator(networks)
_ = display.figure_.suptitle("Training loss of the five networks")

# %%
# Errors per category
# -------------------
# The text classifiers fail in the three categories that only images reveal, and the
# image classifiers in the three that only texts reveal.

_ = comparison.plot("per_category").figure.suptitle("F1 score per category")

# %%
# The plot shows the remaining errors of the stacking classifier. The titles show the
# reason: they could belong to any product.

from amzest.evaluation import TopConfusionsDisplay

predicted = crossfit.classes_[stack.oof_proba_.argmax(axis=1)]
display = TopConfusionsDisplay.from_predictions(
    y, predicted, titles=X["title"], n_pairs=6
)
_ = display.figure_.suptitle("Most frequent confusions of the stacking classifier")

# %%
# To run the same comparison on your own data, use ``make demo ARGS="--data folder/"``
# in a checkout.

# sphinx_gallery_thumbnail_number = 1
