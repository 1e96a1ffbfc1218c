"""Synthetic products, some of whose categories only texts or only images identify."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from amzest.datasets._shared._constraints import (
    NON_NEGATIVE_INTEGER,
    POSITIVE_INTEGER,
    NumberInterval,
)
from amzest.datasets._synthetic._category_plan import (
    add_label_noise,
    category_sizes,
    choose_rows,
    informative_modalities,
    named_generators,
)
from amzest.datasets._synthetic._product_images import render_image
from amzest.datasets._synthetic._product_texts import generate_texts
from amzest.datasets._synthetic._vocabulary import CATEGORIES, COLOURS, CategoryWords
from amzest.utils import count, require, validate_params

if TYPE_CHECKING:
    import pandas as pd

_FRACTION = NumberInterval(Real, 0, 1, closed="both")


@validate_params(
    {
        "n_samples": [POSITIVE_INTEGER],
        "n_categories": [NumberInterval(Integral, 2, len(CATEGORIES), closed="both")],
        "n_text_only": [NON_NEGATIVE_INTEGER, None],
        "n_image_only": [NON_NEGATIVE_INTEGER, None],
        "text_informativeness": [_FRACTION],
        "image_informativeness": [_FRACTION],
        "label_noise": [_FRACTION],
        "missing_title": [_FRACTION],
        "missing_description": [_FRACTION],
        "missing_image": [_FRACTION],
        "weights": ["array-like", None],
        "with_price": ["boolean"],
        "image_size": [NumberInterval(Integral, 8, None, closed="left")],
        "image_folder": [str, os.PathLike, None],
        "return_X_y": ["boolean"],
        "random_state": ["random_state"],
    }
)
def make_products(
    n_samples: int = 400,
    *,
    n_categories: int = 8,
    n_text_only: int | None = None,
    n_image_only: int | None = None,
    text_informativeness: float = 0.95,
    image_informativeness: float = 0.95,
    label_noise: float = 0.0,
    missing_title: float = 0.0,
    missing_description: float = 0.0,
    missing_image: float = 0.0,
    weights: Sequence[float] | None = None,
    with_price: bool = True,
    image_size: int = 48,
    image_folder: str | os.PathLike[str] | None = None,
    return_X_y: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch | tuple[pd.DataFrame, pd.Series]:
    """Generate synthetic products whose classification needs texts and images.

    There are three kinds of categories. Some are identified *only by their texts*: all
    of their images show a closed carton. Some are identified *only by their images*:
    their titles and descriptions mention an "everyday gift item". The others are
    identified by either. So the accuracy of a classifier on texts alone, or on images
    alone, has a known upper bound, which a classifier on both does not have.

    Parameters
    ----------
    n_samples : int, default=400
        Number of products, at least two per category.

    n_categories : int, default=8
        Number of categories, 2 to 12.

    n_text_only : int, default=None
        Number of categories that only texts identify. None uses three of eight,
        rounded, or none where that would be a single category, which its carton would
        identify.

    n_image_only : int, default=None
        Number of categories that only images identify. None as above.

    text_informativeness : float, default=0.95
        Probability that the texts of a product contain the words of its category, where
        texts identify the category at all. All other products have words that are
        common to all categories. With 0 no text is informative.

    image_informativeness : float, default=0.95
        Probability that an image shows the product rather than a closed carton, where
        images identify the category at all.

    label_noise : float, default=0.0
        Fraction of products with the label of another category, uniformly at random.
        Their number is exact, up to rounding.

    missing_title, missing_description, missing_image : float, default=0.0
        Fraction of products without a title, description or image. Their numbers are
        exact, up to rounding, and the three are independent.

    weights : array-like of shape (n_categories,), default=None
        Relative sizes of the categories, in the order of `target_names`. The numbers of
        products follow them as closely as integers allow, with at least two each. With
        None all categories have the same size.

    with_price : bool, default=True
        Whether to generate a column `price`. It depends weakly on the category.

    image_size : int, default=48
        Height and width of the images in pixels, at least 8.

    image_folder : str or path-like, default=None
        Folder to write the images to, as `<id>.png`; it is created if necessary, and
        files of these names are replaced. The column `image` then contains absolute
        paths. With None no file is written and it contains arrays.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    random_state : int, RandomState instance or None, default=None
        Determines random number generation. Pass an int for reproducible texts and
        pixels across multiple function calls. The global generators of NumPy and Python
        are neither used nor changed.

    Returns
    -------
    products : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes:

        data : DataFrame of shape (n_samples, 5)
            Columns `id`, `title`, `description`, `price` (with `with_price`) and
            `image`: arrays of shape (image_size, image_size, 3), dtype uint8, or
            paths. Missing texts and paths are NaN, missing arrays None.
        target : Series of shape (n_samples,)
            The category, with label noise.
        frame : DataFrame
            `data` and, as its last column `category`, `target`.
        target_names : list of str
            The categories, sorted.
        feature_names : list of str
            The columns of `data`.
        true_target : Series of shape (n_samples,)
            The category before `label_noise`.
        told_by : dict of str to {"text", "image", "both"}
            What identifies each category.
        image_root : str or None
            `image_folder` as an absolute path.
        DESCR : str
            Description of the dataset.

    data, target : tuple of (DataFrame, Series)
        Only with ``return_X_y=True``.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    TypeError
        If a parameter has the wrong type.
    ImportError
        If Pillow is not installed.

    See Also
    --------
    load_products : Load a table of real products.

    Notes
    -----
    With `k` categories of one size, `g` of which only images identify, the best
    accuracy on texts (with ``text_informativeness=1``) is ``(k - g + 1) / k``: 0.75 by
    default, as one of the `g` is guessed correctly. The same holds for images with
    `n_text_only`.

    Each property has its own random generator: other values of `label_noise` or
    `missing_image` do not change titles and pixels, and a higher informativeness only
    changes the products that become informative. Pixels are the same on all machines
    with the same versions of Pillow and NumPy.

    Examples
    --------
    >>> from amzest.datasets import make_products
    >>> products = make_products(24, image_size=16, random_state=0)
    >>> list(products.data)
    ['id', 'title', 'description', 'price', 'image']
    >>> products.data["image"][0].shape
    (16, 16, 3)
    >>> [products.told_by[name] for name in ("Mugs", "Books", "Watches")]
    ['image', 'text', 'both']
    """
    import pandas as pd

    words = CATEGORIES[:n_categories]
    told_by = informative_modalities(
        [category.name for category in words], n_text_only, n_image_only
    )
    sizes = category_sizes(n_samples, n_categories, weights)
    require("PIL.Image", extra="image", purpose="make_products")
    generators = named_generators(random_state)

    order = sorted(words, key=lambda category: category.name)
    # Labels are generated first: each product is then generated for its true label.
    true = np.repeat(np.arange(n_categories), sizes)
    # Shuffled, or splits without shuffling would have other categories in each part.
    generators["order"].shuffle(true)
    noisy = add_label_noise(true, n_categories, label_noise, generators["label_noise"])
    rows = _generate_rows(
        [order[i] for i in true],
        told_by=told_by,
        text_informativeness=text_informativeness,
        image_informativeness=image_informativeness,
        image_size=image_size,
        generators=generators,
    )
    n_digits = max(5, len(str(n_samples)))
    ids = [f"{i:0{n_digits}d}" for i in range(n_samples)]
    missing = {
        column: choose_rows(n_samples, fraction, generators[f"missing_{column}"])
        for column, fraction in (
            ("title", missing_title),
            ("description", missing_description),
            ("image", missing_image),
        )
    }
    folder = None if image_folder is None else Path(image_folder).absolute()
    data = _to_frame(ids, rows, missing, with_price=with_price, folder=folder)
    names = np.array([category.name for category in order], dtype=object)
    target = pd.Series(names[noisy], name="category", dtype="str")
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=data.assign(category=target),
        target_names=names.tolist(),
        feature_names=list(data.columns),
        true_target=pd.Series(names[true], name="category", dtype="str"),
        told_by=told_by,
        image_root=None if folder is None else str(folder),
        DESCR=_describe(n_samples, told_by),
    )


def _generate_rows(
    categories: list[CategoryWords],
    *,
    told_by: dict[str, str],
    text_informativeness: float,
    image_informativeness: float,
    image_size: int,
    generators: dict[str, np.random.RandomState],
) -> dict[str, list[Any]]:
    """Return title, description, image and price of each product, none missing."""
    n = len(categories)
    seeds = {
        purpose: generators[purpose].randint(2**31 - 1, size=n)
        for purpose in ("product", "texts", "images")
    }
    spread = generators["price"].standard_normal(n)
    rows: dict[str, list[Any]] = {c: [] for c in ("title", "description", "image")}
    for i, category in enumerate(categories):
        product = Random(int(seeds["product"][i]))
        colour = product.choice(list(COLOURS))
        # Compared with a threshold, the same number makes the products that are
        # informative at a low informativeness informative at any higher one.
        text_number, image_number = product.random(), product.random()
        modality = told_by[category.name]
        from_text = modality != "image" and text_number < text_informativeness
        from_image = modality != "text" and image_number < image_informativeness
        title, description = generate_texts(
            Random(int(seeds["texts"][i])), category if from_text else None, colour
        )
        rows["title"].append(title)
        rows["description"].append(description)
        rows["image"].append(
            render_image(
                Random(int(seeds["images"][i])),
                category.name if from_image else None,
                COLOURS[colour],
                image_size,
            )
        )
    centre = np.log([category.price for category in categories])
    # Halfway to a common price, with a spread that hides most of the difference.
    log_price = 0.5 * (centre + np.log(25.0)) + 0.7 * spread
    rows["price"] = (np.ceil(np.exp(log_price)) - 0.01).round(2).tolist()
    return rows


def _to_frame(
    ids: list[str],
    rows: dict[str, list[Any]],
    missing: dict[str, NDArray[np.bool_]],
    *,
    with_price: bool,
    folder: Path | None,
) -> pd.DataFrame:
    """Return all columns with their missing cells; write images to the folder."""
    import pandas as pd

    images = np.empty(len(ids), dtype=object)
    for i, image in enumerate(rows["image"]):
        images[i] = None if missing["image"][i] else image
    if folder is not None:
        images = _write_images(images, ids, folder)
    columns: dict[str, Any] = {"id": pd.Series(ids, dtype="str")}
    for column in ("title", "description"):
        columns[column] = pd.Series(rows[column], dtype="str").mask(missing[column])
    if with_price:
        columns["price"] = rows["price"]
    columns["image"] = pd.Series(images, dtype=object if folder is None else "str")
    return pd.DataFrame(columns)


def _write_images(
    images: NDArray[np.object_], ids: list[str], folder: Path
) -> NDArray[np.object_]:
    """Write the images as PNG files, and return their paths."""
    pil_image = require("PIL.Image", extra="image", purpose="make_products")
    folder.mkdir(parents=True, exist_ok=True)
    paths = np.empty(len(images), dtype=object)
    for i, image in enumerate(images):
        if image is not None:
            path = folder / f"{ids[i]}.png"
            pil_image.fromarray(image).save(path)
            paths[i] = str(path)
    return paths


def _describe(n_samples: int, told_by: dict[str, str]) -> str:
    lines = [
        f"- {name}: identified by {kind}" for name, kind in sorted(told_by.items())
    ]
    return "\n".join(
        [
            "Synthetic products, generated by amzest.datasets.make_products.",
            "",
            f"{count(n_samples, 'product')} in {count(len(told_by), 'category')}:",
            "",
            *lines,
        ]
    )
