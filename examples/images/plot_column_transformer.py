"""
Texts, images and prices in a ColumnTransformer
===============================================

The classifiers of amzest are transformers too: `transform` returns the activations
before the output layer. This example combines a text network, an image network and a
numeric column in a :class:`~sklearn.compose.ColumnTransformer`, measures what each of
them contributes, and shows why such features must not be evaluated on training data.
"""

# %%
# A model of all columns
# ----------------------
# In this synthetic dataset, three of eight categories can only be recognized by their
# texts, and three only by their images. The price depends weakly on the category.

from sklearn.model_selection import train_test_split

from amzest import make_products

X, y = make_products(750, return_X_y=True, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, test_size=300, random_state=0
)

# %%
# In a :class:`~sklearn.compose.ColumnTransformer`, a network is fitted on its columns
# and the labels, like
# :class:`~sklearn.discriminant_analysis.LinearDiscriminantAnalysis`, and returns
# activations as features. For a missing sample the features are zeros, so that no
# imputer is needed.

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
            "image",
            ImageCNNClassifier(image_size=32, max_epochs=10, random_state=0),
            "image",
        ),
        ("price", StandardScaler(), ["price"]),
    ]
).set_output(transform="pandas")
model = make_pipeline(features, LogisticRegression(max_iter=1000))
model.fit(X_train, y_train)

# %%
# The names of the features show which transformer they come from.

import pandas as pd

F_train, F_test = model[:-1].transform(X_train), model[:-1].transform(X_test)
source = F_train.columns.str.split("__").str[0]
print(source.value_counts().to_string())
F_test.iloc[:5, [0, 1, 2, -3, -2, -1]].round(2)

# %%
# Compare the columns
# -------------------
# To measure what each column contributes, it is sufficient to fit a logistic regression
# on some of the features; the networks need not be refitted. All models are evaluated
# on the 300 test products.

from sklearn.base import clone

from amzest.evaluation import compare_classifiers

columns = {
    "price": source == "price",
    "image": source == "image",
    "text": source == "text",
    "text and image": source != "price",
    "text, image and price": source != "",
}
classifiers, probas = {}, {}
for name, used in columns.items():
    classifiers[name] = clone(model[-1]).fit(F_train.loc[:, used], y_train)
    probas[name] = classifiers[name].predict_proba(F_test.loc[:, used])
comparison = compare_classifiers(y_test, probas, n_bootstrap=1000)
ax = comparison.plot()
_ = ax.figure.suptitle("Accuracy with the features of each column")

# %%
# The models of the text features and of the image features do not share a letter with
# the two best models: both together are significantly better than either alone. The
# price alone is slightly better than chance, and adds nothing to texts and images.
#
# Plot the features
# -----------------
# The plots show the first two principal components of the features of the test
# products. Each network has one cluster of mixed categories: those that its column does
# not reveal. The categories of one cluster are separated by the other network.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

figure, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained")
figure.suptitle("Features of test products, first two principal components")
for ax, name in zip(axes, ["text", "image"], strict=True):
    pca = make_pipeline(StandardScaler(), PCA(2, random_state=0))
    pca.fit(F_train.loc[:, columns[name]])
    points = pca.transform(F_test.loc[:, columns[name]])
    for category in model.classes_:
        ax.scatter(*points[y_test == category].T, s=14, label=category)
    ax.set(xticks=[], yticks=[], xlabel=f"features of the {name} network")
handles, labels = ax.get_legend_handles_labels()
_ = figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)

# %%
# Do not evaluate on training data
# --------------------------------
# The features of the training products come from networks that were fitted on the
# labels of these products. A text network has many more parameters than there are
# products, and memorizes the labels. On the training data, its features therefore seem
# to determine all categories. The last row is the prediction of the text network
# itself, instead of a logistic regression on its features.

from sklearn.metrics import accuracy_score, log_loss

text_network = model[0].named_transformers_["text"]
texts = ["title", "description"]
rows = {}
for part, X_part, F, labels in [
    ("training", X_train, F_train, y_train),
    ("test", X_test, F_test, y_test),
]:
    predictions = {
        name: classifiers[name].predict_proba(F.loc[:, used])
        for name, used in columns.items()
    }
    predictions["text network itself"] = text_network.predict_proba(X_part[texts])
    for name, proba in predictions.items():
        predicted = model.classes_[proba.argmax(axis=1)]
        row = rows.setdefault(name, {})
        row["accuracy", part] = accuracy_score(labels, predicted)
        row["log-loss", part] = log_loss(labels, proba)
pd.DataFrame(rows).T.sort_index(axis=1).round(3)

# %%
# There are three conclusions.
#
# - Scores on the training data are even less informative than usual. Evaluate, and tune
#   parameters such as `C`, on products that the networks were not fitted on: search
#   over the whole pipeline, as in ``GridSearchCV(model, {"logisticregression__C":
#   [0.01, 0.1, 1]})``, not over a regression on `F_train`.
# - The regression relies too much on the text features. With texts only, its log-loss
#   on the test data is higher than that of the network itself: the accuracy is similar,
#   but the regression is overconfident. With images, the effect is small.
# - Cross-fitting the features does not help: the network of each fold has different
#   features, which cannot be combined in one table. Probabilities can. That is
#   stacking: the final estimator is fitted on out-of-fold predictions; see
#   :meth:`~amzest.ensemble.CrossFit.stacking` and :doc:`/user_guide/ensembles`.
#
# A :class:`~sklearn.compose.ColumnTransformer` fits each network once, and stacking
# fits it once per fold. It is a good start, and a way to include columns that the
# networks do not use.

# sphinx_gallery_thumbnail_number = 2
