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

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

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


def join_texts(table):
    """Return one string a row: the vectorizer reads a single text."""
    return table.fillna("").agg(" ".join, axis=1)


texts, photo = ColumnSelector(["title", "description"]), ColumnSelector("image")
designs = {
    "TF-IDF + linear": make_pipeline(
        texts,
        FunctionTransformer(join_texts),
        TfidfVectorizer(sublinear_tf=True),
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
# The :class:`~amzest.evaluation.ClassifierComparison` shows the same as a table in a
# notebook, and gives it as a DataFrame. That one also has what a design costs: the
# mean of the seconds that a fit on one fold took, and the number of parameters.

comparison

# %%
# What "better" means
# -------------------
# In the picture every design has its 95 % interval. Intervals that overlap do not mean
# that two designs are equally good, for both are scored on the same products, and what
# is hard for one is often hard for the other. The letters tell: two designs share one
# unless a test finds one of them better. A filled dot stands for a design that no
# other is better than.

_ = comparison.plot()

# %%
# The test is McNemar's. It looks only at products that one of the two sorts rightly and
# the other wrongly (`n_only_first` and `n_only_second`), and asks whether they are
# split more unevenly than a fair coin would. Its p-values are corrected for the number
# of pairs: with 21 pairs, one that looks significant at 0.05 is to be expected of
# chance alone. `better` names the better design, if there is one.

tests = comparison.tests()
columns = ["first", "second", "difference", "n_only_first", "n_only_second"]
tests[[*columns, "mcnemar_p_corrected", "better"]].round(3)

# %%
# "No better" is not "equally good": it says that this many products do not tell. What
# the difference may be is in `difference_low` and `difference_high`. A text design and
# an image design disagree on half of the products and still have nearly the same
# accuracy, so that the interval between them is several points wide; the text designs
# hardly ever disagree.

is_pair = tests["first"].isin(["Text CNN"]) & ~tests["second"].eq("Stack")
tests.loc[is_pair, ["first", "second", "difference_low", "difference_high"]].round(3)

# %%
# Was training long enough?
# -------------------------
# A comparison is only as fair as the training. Where a loss still falls steeply at the
# right edge, the network has not had its chance. Here those of the texts have arrived,
# and those of the photos would gain little by more epochs.

from amzest.evaluation import TrainingCurveDisplay

networks = {
    name: models[0]
    for name, models in crossfit.fold_estimators_.items()
    if name != "TF-IDF + linear"
}
_ = TrainingCurveDisplay.from_estimator(networks)

# %%
# What is confused
# ----------------
# Scores by category say where each design fails. The texts fail in the three categories
# that only photos tell, the photos in the three that only texts tell.

_ = comparison.plot("per_category")

# %%
# The errors that are left are those of the stack. Their titles say why: they are the
# ones in which the seller has not said what is sold.

from amzest.evaluation import TopConfusionsDisplay

predicted = crossfit.classes_[stack.oof_proba_.argmax(axis=1)]
_ = TopConfusionsDisplay.from_predictions(y, predicted, titles=X["title"], n_pairs=6)

# %%
# For a table of your own, the same comparison is a script of the checkout:
# ``make demo ARGS="--data shop/"``.

# sphinx_gallery_thumbnail_number = 1
