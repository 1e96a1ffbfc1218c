"""Images in a folder with a folder for each category."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from amzest.datasets._image_sources._file_lists import IMAGE_EXTENSIONS
from amzest.utils import validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params(
    {
        "path": [str, os.PathLike],
        "image_column": [str],
        "category_column": [str],
        "absolute_images": ["boolean"],
    }
)
def read_image_folder(
    path: str | os.PathLike[str],
    *,
    image_column: str = "image",
    category_column: str = "category",
    absolute_images: bool = True,
) -> pd.DataFrame:
    """List the images in a folder that contains a folder for each category.

    Parameters
    ----------
    path : str or path-like
        Folder whose folders are named after the categories, such as ``Shoes/17.jpg``.

    image_column : str, default="image"
        Name of the column of paths.

    category_column : str, default="category"
        Name of the column of categories.

    absolute_images : bool, default=True
        Whether paths are absolute, or relative to `path`, for the `image_root` of image
        classifiers.

    Returns
    -------
    products : DataFrame
        One row for each file, sorted by path. Images are also found in folders within
        that of the category; links to folders are not followed.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no image in its folders.
    ValueError
        If a file is in none of the folders of categories.

    See Also
    --------
    read_image_shards : The same for tar files, which take fewer files.
    amzest.load_products : Load a table with the paths of images.

    Notes
    -----
    Files with the extension of a supported image format are listed, but not opened.
    Files and folders whose names begin with a dot are ignored.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from amzest.datasets import read_image_folder
    >>> folder = TemporaryDirectory()
    >>> for category in ("Shoes", "Toys"):
    ...     Path(folder.name, category).mkdir()
    ...     Image.new("RGB", (64, 64)).save(Path(folder.name, category, "1.png"))
    >>> read_image_folder(folder.name, absolute_images=False)
             image category
    0  Shoes/1.png    Shoes
    1   Toys/1.png     Toys
    >>> folder.cleanup()
    """
    import pandas as pd

    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise FileNotFoundError(f"`path` {str(root)!r} is not a folder.")
    images: list[str] = []
    categories: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = sorted(name for name in files if _is_image(name))
        relative = os.path.relpath(folder, root)
        if relative == os.curdir:
            if names:
                raise ValueError(
                    f"`path`: {str(root / names[0])!r} is in no folder of a category. "
                    "Move it into one, or load a table with load_products."
                )
            continue
        category = relative.split(os.sep)[0]
        start = folder if absolute_images else relative
        images += [os.path.join(start, name) for name in names]
        categories += [category] * len(names)
    if not images:
        raise FileNotFoundError(
            f"`path`: the folders in {str(root)!r} contain no image "
            f"({', '.join(sorted(IMAGE_EXTENSIONS))})."
        )
    return pd.DataFrame(
        {
            image_column: pd.Series(images, dtype="str"),
            category_column: pd.Series(categories, dtype="str"),
        }
    )


def _is_image(name: str) -> bool:
    return (
        not name.startswith(".") and name.rpartition(".")[2].lower() in IMAGE_EXTENSIONS
    )
