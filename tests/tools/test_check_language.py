"""The language check finds every term of its list, in every kind of text."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from check_language import RULES, Rules, check_text, compiled, read_rules

ROWS = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
EVERY_RULE = pytest.mark.parametrize("row", ROWS, ids=lambda row: row["write"])
SCRIPT = RULES.with_name("check_language.py")


def lines_found(source, name="module.py"):
    """Return the lines on which the rules of the project find something."""
    return [finding.line for finding in check_text(Path(name), source, *read_rules())]


@EVERY_RULE
def test_rule_finds_its_own_sentence(row):
    rules = Rules([(compiled(row["pattern"]), row["write"])], {})
    found = check_text(Path("page.md"), row["wrong"], rules, [])
    assert [finding.write for finding in found][:1] == [row["write"]]


@EVERY_RULE
def test_rule_finds_its_parts_of_identifiers(row):
    for name in row.get("names", []):
        for identifier in (name, f"n_{name}_kept", f"Some{name.capitalize()}Name"):
            assert lines_found(f"\n{identifier} = 1\n") == [2], identifier


@EVERY_RULE
def test_no_rule_finds_the_standard_sentence(row):
    assert lines_found(row["right"], "page.md") == []
    assert lines_found(row["write"], "page.md") == []


@pytest.mark.parametrize(
    "source",
    [
        '\n"""The mended text."""\n',
        '\ndef f():\n    """Docstring.\n\n    Mended text.\n    """\n',
        "\nx = 1  # a mended text\n",
        "\n# a mended text\n",
        "\nraise ValueError('a mended text')\n",
        '\nraise ValueError(f"{n} mended texts")\n',
        '\nx = "first\\nmended"\n',
        "\nmended = 1\n",
        "\nx.mended_texts()\n",
        "\nf(mended=1)\n",
        "\nclass MendedText: pass\n",
        '\nx = "see `_mended_texts`"\n',
    ],
)
def test_python_text_of_every_kind_is_checked(source):
    found = check_text(Path("module.py"), source, *read_rules())
    assert len(found) == 1
    assert "mended" in found[0].found.lower()
    assert found[0].line == (5 if "Docstring" in source else 2)


@pytest.mark.parametrize(
    "name",
    ["page.rst", "page.md", "data.toml", "checks.yml", "CITATION.cff", "Makefile"],
)
def test_other_files_are_checked_whole(name):
    assert lines_found("A line.\nA mended text.\n", name) == [2]


def test_name_of_the_file_is_checked():
    assert lines_found("x = 1\n", "test_mended_texts.py") == [1]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""Rows with nothing\nto read."""\n', 1),
        ("# Rows with nothing\n# to read.\n", 1),
        ("if x:\n    # Then rows with nothing\n    # to read.\n    pass\n", 2),
        ('f(\n    "Rows with nothing "\n    "to read."\n)\n', 2),
    ],
)
def test_phrase_may_be_wrapped(source, line):
    assert lines_found(source) == [line]


def test_separate_strings_are_not_joined():
    assert lines_found('f("Rows with nothing", "to read.")\n') == []


def test_line_is_that_of_the_word():
    source = 'def f():\n    """First.\n\n    A mended text.\n    """\n'
    assert lines_found(source) == [4]


def test_literal_data_is_exempted_by_a_comment():
    marked = 'x = "mended trousers"  # language: ok\ny = "mended trousers"\n'
    assert lines_found(marked) == [2]
    between = "# language: off\nx = 'mended'\n# language: on\ny = 'mended'\n"
    assert lines_found(between) == [4]
    page = ".. language: off\n\nmended\n\n.. language: on\n\nmended\n"
    assert lines_found(page, "page.rst") == [7]
    page = "<!-- language: off -->\nmended\n<!-- language: on -->\nmended\n"
    assert lines_found(page, "page.md") == [4]


def test_command_shows_file_line_and_standard_term(tmp_path):
    file = tmp_path / "page.md"
    file.write_text("# Title\n\nIts photo.\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == f'{file}:3: "photo": write "image"\n'
    file.write_text("# Title\n\nIts image.\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, SCRIPT, file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_command_fails_where_it_checks_no_file(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, check=False
    )
    assert done.returncode == 1
