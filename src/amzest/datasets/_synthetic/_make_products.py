"""A small shop with known secrets, drawn at random."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from amzest.datasets._synthetic._drawing import draw_photo
from amzest.datasets._synthetic._grammar import write_texts
from amzest.datasets._synthetic._shop_plan import (
    check_counts,
    check_share,
    draw_streams,
    flip,
    pick,
    share_out,
    split_roles,
)
from amzest.datasets._synthetic._vocabulary import CATEGORIES, COLOURS, CategoryWords
from amzest.utils import count, require, validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params({"random_state": ["random_state"]})
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
    """Draw a catalogue whose categories need both the text and the photo.

    The categories are of three kinds. Some can be told *only by their texts*: their
    photos all show a closed carton. Some can be told *only by their photos*: their
    titles and descriptions speak of an "everyday gift item". The others can be told
    by either. A classifier that reads one of the two is therefore held to a known
    ceiling, and one that reads both is not.

    Parameters
    ----------
    n_samples : int, default=400
        Number of products, at least two for each category.

    n_categories : int, default=8
        Number of categories, 2 to 12.

    n_text_only : int, default=None
        Number of categories that only their texts tell. None takes three of eight,
        rounded, and none at all where that would leave a single one, which its
        carton would give away.

    n_image_only : int, default=None
        Number of categories that only their photos tell. None as above.

    text_informativeness : float, default=0.95
        How much the texts know: the probability that a product has its category's
        own words where texts tell its category at all. All other products have the
        words that are common to all. With 0 no text says anything.

    image_informativeness : float, default=0.95
        How much the photos know: the probability that a photo shows the product,
        where photos tell its category at all, and not a closed carton.

    label_noise : float, default=0.0
        Share of products that carry another category's name, drawn evenly. Their
        number is exact, up to rounding.

    missing_title, missing_description, missing_image : float, default=0.0
        Share of products without a title, description or photo. Their numbers are
        exact, up to rounding, and the three are drawn independently.

    weights : array-like of shape (n_categories,), default=None
        Relative sizes of the categories, in the order of `target_names`. Numbers of
        products follow them as closely as whole products allow, at least two each.
        With None all categories are of one size.

    with_price : bool, default=True
        Whether there is a column `price`. It depends weakly on the category.

    image_size : int, default=48
        Height and width of the photos in pixels, at least 8.

    image_folder : str or path-like, default=None
        Folder to write the photos to, as `<id>.png`; it is made if need be, and
        files of these names are replaced. The column `image` then holds absolute
        paths. With None nothing is written and it holds arrays.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    random_state : int, RandomState instance or None, default=None
        Determines the catalogue. Pass an int for the same texts and pixels at each
        call. NumPy's and Python's global generators are neither read nor changed.

    Returns
    -------
    products : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes:

        data : DataFrame of shape (n_samples, 5)
            Columns `id`, `title`, `description`, `price` (with `with_price`) and
            `image`: arrays of shape (image_size, image_size, 3), dtype uint8, or
            paths. Missing texts and paths are NaN, missing arrays None.
        target : Series of shape (n_samples,)
            The category as the catalogue has it, with its errors.
        frame : DataFrame
            `data` and, as its last column `category`, `target`.
        target_names : list of str
            The categories, sorted.
        feature_names : list of str
            The columns of `data`.
        true_target : Series of shape (n_samples,)
            The category before `label_noise`.
        told_by : dict of str to {"text", "image", "both"}
            What each category can be told by.
        image_root : str or None
            `image_folder` as an absolute path.
        DESCR : str
            What this catalogue is.

    data, target : tuple of (DataFrame, Series)
        Only with ``return_X_y=True``.

    Raises
    ------
    ValueError
        If an argument is out of range.
    TypeError
        If an argument is of the wrong type.
    ImportError
        If Pillow is not installed.

    See Also
    --------
    load_products : Read a catalogue of your own.

    Notes
    -----
    With `k` categories of one size, `g` of which only photos tell, texts that know
    everything they can (``text_informativeness=1``) give an accuracy of
    ``(k - g + 1) / k``: 0.75 by default, since among the `g` one is guessed right.
    The same holds for photos with `n_text_only`.

    Each thing is drawn from a stream of its own: other values of `label_noise` or
    `missing_image` leave titles and pixels as they are, and a higher informativeness
    only changes products that it newly informs. Pixels are equal between machines as
    far as the versions of Pillow and NumPy are.

    Examples
    --------
    >>> from amzest.datasets import make_products
    >>> shop = make_products(24, image_size=16, random_state=0)
    >>> list(shop.data)
    ['id', 'title', 'description', 'price', 'image']
    >>> shop.data["image"][0].shape
    (16, 16, 3)
    >>> shop.told_by["Mugs"], shop.told_by["Books"], shop.told_by["Watches"]
    ('image', 'text', 'both')
    """
    import pandas as pd

    check_counts(n_samples, n_categories, image_size)
    n_text_only, n_image_only = split_roles(n_categories, n_text_only, n_image_only)
    for name, share in {
        "text_informativeness": text_informativeness,
        "image_informativeness": image_informativeness,
        "label_noise": label_noise,
        "missing_title": missing_title,
        "missing_description": missing_description,
        "missing_image": missing_image,
    }.items():
        check_share(name, share)
    require("PIL.Image", extra="image", purpose="make_products")
    streams = draw_streams(random_state)

    words = CATEGORIES[:n_categories]
    told_by = {
        w.name: "text"
        if i < n_text_only
        else "image"
        if i >= n_categories - n_image_only
        else "both"
        for i, w in enumerate(words)
    }
    order = sorted(words, key=lambda w: w.name)
    counts = share_out(n_samples, n_categories, weights)
    true = np.repeat(np.arange(n_categories), counts)
    streams["order"].shuffle(true)
    noisy = flip(true, n_categories, label_noise, streams["label_noise"])

    rows = _draw_rows(
        [order[i] for i in true],
        told_by=told_by,
        knows=(text_informativeness, image_informativeness),
        image_size=image_size,
        streams=streams,
    )
    n_digits = max(5, len(str(n_samples)))
    ids = [f"{i:0{n_digits}d}" for i in range(n_samples)]
    hidden = {
        column: pick(n_samples, share, streams[f"missing_{column}"])
        for column, share in (
            ("title", missing_title),
            ("description", missing_description),
            ("image", missing_image),
        )
    }
    folder = None if image_folder is None else Path(image_folder).absolute()
    photos = np.empty(n_samples, dtype=object)
    for i, photo in enumerate(rows["image"]):
        photos[i] = None if hidden["image"][i] else photo
    if folder is not None:
        photos = _write_photos(photos, ids, folder)

    columns: dict[str, Any] = {"id": pd.Series(ids, dtype="str")}
    for column in ("title", "description"):
        columns[column] = pd.Series(rows[column], dtype="str").mask(hidden[column])
    if with_price:
        columns["price"] = rows["price"]
    columns["image"] = pd.Series(photos, dtype=object if folder is None else "str")
    data = pd.DataFrame(columns)
    names = np.array([w.name for w in order], dtype=object)
    target = pd.Series(names[noisy], name="category", dtype="str")
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=data.assign(category=target),
        target_names=names.tolist(),
        feature_names=list(columns),
        true_target=pd.Series(names[true], name="category", dtype="str"),
        told_by=told_by,
        image_root=None if folder is None else str(folder),
        DESCR=_describe(n_samples, told_by),
    )


def _draw_rows(
    words: list[CategoryWords],
    *,
    told_by: dict[str, str],
    knows: tuple[float, float],
    image_size: int,
    streams: dict[str, np.random.RandomState],
) -> dict[str, list[Any]]:
    """Draw what each product has, before anything is hidden."""
    n = len(words)
    seeds = {
        stream: streams[stream].randint(2**31 - 1, size=n)
        for stream in ("product", "texts", "photos")
    }
    spread = streams["price"].standard_normal(n)
    rows: dict[str, list[Any]] = {c: [] for c in ("title", "description", "image")}
    for i, own in enumerate(words):
        product = Random(int(seeds["product"][i]))
        colour = product.choice(list(COLOURS))
        text_luck, image_luck = product.random(), product.random()
        text_tells = told_by[own.name] != "image" and text_luck < knows[0]
        image_tells = told_by[own.name] != "text" and image_luck < knows[1]
        title, description = write_texts(
            Random(int(seeds["texts"][i])), own if text_tells else None, colour
        )
        rows["title"].append(title)
        rows["description"].append(description)
        photo_rng = Random(int(seeds["photos"][i]))
        rows["image"].append(
            draw_photo(
                photo_rng,
                own.name if image_tells else None,
                COLOURS[colour],
                image_size,
            )
        )
    centre = np.log([w.price for w in words])
    # Half of the way to one common price, and a spread that hides most of the rest.
    log_price = 0.5 * (centre + np.log(25.0)) + 0.7 * spread
    rows["price"] = (np.ceil(np.exp(log_price)) - 0.01).round(2).tolist()
    return rows


def _write_photos(
    photos: NDArray[np.object_], ids: list[str], folder: Path
) -> NDArray[np.object_]:
    image = require("PIL.Image", extra="image", purpose="make_products")
    folder.mkdir(parents=True, exist_ok=True)
    paths = np.empty(len(photos), dtype=object)
    for i, photo in enumerate(photos):
        if photo is not None:
            path = folder / f"{ids[i]}.png"
            image.fromarray(photo).save(path)
            paths[i] = str(path)
    return paths


def _describe(n_samples: int, told_by: dict[str, str]) -> str:
    lines = [f"- {name}: told by {told}" for name, told in sorted(told_by.items())]
    return "\n".join(
        [
            "A catalogue drawn by amzest.datasets.make_products, nothing in it real.",
            "",
            f"{count(n_samples, 'product')} in {count(len(told_by), 'category')}:",
            "",
            *lines,
        ]
    )
