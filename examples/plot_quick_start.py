"""
Sort a table of products in ten minutes
=======================================

You have a table of products with titles, descriptions and perhaps photos, part of it
already has categories, and the rest should get them. This example reads such a table,
trains a text network in a scikit-learn pipeline, and looks at what the network gets
right, what it confuses, and what it says of products that were typed in by hand.

"""

# %%
# A table and its photos
# ----------------------
# A shop's data is usually one table and a folder of photos. Here both are drawn by
# :func:`~amzest.make_products` and written to a temporary folder: ``products.csv`` with
# the columns `id`, `title`, `description`, `price`, `image` and `category`, and the
# photos as PNG files, named in the column `image` by paths from that folder. To use
# your own table, start at the next cell.

from pathlib import Path
from tempfile import TemporaryDirectory

from amzest import make_products

folder = TemporaryDirectory()
shop = make_products(
    800, n_image_only=2, image_folder=Path(folder.name, "photos"), random_state=0
).frame
shop["image"] = "photos/" + shop["id"] + ".png"
shop.to_csv(Path(folder.name, "products.csv"), index=False)

# %%
# Read it
# -------
# :func:`~amzest.load_products` reads CSV, Parquet and JSON lines. It refuses a table
# that cannot be learnt from and says why: categories that are missing or have a single
# product, ids that repeat, photos that are not there.

from amzest import load_products

products = load_products(folder.name)
products.frame.drop(columns="image").head()

# %%
# For a table that is in memory already, :func:`~amzest.datasets.check_products` makes
# the same checks of categories and ids. This is what it says of a table in which one
# category has lost all products but one:

from amzest.datasets import check_products

frame = products.frame
is_tea = frame["category"] == "Tea"
try:
    check_products(frame[~is_tea | (is_tea.cumsum() == 1)])
except ValueError as error:
    print(error)

# %%
# One product of each category. Look at the titles of the mug and the table lamp: they
# could be those of anything, and only the photo tells what is sold. Board games, books
# and tea are the opposite case: the photo shows a closed carton.

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
# Train
# -----
# A quarter of the products is kept for scoring. :class:`~amzest.ColumnSelector` hands
# the two text columns on as they are, and :class:`~amzest.TextCNNClassifier` reads
# them: there is no vectorizer to choose and nothing to fill in or to encode.
#
# Real tables often hold nearly the same product twice.
# :func:`~amzest.datasets.split_products` splits so that such products stay on one side.

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
# With ``early_stopping=True`` a tenth of the training products is held out and scored
# after each epoch; the best epoch is kept.
# :class:`~amzest.evaluation.TrainingCurveDisplay` draws both: the loss tells whether
# the network still learns, the score whether what it learns helps with products it has
# not seen. Where the score still climbs at the right edge, raise `max_epochs`. Here 60
# products are held out, so that one product more or less moves the score by a sixtieth:
# the ups and downs after the second epoch are a handful of products, not progress.

from amzest.evaluation import TrainingCurveDisplay

display = TrainingCurveDisplay.from_estimator(model)
_ = display.figure_.suptitle("Training loss and validation score of each epoch")

# %%
# Score
# -----
# Six of the eight categories can be told by their texts. Among the other two a text
# network can only guess, so that no more than about seven eighths of these products
# can be sorted rightly without looking at photos.

print(f"Accuracy on {len(X_test)} products: {model.score(X_test, y_test):.3f}")

# %%
# One number hides where the mistakes are.
# :class:`~amzest.evaluation.CategoryScoresDisplay` draws precision, recall and F1 of
# each category with their 95 % intervals. The two categories at the bottom are those
# that the titles do not tell. The order of the six above them means little: their
# intervals overlap.

from amzest.evaluation import CategoryScoresDisplay

display = CategoryScoresDisplay.from_estimator(model, X_test, y_test)
_ = display.figure_.suptitle("Scores of each category")

# %%
# What are they taken for? :class:`~amzest.evaluation.TopConfusionsDisplay` draws the
# most frequent confusions with titles of products. Read the titles before you change
# the model: nobody could sort these by what they say. The remedy is the photo, see
# :doc:`/user_guide/ensembles`.

from amzest.evaluation import TopConfusionsDisplay

display = TopConfusionsDisplay.from_estimator(model, X_test, y_test, n_pairs=5)
_ = display.figure_.suptitle("The most frequent confusions")

# %%
# New products
# ------------
# Products to predict need the columns that the pipeline selects, with the same names;
# cells may be empty.

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
# The misspelt title is read: words are looked up together with their character n-grams,
# and enough of those are left. The third product could be a mug as well as a table
# lamp. The probability that the network gives to one of them is higher than it can
# know: in the picture above, such guesses are right about every second time. For a
# product without any text it can only answer with the class frequencies, and a category
# predicted from those is no knowledge either. :doc:`/user_guide/missing` tells how to
# notice rows without content, :doc:`/user_guide/review` how to make probabilities
# honest and leave doubtful products to a person.

folder.cleanup()

# sphinx_gallery_thumbnail_number = 1
