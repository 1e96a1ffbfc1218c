"""A table, and a model that was fitted on it from the command line."""

import pytest

from amzest.cli import main

TITLES = ["red running shoe", "leather boot", "garden hose", "steel spade"]
CATEGORIES = ["shoes", "shoes", "garden", "garden"]


def write_table(path, n_rows=40):
    lines = ["id,title,description,category"]
    for i in range(n_rows):
        description = "" if i % 3 else "very good"
        lines.append(f"{i:03d},{TITLES[i % 4]} {i},{description},{CATEGORIES[i % 4]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="session")
def write_products():
    return write_table


@pytest.fixture(scope="session")
def products(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("shop") / "products.csv")


@pytest.fixture(scope="session")
def model(products, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("models") / "model.amz")
    call = ["fit", products, "--target", "category", "--model", "linear", "--quiet"]
    assert main([*call, "--set", "C=1.0", "--out", out]) == 0
    return out


@pytest.fixture
def run(capsys):
    """Run a command; return its exit code, standard output and standard error."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
