"""Check the docstrings of the public API against the numpydoc standard.

    python tools/check_docstrings.py

Public names are those in `__all__` of amzest and of its public packages, with the
methods that amzest defines. The checks are those of `[tool.numpydoc_validation]` in
pyproject.toml; classes (except exceptions) and functions must also have the sections
See Also and Examples. No framework is required: importing amzest loads none.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from numpydoc.hooks.validate_docstrings import parse_config
from numpydoc.validate import validate
from public_api import own_members, shortest_paths

ROOT = Path(__file__).resolve().parent.parent


def public_names() -> dict[str, bool]:
    """Return importable names, and whether each must have all sections."""
    names: dict[str, bool] = {}
    for path, thing in shortest_paths().items():
        if inspect.isfunction(thing):
            names[path] = True
        elif inspect.isclass(thing):
            names[path] = not issubclass(thing, BaseException)
            methods, properties = own_members(thing)
            names.update(dict.fromkeys((f"{path}.{m}" for m in methods), False))
            names.update(dict.fromkeys((f"{path}.{p}" for p in properties), False))
    return names


def main() -> int:
    checks = parse_config(ROOT)["checks"]
    names = public_names()
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
