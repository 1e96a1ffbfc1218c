"""Load a model, or the metadata of its file."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from amzest.exceptions import InconsistentVersionWarning
from amzest.persistence._archive import METADATA, SCHEMA, check_size, open_archive
from amzest.persistence._audit import check_members, check_schema, check_sparse
from amzest.persistence._metadata import check_metadata
from amzest.persistence._skops import import_skops
from amzest.persistence._trusted_types import trusted_names
from amzest.utils import shown, shown_list

#: Metadata of a file is at most this large: 20,000 classes are 1 MB.
_MAX_METADATA = 2**26


def load(
    path: str | os.PathLike[str], *, trusted: Iterable[str | type] | None = None
) -> Any:
    """Load a model that `save` has saved, without running code from the file.

    Parameters
    ----------
    path : str or path-like
        The file.

    trusted : list of str or type, default=None
        Further types that may be in the file, as types or by their full names:
        classes and functions of other packages or of your own. Objects of these types
        are created with values from the file.

    Returns
    -------
    estimator or other result of amzest
        The model.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If the file contains types that are neither from amzest, scikit-learn or NumPy
        nor in `trusted`. They are named.
    ValueError
        If the file is not complete, was not written by `save`, or is of a version
        that cannot be read.

    Warns
    -----
    InconsistentVersionWarning
        If another version of amzest or scikit-learn has saved the model.

    See Also
    --------
    amzest.save : Save a model.
    amzest.persistence.read_metadata : Read the metadata of a file.

    Notes
    -----
    Before any object is created, the types in the file are compared with
    `trusted_types`, and its size with that of its unpacked content. Pickles are
    never read. A file that someone has manipulated can still contain a model that
    predicts something else, or whose predictions need much memory or time.

    Tree-based models of scikit-learn have to be trusted by name, because a manipulated
    one can crash the process.

    Examples
    --------
    >>> import amzest
    >>> model = amzest.load("model.amz")  # doctest: +SKIP
    """
    path = Path(path)
    names = _names(trusted)
    skops = import_skops("Loading a model with amzest.load")
    with open_archive(path) as (file, archive):
        try:
            metadata = check_metadata(read_json(archive, METADATA))
            _check_content(path, file, archive, names)
        except Exception as error:
            raise ValueError(error_message(path, error)) from error
        return _construct(skops, path, file, metadata, names)


def _construct(
    skops: Any, path: Path, file: IO[bytes], metadata: dict[str, Any], names: set[str]
) -> Any:
    """Let skops compare the types and create the model."""
    from skops.io.exceptions import UntrustedTypesFoundException

    allowed = sorted(names | trusted_names())
    try:
        file.seek(0)
        model = skops.load(file, trusted=allowed)
    except UntrustedTypesFoundException as error:
        file.seek(0)
        found = set(skops.get_untrusted_types(file=file)) - set(allowed)
        raise TypeError(_untrusted_message(path, found)) from error
    except Warning:  # warnings that are errors
        raise
    except Exception as error:
        raise ValueError(error_message(path, error, metadata)) from error
    _warn_of_version(model, metadata)
    return model


def _names(trusted: Iterable[str | type] | None) -> set[str]:
    if isinstance(trusted, str | bool | type):
        raise TypeError(
            f"`trusted` must be a list of types or of their names, got "
            f"{shown(trusted)}."
        )
    names = set()
    for item in trusted or ():
        if not (isinstance(item, str) or hasattr(item, "__module__")):
            raise TypeError(
                f"`trusted` must contain types or their names, got {shown(item)}."
            )
        name = item if isinstance(item, str) else f"{item.__module__}.{item.__name__}"
        names.add(name)
    return names


def read_json(archive: zipfile.ZipFile, name: str) -> Any:
    if name == METADATA and archive.getinfo(name).file_size > _MAX_METADATA:
        raise ValueError(f"its member {name} is too large")
    return json.loads(archive.read(name))


def _check_content(
    path: Path, file: IO[bytes], archive: zipfile.ZipFile, names: set[str]
) -> None:
    schema = read_json(archive, SCHEMA)
    check_schema(schema, names)
    nested = check_members(schema, archive)
    check_size(path, nested, os.fstat(file.fileno()).st_size)
    check_sparse(schema, archive)


def error_message(
    path: Path, error: BaseException, metadata: dict[str, Any] | None = None
) -> str:
    reason = str(error) or type(error).__name__
    if "pickle" in reason:  # NumPy recommends to allow it
        reason = "an array in it is a pickle, which can run code and is not read"
    if reason.startswith(str(path)):
        return reason
    text = f"{path} cannot be loaded: {reason.rstrip('.')}."
    saved_by = dict((metadata or {}).get("versions") or {})
    if saved_by:
        listed = ", ".join(f"{name} {saved_by[name]}" for name in sorted(saved_by))
        text += f" It was saved by {listed}."
    return f"{text} Save the model again, or load it with the versions that saved it."


def _untrusted_message(path: Path, found: set[str]) -> str:
    text = (
        f"{path} contains {shown_list(sorted(found))}, which are not types of amzest, "
        "scikit-learn or NumPy that are known to be safe. If you trust the file and "
        f"know them, pass trusted={sorted(found)!r}."
    )
    if any(name.endswith(("Tree", "TreePredictor")) for name in found):
        text += " A manipulated tree can crash the process when it predicts."
    return text


def _warn_of_version(model: Any, metadata: dict[str, Any]) -> None:
    """Warn of another version of amzest, if the model has no version of its own.

    Estimators of amzest and of scikit-learn warn by themselves.
    """
    from amzest.utils._saved_state import package_version

    saved_by = dict(metadata.get("versions") or {}).get("amzest")
    of_amzest = type(model).__module__.partition(".")[0] == "amzest"
    if of_amzest and not hasattr(model, "get_params") and saved_by != package_version():
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=type(model).__name__,
                current_version=package_version(),
                original_version=saved_by,
            ),
            stacklevel=4,
        )
