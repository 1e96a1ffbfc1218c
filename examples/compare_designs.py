"""Compare designs on your own product table, from the command line: `make demo`.

Which design classifies your products most accurately: a text network, an image network
or an ensemble? And is the difference statistically significant? This script fits
a linear model and amzest's five networks with one `CrossFit`, and computes everything
else from it: weighted voting, stacking, a table with confidence intervals, significance
tests between all pairs of designs, and figures, which it saves. The text networks have
no linear part: otherwise they would share most of their errors with the linear model.

With ``--data`` it loads your own table. Without it, it generates synthetic data in
which some categories are only visible in the texts and others only in the images. With
``--text-encoder`` and ``--image-encoder``, classifiers on pretrained encoders are
compared as well, and become members of the ensembles::

    python examples/compare_designs.py --data shop/ --out result/
    python examples/compare_designs.py --data shop/ --text-encoder minilm/
    python examples/compare_designs.py --help

plot_compare_designs.py explains the same steps one by one.
"""

import argparse
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from amzest import (
    ColumnSelector,
    PretrainedImageClassifier,
    PretrainedImageEncoder,
    PretrainedTextClassifier,
    PretrainedTextEncoder,
    TextLinearClassifier,
    load_products,
    make_products,
)
from amzest.ensemble import CrossFit
from amzest.evaluation import (
    ProductGridDisplay,
    TopConfusionsDisplay,
    TrainingCurveDisplay,
    compare_classifiers,
)
from amzest.neural import all_networks

#: Settings for synthetic data and for a quick comparison on real data.
QUICK_TEXT = {"max_epochs": 6, "calibrate": False}
QUICK_IMAGE = {"image_size": 32, "max_epochs": 12}
#: Minimum number of training products per category.
MIN_PER_CATEGORY = 3


# The designs: each is a pipeline that selects its columns from the whole table.
# `ColumnSelector` passes texts and images through unchanged, including missing ones.


def networks(kind):
    """Return the networks for texts or images, with names such as "Text CNN"."""
    return {
        f"{kind.title()} {name[len(kind) :].removesuffix('Classifier')}": network
        for name, network in all_networks(kind).items()
    }


def build_designs(table, random_state, quick, text_encoder=None, image_encoder=None):
    """Return the designs for the columns of the table, by name."""
    designs = {}
    columns = [name for name in ("title", "description") if name in table]
    if columns:
        texts = ColumnSelector(columns)
        # The baseline that the networks have to improve on.
        designs["Text linear"] = make_pipeline(
            texts, TextLinearClassifier(random_state=random_state)
        )
        settings = QUICK_TEXT if quick else {}
        for name, network in networks("text").items():
            design = network(linear_part=False, random_state=random_state, **settings)
            designs[name] = make_pipeline(texts, design)
        if text_encoder is not None:
            # Each text is encoded once; all folds use its vector from the cache.
            design = PretrainedTextClassifier(text_encoder, random_state=random_state)
            designs["Text pretrained"] = make_pipeline(texts, design)
    if "image" in table:
        settings = QUICK_IMAGE if quick else {}
        for name, network in networks("image").items():
            designs[name] = make_pipeline(
                ColumnSelector("image"), network(random_state=random_state, **settings)
            )
        if image_encoder is not None:
            design = PretrainedImageClassifier(image_encoder, random_state=random_state)
            designs["Image pretrained"] = make_pipeline(ColumnSelector("image"), design)
    return designs


# Each design is fitted once per fold. All further steps use its out-of-fold predictions
# without refitting: voting learns the weights of the designs from them, and stacking a
# meta-model. Both are scored on products that were not used to learn their weights.


def cross_fit(designs, table, n_folds, random_state):
    """Fit all designs on all folds."""
    start = time.perf_counter()
    print(f"Fitting {len(designs)} designs on {n_folds} folds", flush=True)
    crossfit = CrossFit(
        list(designs.items()),
        cv=n_folds,
        refit="average",
        random_state=random_state,
        verbose=True,
    )
    crossfit.fit(table.drop(columns="category"), table["category"])
    print(f"Fitted in {time.perf_counter() - start:.0f} s", flush=True)
    return crossfit


def compare(crossfit):
    """Compare the designs, weighted voting and stacking."""
    ensembles = {}
    if len(crossfit.names_) > 1:
        ensembles["Weighted vote"] = crossfit.weighted_voting("learn")
        ensembles["Stack"] = crossfit.stacking()
    comparison = compare_classifiers(crossfit, ensembles=ensembles, top_k=(2,))
    return comparison, ensembles


def draw(crossfit, comparison, best, table):
    """Plot scores, training and errors; return the figures by name."""
    y = table["category"].to_numpy()
    figures = {"accuracy": comparison.plot().figure}
    networks = {
        name: models[0]
        for name, models in crossfit.fold_estimators_.items()
        if hasattr(models[0][-1], "loss_curve_")
    }
    if networks:
        curves = TrainingCurveDisplay.from_estimator(networks)
        figures["learning_curves"] = curves.figure_
    predicted = crossfit.classes_[best.argmax(axis=1)]
    titles = table.get("title")
    confusions = TopConfusionsDisplay.from_predictions(y, predicted, titles=titles)
    figures["confusions"] = confusions.figure_
    if "image" in table:
        products = ProductGridDisplay.from_predictions(
            y, best, titles=titles, images=table["image"], select="sure errors"
        )
        figures["products"] = products.figure_
    return figures


# Data, options and error messages.


class OneLineParser(argparse.ArgumentParser):
    """Parser that prints errors in one line and exits with code 2."""

    def error(self, message):
        line = " ".join(str(message).split())
        self.exit(2, f"{self.prog}: error: {line}\n")


def whole_number(text):
    """Parse a non-negative integer."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a non-negative integer")
    return int(text)


def fold_number(text):
    """Parse the number of folds."""
    if whole_number(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 2 folds")
    return int(text)


def read_table(path):
    """Load a table with at least one of the three input columns."""
    whole = load_products(path, category_column=None, image_column=None)
    columns = whole.feature_names
    found = [name for name in ("title", "description", "image") if name in columns]
    if "category" not in columns or not found:
        lost = "'category'" if found else "'title', 'description' or 'image'"
        raise ValueError(
            f"{whole.filename} has no column {lost}, it has {', '.join(columns)}. "
            "Rename the corresponding column."
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = load_products(
            path,
            image_column="image" if "image" in found else None,
            min_per_category=1,
            check_images="decode",
            on_missing_image="missing",
        ).frame
    for warning in caught:
        print(f"Note: {warning.message}")
    lost = {"title", "description", "image"} - set(found)
    if lost:
        print(f"Note: there is no column {' and no '.join(sorted(lost))}.")
        if "image" in lost or len(lost) > 1:
            print("Note: designs that require a missing column are skipped.")
    return table


def take(table, args):
    """Sample the requested number of products, and check the size of categories."""
    if args.data and args.n_products is not None and args.n_products < len(table):
        table, _ = train_test_split(
            table,
            train_size=args.n_products,
            stratify=table["category"],
            random_state=args.random_state,
        )
    counts = table["category"].value_counts()
    small = counts[counts < args.n_folds]
    if len(small):
        named = ", ".join(f"{name!r} ({n})" for name, n in small.head(3).items())
        raise ValueError(
            f"a category needs at least {args.n_folds} products, one per fold; these "
            f"have fewer: {named}{' and others' if len(small) > 3 else ''}. Add "
            "products, merge categories or drop their rows."
        )
    return table.reset_index(drop=True)


def check_encoders(args):
    """Raise if a pretrained encoder cannot be used, before anything is fitted."""
    if args.text_encoder is not None:
        PretrainedTextEncoder(args.text_encoder).fit(["title"])
    if args.image_encoder is not None:
        PretrainedImageEncoder(args.image_encoder).fit([np.zeros((8, 8), np.uint8)])


def parse_arguments():
    parser = OneLineParser(
        description="Compare designs that classify products.",
        epilog="Without --data, synthetic data and --quick are used.",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="table of products (CSV, Parquet, JSON lines), or a folder with a file "
        "products.*, with the column category and one or more of title, description "
        "and image (paths relative to that folder)",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("amzest-demo"),
        help="folder for the figures (default: %(default)s)",
    )
    parser.add_argument(
        "--n-products",
        metavar="N",
        type=whole_number,
        help="number of synthetic products (default: 600), or to sample from --data "
        "(default: all)",
    )
    parser.add_argument(
        "--n-folds",
        metavar="N",
        type=fold_number,
        default=3,
        help="number of cross-validation folds (default: %(default)s)",
    )
    parser.add_argument(
        "--random-state",
        metavar="SEED",
        type=whole_number,
        default=0,
        help="seed of products, folds and networks (default: %(default)s)",
    )
    for kind in ("text", "image"):
        parser.add_argument(
            f"--{kind}-encoder",
            metavar="FOLDER",
            help=f"pretrained encoder of {kind}s: compare a classifier on it as well",
        )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="use fewer epochs, smaller images and no calibration of the networks",
    )
    return parser, parser.parse_args()


def main():
    parser, args = parse_arguments()
    try:
        if args.data:
            table = read_table(args.data)
        else:
            n_products = 600 if args.n_products is None else args.n_products
            table = make_products(n_products, random_state=args.random_state).frame
        table = take(table, args)
        check_encoders(args)
        args.out.mkdir(parents=True, exist_ok=True)
    except (ImportError, OSError, TypeError, ValueError) as error:
        parser.error(error)
    print(
        f"{len(table)} {'' if args.data else 'synthetic '}products in "
        f"{table['category'].nunique()} categories",
        flush=True,
    )

    designs = build_designs(
        table,
        args.random_state,
        args.quick or not args.data,
        args.text_encoder,
        args.image_encoder,
    )
    crossfit = cross_fit(designs, table, args.n_folds, args.random_state)
    comparison, ensembles = compare(crossfit)
    print(f"\n{comparison}\n")
    if len(designs) > 1:
        print(f"{comparison.fusion()}\n")

    plt.rcParams["savefig.dpi"] = 150
    probas = {**crossfit.oof_proba_, **{n: e.oof_proba_ for n, e in ensembles.items()}}
    best = comparison.frame()["accuracy"].idxmax()
    figures = draw(crossfit, comparison, probas[best], table)
    for name, figure in figures.items():
        path = args.out / f"{name}.png"
        figure.savefig(path, bbox_inches="tight")
        print(f"Saved {path}")


if __name__ == "__main__":
    main()
