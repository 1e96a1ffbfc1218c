"""The rules for the paths of categories that a product stands under."""

from __future__ import annotations

import re

from amzest.datasets._cleaning._categories import CategoryMapping, category_key
from amzest.datasets._cleaning._clean_text import Changes, TextCleaner
from amzest.datasets._shared._schema import LEVEL_SEPARATOR, PATH_SEPARATOR

#: In the release of 2018 bullet points of the product page follow the levels.
_SENTENCE = re.compile(r"(?:\S+ ){3,}\S+[.!?]")


class PathCleaner:
    """Cleans the paths of one cell after the other.

    Parameters
    ----------
    cleaner : TextCleaner
        Cleans a level.
    """

    def __init__(self, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        self._known: dict[str, tuple[str, Changes]] = {}

    def clean(self, paths: str) -> tuple[str, Changes]:
        """Clean each level, and leave out what is none.

        Parameters
        ----------
        paths : str
            Levels joined by " > ", paths joined by line breaks.

        Returns
        -------
        cleaned : str
            The paths in the same form; empty when nothing is left.
        changes : dict of str to (str, str)
            For each rule that changed something the text before and after it.
        """
        changes: Changes = {}
        while True:
            start = paths
            lines = paths.split(PATH_SEPARATOR)
            cleaned = [self._clean_path(path, changes) for path in lines]
            paths = PATH_SEPARATOR.join(filter(None, cleaned))
            if paths == start:
                return paths, changes
            if not changes:
                changes["white space"] = (start, paths)

    def _clean_path(self, path: str, changes: Changes) -> str:
        kept: list[str] = []
        for level in path.split(LEVEL_SEPARATOR):
            cleaned, found = self._clean_level(level)
            if kept and (
                _SENTENCE.fullmatch(cleaned) or (not cleaned and "tags" in found)
            ):
                # "</span></span></span>" is where the levels end and the rest begins.
                shortened = LEVEL_SEPARATOR.join(kept)
                changes.setdefault("bullet points", (path, shortened))
                return shortened
            for rule, change in found.items():
                changes.setdefault(rule, change)
            if cleaned:
                kept.append(cleaned)
        return LEVEL_SEPARATOR.join(kept)

    def _clean_level(self, level: str) -> tuple[str, Changes]:
        found = self._known.get(level)
        if found is None:
            changed = self._cleaner.is_suspicious(level)
            found = self._cleaner.clean(level) if changed else (level, {})
            self._known[level] = found
        return found


def top_categories(paths: str, mapping: CategoryMapping) -> list[str]:
    """Give the different top categories that paths start from.

    Parameters
    ----------
    paths : str
        Cleaned paths.

    mapping : CategoryMapping
        Gives the names; what has none in it does not count.

    Returns
    -------
    list of str
        New names, in the order of the paths.
    """
    tops: dict[str, str] = {}
    for path in paths.split(PATH_SEPARATOR):
        name = mapping.find(path.partition(LEVEL_SEPARATOR)[0])
        if name:
            tops.setdefault(category_key(name), name)
    return list(tops.values())
