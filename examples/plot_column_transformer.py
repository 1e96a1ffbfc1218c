"""
Text, photo and price in one ColumnTransformer
==============================================

How do a network that reads titles, one that looks at photos and an ordinary column of
numbers come into one scikit-learn model? amzest's networks are transformers as well as
classifiers: `transform` gives the activations before the last layer. This example puts
two of them beside the price in a :class:`~sklearn.compose.ColumnTransformer`, compares
the sources, and shows what such features do not tell about their training rows.

"""

# %%
# One model for all columns
# -------------------------
# In this drawn catalogue three of eight categories show only in the texts, three only
# in the photos, and the price depends weakly on the category.

from sklearn.model_selection import train_test_split

from amzest import make_products

X, y = make_products(750, return_X_y=True, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, test_size=300, random_state=0
)

# %%
# A network is fitted with its columns and the categories, as
# :class:`~sklearn.discriminant_analysis.LinearDiscriminantAnalysis` would be, and then
# gives its activations. A row with an empty cell needs no imputer there: its
# activations are zeros.

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from amzest import ImageCNNClassifier, TextCNNClassifier

features = ColumnTransformer(
    [
        (
            "text",
            TextCNNClassifier(max_epochs=6, random_state=0),
            ["title", "description"],
        ),
        (
            "photo",
            ImageCNNClassifier(image_size=32, max_epochs=10, random_state=0),
            "image",
        ),
        ("price", StandardScaler(), ["price"]),
    ]
).set_output(transform="pandas")
model = make_pipeline(features, LogisticRegression(max_iter=1000))
model.fit(X_train, y_train)

# %%
# Every activation has a name that tells where it comes from.

import pandas as pd

F_train, F_test = model[:-1].transform(X_train), model[:-1].transform(X_test)
source = F_train.columns.str.split("__").str[0]
print(source.value_counts().to_string())
F_test.iloc[:5, [0, 1, 2, -3, -2, -1]].round(2)

# %%
# What each source adds
# ---------------------
# The networks need not be fitted again to see what the sources are worth: a logistic
# regression on the features of one or two of them is enough. All are scored on the 300
# products that neither the networks nor the regressions have learnt from.

from sklearn.base import clone

from amzest.evaluation import compare_classifiers

columns = {
    "price": source == "price",
    "photo": source == "photo",
    "text": source == "text",
    "text and photo": source != "price",
    "text, photo and price": source != "",
}
classifiers, probas = {}, {}
for name, used in columns.items():
    classifiers[name] = clone(model[-1]).fit(F_train.loc[:, used], y_train)
    probas[name] = classifiers[name].predict_proba(F_test.loc[:, used])
comparison = compare_classifiers(y_test, probas, n_bootstrap=1000)
ax = comparison.plot()
_ = ax.figure.suptitle("Accuracy of each source and of several together")

# %%
# Text and photo have no letter in common with the two at the top: together they are
# better than either alone, and by more than chance. The price, which alone is a little
# better than guessing among eight categories, adds nothing that the other two have not
# told already.
#
# A picture of the features
# -------------------------
# Why it works shows in the first two principal components of the test products'
# activations. Each network has one heap of mixed colours: the categories that its
# source does not tell. Those of the one heap lie outside the other one.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

figure, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained")
figure.suptitle("Activations of test products, first two principal components")
for ax, name in zip(axes, ["text", "photo"], strict=True):
    pca = make_pipeline(StandardScaler(), PCA(2, random_state=0))
    pca.fit(F_train.loc[:, columns[name]])
    points = pca.transform(F_test.loc[:, columns[name]])
    for category in model.classes_:
        ax.scatter(*points[y_test == category].T, s=14, label=category)
    ax.set(xticks=[], yticks=[], xlabel=f"activations of the {name} network")
handles, labels = ax.get_legend_handles_labels()
_ = figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)

# %%
# What the training rows hide
# ---------------------------
# The networks have learnt from the very rows whose activations the regression is fitted
# on. A text network with many more weights than products remembers their labels, so
# that on training rows its activations look as if texts told everything. The last row
# is the text network's own last layer in place of a regression.

from sklearn.metrics import accuracy_score, log_loss

text_network = model[0].named_transformers_["text"]
texts = ["title", "description"]
rows = {}
for part, X_part, F, labels in [
    ("training", X_train, F_train, y_train),
    ("test", X_test, F_test, y_test),
]:
    answers = {
        name: classifiers[name].predict_proba(F.loc[:, used])
        for name, used in columns.items()
    }
    answers["text network itself"] = text_network.predict_proba(X_part[texts])
    for name, proba in answers.items():
        predicted = model.classes_[proba.argmax(axis=1)]
        row = rows.setdefault(name, {})
        row["accuracy", part] = accuracy_score(labels, predicted)
        row["log-loss", part] = log_loss(labels, proba)
pd.DataFrame(rows).T.sort_index(axis=1).round(3)

# %%
# Three things follow.
#
# - Training scores say nothing here, even less than usual. Score, and choose parameters
#   such as `C`, on rows that the networks have not seen: search over the whole
#   pipeline, as in ``GridSearchCV(model, {"logisticregression__C": [0.01, 0.1, 1]})``,
#   not over a regression on `F_train`.
# - The regression trusts the texts more than they deserve. On texts alone its log-loss
#   on test products is higher than that of the network's own last layer: it errs about
#   as often, but with more confidence. Together with the photos little of that is left.
# - The remedy is not to cross-fit the activations: every fold's network has axes of its
#   own, so that they cannot be put into one table. Probabilities can. That is stacking:
#   the meta-model learns from what networks say of products they have not seen, see
#   :meth:`~amzest.ensemble.CrossFit.stacking` and :doc:`/user_guide/ensembles`.
#
# A ColumnTransformer needs one fit of each network, where stacking needs one a fold. It
# is a good start, and the way to bring in columns that no network reads.

# sphinx_gallery_thumbnail_number = 2
