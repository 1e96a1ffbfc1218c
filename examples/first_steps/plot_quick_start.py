"""
Classify products by title and description
==========================================

This example loads a table of products, fits a text classifier in a scikit-learn
pipeline, evaluates it per category, and predicts the categories of new products.
"""

# %%
# A table and its images
# ----------------------
# A typical dataset is a table and a folder of images. Here,
# :func:`~amzest.make_products` generates both in a temporary folder: ``products.csv``
# with the columns `id`, `title`, `description`, `price`, `image` and `category`, and
# PNG files, whose paths relative to the folder are in the column `image`. To use your
# own data, start with the next cell.

from pathlib import Path
from tempfile import TemporaryDirectory

from amzest import make_products

folder = TemporaryDirectory()
shop = make_products(
    800, n_image_only=2, image_folder=Path(folder.name, "images"), random_state=0
).frame
shop["image"] = "images/" + shop["id"] + ".png"
shop.to_csv(Path(folder.name, "products.csv"), index=False)

# %%
# Load the table
# --------------
# :func:`~amzest.load_products` reads CSV, Parquet and JSON files. It validates the
# table and raises an error if categories are missing or have only one product, ids are
# not unique, or image files do not exist.

from amzest import load_products

products = load_products(folder.name)
products.frame.drop(columns="image").head()

# %%
# For a table in memory, :func:`~amzest.datasets.check_products` validates categories
# and ids in the same way. This is its error message for a table in which one category
# has a single product:

from amzest.datasets import check_products

frame = products.frame
is_tea = frame["category"] == "Tea"
try:
    check_products(frame[~is_tea | (is_tea.cumsum() == 1)])
except ValueError as error:
    print(error)

# %%
# The plot shows one product of each category. The titles of the mug and the table lamp
# could belong to any product; only their images show the category. For board games,
# books and tea it is the opposite: their images show closed boxes.

import textwrap

import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 4, figsize=(8, 5.6), layout="constrained")
figure.suptitle("One product of each category")
for ax, (category, group) in zip(axes.flat, frame.groupby("category"), strict=True):
    product = group.iloc[1]
    ax.imshow(plt.imread(product["image"]))
    ax.set_title(category, fontsize=11)
    ax.set_xlabel(textwrap.fill(product["title"], 24), fontsize=8)
    ax.set(xticks=[], yticks=[])

# %%
# Fit a classifier
# ----------------
# A quarter of the products is the test set. :class:`~amzest.ColumnSelector` selects the
# two text columns, and :class:`~amzest.TextCNNClassifier` classifies them. No
# vectorizer, imputer or label encoder is needed.
#
# Real datasets often contain near-duplicates. :func:`~amzest.datasets.split_products`
# keeps them on the same side of the split.

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier

X_train, X_test, y_train, y_test = train_test_split(
    products.data, products.target, stratify=products.target, random_state=0
)
model = make_pipeline(
    ColumnSelector(["title", "description"]),
    TextCNNClassifier(max_epochs=12, early_stopping=True, random_state=0),
)
model.fit(X_train, y_train)

# %%
# With ``early_stopping=True``, one tenth of the training samples is held out and scored
# after each epoch, and the best epoch is kept.
# :class:`~amzest.evaluation.TrainingCurveDisplay` plots the training loss and the
# validation score. If the score still increases in the last epoch, increase
# `max_epochs`. The validation set has only 60 products here, so the variation after the
# second epoch is a handful of products.

from amzest.evaluation import TrainingCurveDisplay

display = TrainingCurveDisplay.from_estimator(model)
_ = display.figure_.suptitle("Training loss and validation score per epoch")

# %%
# Evaluate
# --------
# Six of the eight categories can be recognized by their texts. For the other two, a
# text classifier can only guess, so that the accuracy cannot be much higher than seven
# eighths.

print(f"Accuracy on {len(X_test)} products: {model.score(X_test, y_test):.3f}")

# %%
# :class:`~amzest.evaluation.CategoryScoresDisplay` plots precision, recall and F1 score
# of each category with 95 % confidence intervals. The two categories at the bottom are
# those that texts do not reveal. The order of the other six is not meaningful, because
# their intervals overlap.

from amzest.evaluation import CategoryScoresDisplay

display = CategoryScoresDisplay.from_estimator(model, X_test, y_test)
_ = display.figure_.suptitle("Scores per category")

# %%
# :class:`~amzest.evaluation.TopConfusionsDisplay` plots the most frequent confusions
# with example titles. These titles do not contain the information that is needed.
# Images do; see :doc:`/user_guide/ensembles`.

from amzest.evaluation import TopConfusionsDisplay

display = TopConfusionsDisplay.from_estimator(model, X_test, y_test, n_pairs=5)
_ = display.figure_.suptitle("The most frequent confusions")

# %%
# Predict new products
# --------------------
# New products need the selected columns, with the same names. Values can be missing.

import pandas as pd

new = pd.DataFrame(
    {
        "title": [
            "Loose leaf green tea from Darjeeling",
            "Wireles headphons with micropone",
            "Rustic Home Product, Mustard",
            None,
        ],
        "description": [
            "Makes about forty cups.",
            None,
            "This home product makes a thoughtful gift for any occasion.",
            None,
        ],
    }
)
proba = pd.DataFrame(model.predict_proba(new), columns=model.classes_).round(2)
proba.insert(0, "title", new["title"].fillna("(empty)"))
proba.insert(1, "predicted", model.predict(new))
proba

# %%
# The misspelled title is classified correctly, because words are also represented by
# their character n-grams. The third product could be a mug or a table lamp; the
# predicted probability is higher than is justified, since such predictions are correct
# only half of the time. For a product without text, the classifier predicts the class
# frequencies. :doc:`/user_guide/missing` explains how to recognize missing samples, and
# :doc:`/user_guide/review` how to calibrate probabilities and to leave uncertain
# products to a person.

folder.cleanup()

# sphinx_gallery_thumbnail_number = 1
