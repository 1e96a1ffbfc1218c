"""The contract against import cycles notices one, wherever it is."""

import ast
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = ROOT / ".venv-lint" / "bin" / "python"
#: The environment of `make lint` has import-linter, that of `make test` need not.
PYTHON = sys.executable if find_spec("importlinter") else str(LINT)

needs_import_linter = pytest.mark.skipif(
    str(LINT) == PYTHON and not LINT.exists(), reason="needs import-linter"
)


def contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next(c for c in contracts if c["type"] == "acyclic_siblings")


def check(folder, modules):
    """Check a package called amzest that has these modules."""
    for name, text in modules.items():
        file = folder / "amzest" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        for parent in list(file.relative_to(folder).parents)[:-1]:
            (folder / parent / "__init__.py").touch()
    found = contract()
    (folder / ".importlinter").write_text(
        "[importlinter]\nroot_package = amzest\n"
        "[importlinter:contract:acyclic]\nname = acyclic\n"
        f"type = {found['type']}\nancestors = {found['ancestors'][0]}\n"
        f"depth = {found['depth']}\n"
    )
    code = "from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run(
        [PYTHON, "-c", code, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
    )


def test_contract_covers_all_packages():
    assert contract()["ancestors"] == ["amzest"]


@needs_import_linter
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from amzest.text.deep import _b", "from amzest.text.deep import _a"),
        ("def f():\n    from amzest.text.deep import _b", "import amzest.text.deep._a"),
        (
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from amzest.text.deep import _b",
            "from amzest.text.deep import _a",
        ),
    ],
    ids=["module level", "late import", "type checking"],
)
def test_cycle_inside_a_package_is_noticed(tmp_path, first, second):
    run = check(
        tmp_path, {"text/deep/_a.py": first + "\n", "text/deep/_b.py": second + "\n"}
    )
    assert run.returncode != 0
    assert "No cycles are allowed in amzest.text.deep" in run.stdout


@needs_import_linter
def test_package_without_cycles_passes(tmp_path):
    run = check(
        tmp_path,
        {"text/deep/_a.py": "from amzest.text.deep import _b\n", "text/deep/_b.py": ""},
    )
    assert run.returncode == 0, run.stdout + run.stderr


def imports_of_own_package(file):
    """Return names that a module imports from a package that contains it."""
    packages = [".".join(p.parts) for p in file.relative_to(ROOT / "src").parents]
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module in packages
        for alias in node.names
        if not (ROOT / "src" / node.module.replace(".", "/") / alias.name).is_dir()
        and not (
            ROOT / "src" / node.module.replace(".", "/") / f"{alias.name}.py"
        ).exists()
    ]


def test_no_module_imports_from_a_package_that_imports_it():
    # The contract compares siblings; a package and a module in it are none.
    files = [
        file
        for file in (ROOT / "src" / "amzest").rglob("*.py")
        if file.name not in ("__init__.py", "__main__.py")
    ]
    assert len(files) > 100
    found = {
        str(file): names for file in files if (names := imports_of_own_package(file))
    }
    assert found == {}
