"""Estimators that declare their parameters once, as the fields of a dataclass."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass, field, is_dataclass
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

#: Order of the sections of a class docstring, as numpydoc prescribes it.
_SECTIONS = (
    "Parameters",
    "Attributes",
    "See Also",
    "Notes",
    "References",
    "Examples",
)

_TOPICS = "Parameters by topic:"


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
def estimator_dataclass(estimator: type[T]) -> type[T]:
    """Generate `__init__` from the annotated parameters; complete the docstring.

    Parameters and their defaults are inherited as in every dataclass, and so is what
    the base classes document: a subclass documents only what it adds or changes, and
    `help` shows the whole. Defaults are filled in. An explicit `__init__` is kept.

    Parameters
    ----------
    estimator : type
        Class derived from one of the base classes of amzest. Its annotated class
        attributes are its parameters, except those annotated as ``ClassVar``.
        ``field(default=..., init=False)`` turns an inherited parameter into a constant.

    Returns
    -------
    type
        The same class.

    See Also
    --------
    dataclasses.dataclass : Used to generate `__init__`.

    Examples
    --------
    >>> from amzest.text import TextCNNClassifier, estimator_dataclass
    >>> @estimator_dataclass
    ... class WideTextCNNClassifier(TextCNNClassifier):
    ...     n_filters: int = 256
    >>> WideTextCNNClassifier().get_params()["n_filters"]
    256
    """
    documentation = vars(estimator).get("__doc__")
    generated = "__init__" not in vars(estimator)
    dataclass(kw_only=True, eq=False, repr=False, match_args=False)(estimator)
    if documentation is None:  # also with `python -OO`
        return estimator
    sections = _inherit(estimator, _split_sections(documentation))
    estimator.__doc__ = _join_sections(sections)
    if generated:
        documented = list(_split_entries(sections["Parameters"]))
        _order_signature(estimator.__init__, documented)
    return estimator


def _split_sections(documentation: str) -> dict[str, str]:
    """Return the sections by title; the text above the first one has the title ""."""
    parts = re.split(r"^(.+)\n-{3,}$", inspect.cleandoc(documentation), flags=re.M)
    titles, bodies = ["", *parts[1::2]], parts[::2]
    return {t: body.strip("\n") for t, body in zip(titles, bodies, strict=True)}


def _join_sections(sections: dict[str, str]) -> str:
    """Return the docstring, indented as in a source file."""
    parts = [sections[""]]
    for title in _SECTIONS:
        if sections.get(title):
            parts.append(f"{title}\n{'-' * len(title)}\n{sections[title]}")
    indented = textwrap.indent("\n\n".join(parts), "    ").strip()
    return f"{indented}\n    "


def _split_entries(section: str) -> dict[str, str]:
    """Return the entries of a list of parameters or attributes by name."""
    entries = re.split(r"\n+(?=\S)", section)
    return {entry.partition(" : ")[0]: entry for entry in entries if entry}


def _inherit(cls: Any, sections: dict[str, str]) -> dict[str, str]:
    """Complete the sections of a class by those of the dataclass it is derived from."""
    base = next((base for base in cls.__bases__ if is_dataclass(base)), None)
    inherited = _split_sections((base and base.__doc__) or "")
    for title in ("Parameters", "Attributes"):
        own = _split_entries(sections.get(title, ""))
        before = _split_entries(inherited.get(title, ""))
        added = {name: entry for name, entry in own.items() if name not in before}
        sections[title] = "\n\n".join((added | before | own).values())
    notes = [
        sections.get("Notes", ""),
        inherited.get("Notes", "").partition(_TOPICS)[0],
    ]
    signature = inspect.signature(cls).parameters
    entries = _split_entries(sections["Parameters"])
    names = [name for name in entries if name in signature]
    names.sort(key=lambda name: signature[name].kind)  # positional ones come first
    parameters = {
        name: _with_default(entries[name], signature[name].default) for name in names
    }
    sections["Parameters"] = "\n\n".join(parameters.values())
    notes.append(_list_topics(cls, list(parameters)))
    sections["Notes"] = "\n\n".join(note.strip("\n") for note in notes if note.strip())
    return sections


def _with_default(entry: str, default: Any) -> str:
    """Put the actual default at the end of an entry's first line."""
    header, *description = entry.split("\n")
    header = header.partition(", default=")[0]
    if default is not inspect.Parameter.empty:
        shown = f'"{default}"' if isinstance(default, str) else repr(default)
        header += f", default={shown}"
    return "\n".join([header, *description])


def _list_topics(cls: Any, parameters: list[str]) -> str:
    """List the parameters by topic; a topic starts at the parameter that names it."""
    topic, topics = "Network", dict[str, list[str]]()
    for name in parameters:
        topic = cls._parameter_topics.get(name, topic)
        topics.setdefault(topic, []).append(f"`{name}`")
    lines = [
        textwrap.fill(f"- {topic}: {', '.join(names)}", 84, subsequent_indent="  ")
        for topic, names in topics.items()
    ]
    return "\n".join([_TOPICS, "", *lines])


def _order_signature(init: Any, documented: list[str]) -> None:
    """Show the parameters in the order of the docstring: those of the class first."""
    signature = inspect.signature(init)
    place = {name: i for i, name in enumerate(["self", *documented])}
    parameters = signature.parameters.values()
    init.__signature__ = signature.replace(
        # Positional parameters have to come first.
        parameters=sorted(parameters, key=lambda p: (p.kind, place.get(p.name, 0)))
    )
