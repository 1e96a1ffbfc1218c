"""
Compare designs and test the difference
=======================================

Which design sorts your products best: a linear model, a network that reads the texts,
one that looks at the photos, or several together? And is "best" more than chance? This
example cross-fits amzest's five networks and a linear model once and answers both from
what they say of products that they have not learnt from.

"""

# %%
# The designs
# -----------
# Each design is a pipeline that takes the whole table and picks its columns. The
# catalogue is drawn: some of its categories can be told only by their texts, others
# only by their photos, so that a design that looks at one of the two cannot sort more
# than about three quarters of the products rightly.
#
# A linear model belongs into every such comparison. It costs next to nothing, and
# where it is as good as the networks there is no need of them.

from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    ImageInceptionClassifier,
    TextCNNClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
    make_products,
)

X, y = make_products(320, return_X_y=True, random_state=0)

texts, photo = ColumnSelector(["title", "description"]), ColumnSelector("image")
designs = {
    "TF-IDF + linear": make_pipeline(
        make_column_transformer(
            (TfidfVectorizer(), "title"), (TfidfVectorizer(), "description")
        ),
        LogisticRegression(C=10),
    ),
    "Text CNN": make_pipeline(texts, TextCNNClassifier(max_epochs=6)),
    "Text LSTM": make_pipeline(texts, TextLSTMClassifier(max_epochs=6)),
    "Text Transformer": make_pipeline(texts, TextTransformerClassifier(max_epochs=6)),
    "Image CNN": make_pipeline(photo, ImageCNNClassifier(image_size=32, max_epochs=8)),
    "Image Inception": make_pipeline(
        photo, ImageInceptionClassifier(image_size=32, max_epochs=8)
    ),
}

# %%
# One cross-fit
# -------------
# :class:`~amzest.ensemble.CrossFit` fits each design once on each fold and keeps what
# it says of the other products. All that follows is made of these answers; nothing is
# fitted a second time. With ``refit="average"`` the fold models themselves are kept for
# new products, in place of one more fit on all rows.

from amzest.ensemble import CrossFit

crossfit = CrossFit(list(designs.items()), cv=3, refit="average", random_state=0)
_ = crossfit.fit(X, y)

# %%
# The scores
# ----------
# :meth:`~amzest.ensemble.CrossFit.stacking` puts a meta-model on the six designs. It is
# scored on products whose labels it has not seen, like the designs themselves, so that
# it may stand beside them in :func:`~amzest.evaluation.compare_classifiers`.
# (:ref:`sphx_glr_auto_examples_plot_vote_weigh_stack.py` has the other ways to fuse.)

from amzest.evaluation import compare_classifiers

stack = crossfit.stacking()
comparison = compare_classifiers(crossfit, ensembles={"Stack": stack}, top_k=(2,))
print(comparison)

# %%
# :class:`~amzest.evaluation.ClassifierComparison` is what was printed; in a notebook it
# shows as a table. :meth:`~amzest.evaluation.ClassifierComparison.frame` has the same
# numbers, and beside them what a design costs: the seconds of one fit and of 1,000
# predictions, as they were when this page was built, and the number of parameters. An
# ensemble costs what its members cost together.

costs = ["fit_seconds", "predict_seconds_per_1000", "n_parameters"]
comparison.frame()[["accuracy", *costs]].round(2)

# %%
# What "better" means
# -------------------
# In the picture every design has its 95 % interval. Intervals that overlap do not mean
# that two designs are equally good, for both are scored on the same products, and what
# is hard for one is often hard for the other. The letters tell: two designs share one
# unless a test finds one of them better. A filled dot stands for a design that no
# other is better than.

_ = comparison.plot().figure.suptitle("Accuracy of the designs")

# %%
# The test is McNemar's. It looks only at products that one of the two sorts rightly and
# the other wrongly (`n_only_first` and `n_only_second`), and asks whether they are
# split more unevenly than a fair coin would. Its p-values are corrected for the number
# of pairs: with 21 pairs, one that looks significant at 0.05 is to be expected of
# chance alone. `better` names the better design, if there is one. These are the pairs
# with one network for texts or one for photos in front:

tests = comparison.tests()
columns = ["first", "second", "n_only_first", "n_only_second", "mcnemar_p_corrected"]
is_shown = tests["first"].isin(["Text CNN", "Image CNN"])
tests.loc[is_shown, [*columns, "better"]].round(3)

# %%
# "No better" is not "equally good": it says that this many products do not tell. What
# the difference may be is in `difference_low` and `difference_high`. A text network
# and an image network fail in different products, so that the interval between them is
# many points wide; two text networks fail in nearly the same ones, and their difference
# is known much better.

bounds = ["difference", "difference_low", "difference_high"]
tests.loc[is_shown, ["first", "second", *bounds]].round(3)

# %%
# Was training long enough?
# -------------------------
# A comparison is only as fair as the training. Where a loss still falls steeply at the
# right edge, the network has not had its chance. Here all five are nearly level.

from amzest.evaluation import TrainingCurveDisplay

networks = {
    name: models[0]
    for name, models in crossfit.fold_estimators_.items()
    if name != "TF-IDF + linear"
}
display = TrainingCurveDisplay.from_estimator(networks)
_ = display.figure_.suptitle("Training loss of the five networks")

# %%
# What is confused
# ----------------
# Scores by category say where each design fails. The texts fail in the three categories
# that only photos tell, the photos in the three that only texts tell.

_ = comparison.plot("per_category").figure.suptitle("F1 in each category")

# %%
# These are errors that the stack still makes. The titles tell why: they could be those
# of anything.

from amzest.evaluation import TopConfusionsDisplay

predicted = crossfit.classes_[stack.oof_proba_.argmax(axis=1)]
display = TopConfusionsDisplay.from_predictions(
    y, predicted, titles=X["title"], n_pairs=6
)
_ = display.figure_.suptitle("What the stack confuses")

# %%
# For a table of your own, the same comparison is a script of the checkout:
# ``make demo ARGS="--data shop/"``.

# sphinx_gallery_thumbnail_number = 1
