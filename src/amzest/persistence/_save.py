"""Save a fitted model in a file that runs no code when it is loaded."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from amzest.persistence._archive import METADATA, SCHEMA, write_archive
from amzest.persistence._metadata import build_metadata
from amzest.persistence._schema import nodes_in, rewrite_schema, type_name
from amzest.persistence._skops import import_skops
from amzest.persistence._trusted_types import trusted_names
from amzest.utils import shown, shown_list

_PURPOSE = "Saving a model with amzest.save"


def save(
    model: Any,
    path: str | os.PathLike[str],
    *,
    description: str | None = None,
    data: Any = None,
    scores: Any = None,
) -> Path:
    """Save a fitted model in a file that runs no code when it is loaded.

    The file is written by skops. It consists of arrays, plain values and the names of
    types, and of metadata that `read_metadata` reads without loading the model.

    Parameters
    ----------
    model : estimator or other result of amzest
        Any fitted estimator of amzest or scikit-learn, alone or in pipelines and
        ensembles, or the result of a comparison.

    path : str or path-like
        The file; the usual suffix is ".amz". An existing file is replaced, when the
        new one is complete.

    description : str, default=None
        What the model is for, for the metadata and `model_card`.

    data : table, array-like, str or dict, default=None
        The samples of the fit, of which the number of rows and the columns with their
        missing fraction are stored, or a description, or values that JSON can write.

    scores : ClassifierComparison, CrossFit, DataFrame, dict or array, default=None
        Scores for the metadata. A dict has a number, a tuple (value, low, high) or the
        scores of the folds for each metric, as :func:`sklearn.model_selection.\
cross_validate` returns them; an array has the scores of the folds.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If a part of the model cannot be saved, such as an open file or a lambda.
    FileNotFoundError
        If the folder does not exist.

    See Also
    --------
    amzest.load : Load the file.
    amzest.persistence.model_card : Describe the model in Markdown.

    Notes
    -----
    Types that are not from amzest, scikit-learn or NumPy can be saved as well, if
    skops can write them. They have to be named to `load`, and are listed in the
    metadata as "foreign_types".

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import amzest
    >>> titles = ["red shoe", "old boot", "garden hose", "steel spade"] * 4
    >>> model = amzest.TextLinearClassifier(random_state=0)
    >>> _ = model.fit(titles, ["shoes", "shoes", "garden", "garden"] * 4)
    >>> with TemporaryDirectory() as folder:
    ...     path = amzest.save(model, Path(folder, "model.amz"))
    ...     amzest.load(path).predict(["blue boot"]).item()
    'shoes'
    """
    path = Path(path)
    if not isinstance(description, str | None):
        raise TypeError(f"`description` must be a str, got {shown(description)}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"`path` is {shown(str(path), 200)}: there is no folder {path.parent}."
        )
    if isinstance(model, BaseEstimator):
        check_is_fitted(model)
    schema, members = _dump(model)
    types = {type_name(node) for node in nodes_in(schema)}
    metadata = build_metadata(
        model, types, description=description, data=data, scores=scores
    )
    content = {SCHEMA: _as_json(schema), **members}
    metadata["foreign_types"] = _foreign_types(model, content)
    write_archive(path, {METADATA: _as_json(metadata, indent=1), **content})
    return path


def _as_json(value: Any, indent: int | None = None) -> bytes:
    separators = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, separators=separators).encode()


def _dump(model: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the rewritten schema of skops and its files by their new names."""
    skops = import_skops(_PURPOSE)
    buffer = io.BytesIO()
    try:
        skops.dump(model, buffer)
        with zipfile.ZipFile(buffer) as archive:
            schema = json.loads(archive.read(SCHEMA))
            names = rewrite_schema(schema)
            return schema, {new: archive.read(old) for old, new in names.items()}
    except RecursionError as error:
        raise TypeError(
            f"{type(model).__name__} cannot be saved: an object contains itself."
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TypeError(
            f"{type(model).__name__} cannot be saved: {error} Replace the parameter "
            "or member that contains it, or save the model with joblib.dump, whose "
            "files can run code when they are loaded."
        ) from error


def _foreign_types(model: Any, content: dict[str, bytes]) -> list[str]:
    """Return the types that `load` does not trust; raise if one has no name."""
    skops = import_skops(_PURPOSE)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    found = sorted(
        set(skops.get_untrusted_types(data=buffer.getvalue())) - trusted_names()
    )
    unnamed = [name for name in found if not _has_name(name)]
    if unnamed:
        raise TypeError(
            f"{type(model).__name__} cannot be saved, because it contains "
            f"{shown_list(unnamed)}, which cannot be imported by name: a lambda, or a "
            "function or class inside of another. Define it in a module."
        )
    return found


def _has_name(name: str) -> bool:
    """Return whether a full name, of a type or of a method of one, can be imported."""
    module, _, rest = name.rpartition(".")
    while module and module not in sys.modules:
        module, _, first = module.rpartition(".")
        rest = f"{first}.{rest}"
    value: Any = sys.modules.get(module)
    for part in rest.split("."):
        value = getattr(value, part, None)
    return value is not None
