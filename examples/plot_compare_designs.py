"""
Compare designs on one product table
====================================

Which design sorts your products best: a network that reads the texts, one that looks
at the photos, or several together? This example fits amzest's five networks, a linear
model for comparison, a weighted average and a stacked meta-model on the same products,
and scores all of them on the same held-out products.

Without arguments it draws a catalogue in which some categories can be told only by
their texts and others only by their photos. With ``--data`` it reads a table of your
own::

    python plot_compare_designs.py --data shop/

"""

import argparse
import importlib.util
import math
import sys
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    ImageInceptionClassifier,
    TextCNNClassifier,
    TextLSTMClassifier,
    TextTransformerClassifier,
    load_products,
    make_products,
)

#: Settings that are enough for drawn products, and for a first look at real ones.
QUICK_TEXT = {"max_epochs": 6}
QUICK_IMAGE = {"image_size": 32, "max_epochs": 12}
#: Products of a category to learn from: the stack leaves out a third of them, and the
#: linear model splits the rest once more into three.
MIN_PER_CATEGORY = 5
#: Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = {"text": "#0072B2", "photo": "#E69F00", "both": "#009E73"}

# %%
# The designs
# -----------
# Each is a pipeline that takes the whole table and picks its columns. `ColumnSelector`
# hands texts and photos on as they are, missing ones included.


def join_texts(texts):
    """Return one string a row, for vectorizers that read a single text."""
    return texts.fillna("").agg(" ".join, axis=1)


def build_designs(table, random_state, quick):
    """Return by name what a design reads and the model, where the table allows it."""
    designs = {}
    columns = [name for name in ("title", "description") if name in table]
    if columns:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
        )
        linear = CalibratedClassifierCV(LinearSVC(), cv=3, ensemble=False)
        designs["TF-IDF + linear"] = make_pipeline(
            ColumnSelector(columns),
            FunctionTransformer(join_texts),
            make_union(words, characters),
            linear,
        )
        settings = QUICK_TEXT if quick else {}
        for name, network in {
            "Text CNN": TextCNNClassifier,
            "Text LSTM": TextLSTMClassifier,
            "Text Transformer": TextTransformerClassifier,
        }.items():
            designs[name] = make_pipeline(
                ColumnSelector(columns), network(random_state=random_state, **settings)
            )
    texts = dict.fromkeys(designs, "text")
    if "image" in table:
        settings = QUICK_IMAGE if quick else {}
        for name, network in {
            "Image CNN": ImageCNNClassifier,
            "Image Inception": ImageInceptionClassifier,
        }.items():
            designs[name] = make_pipeline(
                ColumnSelector("image"), network(random_state=random_state, **settings)
            )
    return {name: (texts.get(name, "photo"), model) for name, model in designs.items()}


# %%
# Two ways to put them together
# -----------------------------
# The average takes the networks as they are: `FrozenEstimator` keeps them from being
# trained again. Its weights follow a rule that looks at no score: texts and photos get
# one half each. The meta-model learns from out-of-fold probabilities whom to trust, so
# its members are trained four times; three of them are enough.


def build_average(designs):
    """Return the soft vote of fitted designs."""
    reads = [kind for kind, _ in designs.values()]
    return VotingClassifier(
        [(name, FrozenEstimator(model)) for name, (_, model) in designs.items()],
        voting="soft",
        weights=[1 / reads.count(kind) for kind in reads],
    )


def build_stack(designs):
    """Return the meta-model over one linear model and one network for each source."""
    members = ("TF-IDF + linear", "Text CNN", "Image CNN")
    return StackingClassifier(
        [(name, designs[name][1]) for name in members if name in designs],
        final_estimator=LogisticRegression(),
        cv=3,
    )


# %%
# Fit and score
# -------------


def n_parameters(model):
    """Count the numbers that a fitted model has learnt."""
    if hasattr(model, "weights_"):  # one of amzest's networks
        return sum(weights.size for weights in model.weights_.values())
    if hasattr(model, "coef_"):
        return model.coef_.size + model.intercept_.size
    if isinstance(model, CalibratedClassifierCV):
        parts = [each.estimator for each in model.calibrated_classifiers_]
    elif isinstance(model, FrozenEstimator):
        parts = [model.estimator]
    elif hasattr(model, "steps"):
        parts = [model[-1]]
    else:  # an average, or a stack with its meta-model
        parts = [*model.estimators_]
        if hasattr(model, "final_estimator_"):
            parts.append(model.final_estimator_)
    return sum(map(n_parameters, parts))


def fit_and_score(model, train, test):
    """Fit a model and return its row of the result, and what it predicts."""
    start = time.perf_counter()
    model.fit(*train)
    fitted = time.perf_counter()
    proba = model.predict_proba(test[0])
    predicted = time.perf_counter()

    truth, classes = test[1].to_numpy(), model.classes_
    labels = classes[proba.argmax(axis=1)]
    best_two = classes[np.argsort(proba, axis=1)[:, -2:]]
    row = {
        "accuracy": accuracy_score(truth, labels),
        "macro-F1": f1_score(truth, labels, average="macro"),
        "log-loss": log_loss(truth, proba, labels=classes),
        "top-2": (best_two == truth[:, None]).any(axis=1).mean(),
        "fit s": fitted - start,
        "products/s": len(truth) / (predicted - fitted),
        "parameters": n_parameters(model),
    }
    return row, labels


def load_frameworks(kinds):
    """Load PyTorch and TensorFlow, lest the first networks be charged for it."""
    if "text" in kinds:
        TextCNNClassifier(max_epochs=1).fit(["mug", "lamp"] * 4, [0, 1] * 4)
    if "photo" in kinds:
        photos = np.zeros((8, 32, 32, 3), dtype=np.uint8)
        ImageCNNClassifier(image_size=32, max_epochs=1).fit(photos, [0, 1] * 4)


def compare(designs, train, test):
    """Fit all designs; return the table of scores, and predictions by design."""
    start = time.perf_counter()
    show_bars = sys.stdout.isatty() and importlib.util.find_spec("rich") is not None

    def say(what):
        print(f"[{time.perf_counter() - start:4.0f} s] {what}", flush=True)

    say("loading PyTorch and TensorFlow")
    load_frameworks({kind for kind, _ in designs.values()})
    rows, predictions = {}, {}
    for name, (kind, model) in designs.items():
        say(f"fitting {name}")
        if show_bars:
            model.set_callbacks(ProgressBar())
        row, predictions[name] = fit_and_score(model, train, test)
        rows[name] = {"reads": kind, **row}

    kinds = {kind for kind, _ in designs.values()}
    both = "both" if len(kinds) == 2 else kinds.pop()
    for name, build in {"Average": build_average, "Stack": build_stack}.items():
        model = build(designs)
        if len(model.estimators) < 2:
            continue
        say(f"fitting {name}")
        row, predictions[name] = fit_and_score(model, train, test)
        rows[name] = {"reads": both, **row}
    # What the average would cost whoever has nothing fitted yet.
    rows["Average"]["fit s"] += sum(rows[name]["fit s"] for name in designs)
    say("done")
    return pd.DataFrame.from_dict(rows, orient="index"), predictions


# %%
# Three pictures
# --------------


def plot_accuracy(scores, n_test):
    """Draw the accuracy of each design, with its standard error."""
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(scores) + 1.4))
    scores = scores[::-1]
    error = np.sqrt(scores["accuracy"] * (1 - scores["accuracy"]) / n_test)
    axes.barh(
        scores.index,
        scores["accuracy"],
        xerr=error,
        color=[COLOURS[kind] for kind in scores["reads"]],
        error_kw={"ecolor": "0.25", "capsize": 3},
    )
    for place, value in enumerate(scores["accuracy"]):
        label = f"{value:.3f}"
        axes.text(value + error.iloc[place] + 0.012, place, label, va="center")
    for kind, colour in COLOURS.items():
        if kind in set(scores["reads"]):
            axes.barh(0, 0, color=colour, label=f"reads {kind}")
    axes.set(xlim=(0, 1.1), xticks=np.linspace(0, 1, 6))
    axes.set_xlabel(f"accuracy on {n_test} held-out products (± 1 standard error)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def plot_learning_curves(designs):
    """Draw the training loss of each network."""
    networks = {
        kind: {
            name: model[-1].loss_curve_
            for name, (reads, model) in designs.items()
            if reads == kind and hasattr(model[-1], "loss_curve_")
        }
        for kind in ("text", "photo")
    }
    networks = {kind: curves for kind, curves in networks.items() if curves}
    figure, panels = plt.subplots(
        ncols=len(networks), figsize=(4.5 * len(networks), 3.6), squeeze=False
    )
    looks = [("#0072B2", "-o"), ("#D55E00", "-s"), ("#009E73", "-^")]
    for axes, (kind, curves) in zip(panels[0], networks.items(), strict=True):
        for (name, losses), look in zip(curves.items(), looks, strict=False):
            colour, style = look
            epochs = range(1, len(losses) + 1)
            axes.plot(epochs, losses, style, color=colour, markersize=4, label=name)
        axes.set(title=f"networks that read {kind}s", xlabel="epoch")
        axes.set_ylim(bottom=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    panels[0, 0].set_ylabel("training loss")
    return figure


def plot_confusions(truth, predicted, title):
    """Draw which categories are taken for which."""
    names = sorted(set(truth) | set(predicted))
    size = max(5.5, 2.5 + 0.45 * len(names))
    figure, axes = plt.subplots(figsize=(size, size))
    ConfusionMatrixDisplay.from_predictions(
        truth, predicted, labels=names, cmap="Blues", colorbar=False, ax=axes
    )
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    figure.suptitle(title)
    return figure


# %%
# Products, options, and what to say when they do not fit
# -------------------------------------------------------


class OneLineParser(argparse.ArgumentParser):
    """Say in one line what is wrong, and end with exit code 2."""

    def error(self, message):
        line = " ".join(str(message).split())
        self.exit(2, f"{self.prog}: error: {line}\n")


def whole_number(text):
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def share(text):
    """Read a number between 0 and 1."""
    try:
        if 0 < float(text) < 1:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1")


def read_table(path):
    """Read a table of one's own, whichever of the three columns it has."""
    whole = load_products(path, category_column=None, image_column=None)
    columns = whole.feature_names
    found = [name for name in ("title", "description", "image") if name in columns]
    if "category" not in columns or not found:
        lost = "'category'" if found else "'title', 'description' or 'image'"
        raise ValueError(
            f"{whole.filename} has no column {lost}, it has {', '.join(columns)}. "
            "Rename the column that is meant."
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
            print("Note: designs that would read what is missing are left out.")
    return table


def split(table, args):
    """Check that the categories are large enough, and hold products out."""
    if args.data and args.n_products is not None and args.n_products < len(table):
        table, _ = train_test_split(
            table,
            train_size=args.n_products,
            stratify=table["category"],
            random_state=args.random_state,
        )
    counts = table["category"].value_counts()
    needed = math.ceil(MIN_PER_CATEGORY / (1 - args.test_size))
    small = counts[counts < needed]
    if len(small):
        named = ", ".join(f"{name!r} ({n})" for name, n in small.head(3).items())
        raise ValueError(
            f"a category needs at least {needed} products, these have fewer: "
            f"{named}{' and others' if len(small) > 3 else ''}. Add products, merge "
            "categories or drop their rows."
        )
    return train_test_split(
        table,
        test_size=args.test_size,
        stratify=table["category"],
        random_state=args.random_state,
    )


def parse_arguments():
    parser = OneLineParser(
        description="Compare designs that sort products into categories.",
        epilog="Without --data the products are drawn at random and --quick holds.",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="table of products (CSV, Parquet, JSON lines), or a folder that holds one "
        "named products.*, with the column category and one or more of title, "
        "description, image (paths from that folder)",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("amzest-demo"),
        help="folder for the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--n-products",
        metavar="N",
        type=whole_number,
        help="products to draw (default: 600), or to take from --data (default: all)",
    )
    parser.add_argument(
        "--test-size",
        metavar="SHARE",
        type=share,
        default=0.25,
        help="share of the products to hold out and score on (default: %(default)s)",
    )
    parser.add_argument(
        "--random-state",
        metavar="SEED",
        type=whole_number,
        default=0,
        help="seed of products, split and networks (default: %(default)s)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="train for fewer epochs on smaller photos than the networks' defaults",
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
        train, test = split(table, args)
        args.out.mkdir(parents=True, exist_ok=True)
    except (OSError, TypeError, ValueError) as error:
        parser.error(error)
    print(
        f"{len(table)} {'' if args.data else 'drawn '}products in "
        f"{table['category'].nunique()} categories: "
        f"{len(train)} to learn from, {len(test)} to score on",
        flush=True,
    )

    designs = build_designs(table, args.random_state, args.quick or not args.data)
    scores, predictions = compare(
        designs, (train, train["category"]), (test, test["category"])
    )
    shown = scores.round({"fit s": 1, "products/s": 0}).astype({"products/s": int})
    print()
    print(
        shown.to_string(
            float_format="{:.3f}".format,
            formatters={
                "fit s": "{:.1f}".format,
                "products/s": "{:,}".format,
                "parameters": "{:,}".format,
            },
        )
    )

    plt.rcParams.update({"figure.constrained_layout.use": True, "savefig.dpi": 150})
    together = list(predictions)[-1]
    figures = {
        "accuracy": plot_accuracy(scores, len(test)),
        "learning_curves": plot_learning_curves(designs),
        "confusions": plot_confusions(
            test["category"],
            predictions[together],
            f"{together}: which category is taken for which",
        ),
    }
    print()
    for name, figure in figures.items():
        path = args.out / f"{name}.png"
        figure.savefig(path)
        print(f"Saved {path}")


if __name__ == "__main__":
    main()
