"""Check the docstrings of the public API against the numpydoc standard.

    python tools/check_docstrings.py

Public is what the `__all__` of amzest and of its public packages names, with the
methods that amzest wrote. The checks are those of `[tool.numpydoc_validation]` in
pyproject.toml; classes (but not exceptions) and functions need the sections See Also
and Examples as well. No framework is needed: importing amzest loads none.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from numpydoc.hooks.validate_docstrings import parse_config
from numpydoc.validate import validate

ROOT = Path(__file__).resolve().parent.parent
# Floors of the house that users do not enter.
INTERNAL = {"amzest.neural", "amzest.utils"}


def public_modules(package: str) -> Iterator[str]:
    """Yield a package and the public packages in it."""
    module = importlib.import_module(package)
    yield package
    for found in pkgutil.iter_modules(module.__path__, f"{package}."):
        private = found.name.rpartition(".")[2].startswith("_")
        if found.ispkg and not private and found.name not in INTERNAL:
            yield from public_modules(found.name)


def written_here(thing: object) -> bool:
    """Tell whether a class, function or method stands in the project's source."""
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "amzest"


def public_names(package: str) -> dict[str, bool]:
    """Return importable names, and whether each must have all sections."""
    names: dict[str, bool] = {}
    seen: set[object] = set()
    for module_name in public_modules(package):
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            is_class = inspect.isclass(thing)
            if not (is_class or inspect.isfunction(thing)) or thing in seen:
                continue
            seen.add(thing)
            is_error = is_class and issubclass(thing, BaseException)
            names[f"{module_name}.{name}"] = not is_error
            for method, member in inspect.getmembers(thing) if is_class else ():
                if isinstance(member, property):
                    here = written_here(member.fget)
                else:
                    here = callable(member) and written_here(member)
                if here and not method.startswith("_"):
                    names[f"{module_name}.{name}.{method}"] = False
    return names


def main() -> int:
    checks = parse_config(ROOT)["checks"]
    names = public_names("amzest")
    found = 0
    for name, all_sections in names.items():
        wanted = checks | {"EX01", "SA01"} if all_sections else checks
        report = validate(name)
        for code, message in report["errors"]:
            if code in wanted:
                found += 1
                place = f"{report['file']}:{report['file_line']}"
                print(f"{place}: {name}: {code} {message}")
    print(f"{len(names)} public docstrings, {found} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
