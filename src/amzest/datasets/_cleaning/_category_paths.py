"""Rules for category paths."""

from __future__ import annotations

import re

from amzest.datasets._cleaning._categories import CategoryMapping, category_key
from amzest.datasets._cleaning._clean_text import Changes, TextCleaner
from amzest.datasets._shared._schema import LEVEL_SEPARATOR, PATH_SEPARATOR

#: In the release of 2018, sentences of the product page follow the levels.
_SENTENCE = re.compile(r"(?:\S+ ){3,}\S+[.!?]")


class PathCleaner:
    """Cleans the cells of a column of category paths, each different level once."""

    def __init__(self, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        self._known: dict[str, tuple[str, Changes]] = {}

    def clean(self, paths: str) -> tuple[str, Changes]:
        """Clean each level and drop empty ones; return the changes of each rule."""
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
                # "</span></span></span>" separates the levels from the sentences.
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
    """Return the different top-level categories of paths, by their new names."""
    tops: dict[str, str] = {}
    for path in paths.split(PATH_SEPARATOR):
        name = mapping.find(path.partition(LEVEL_SEPARATOR)[0])
        if name:
            tops.setdefault(category_key(name), name)
    return list(tops.values())
