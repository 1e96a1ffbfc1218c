"""The error for a missing package names the command that installs it."""

import pytest

from amzest.utils import check_installed, require


def test_missing_package_names_class_package_and_extra():
    message = r'MyClass needs no_such_package.*pip install "amzest\[text\]"'
    with pytest.raises(ImportError, match=message):
        require("no_such_package.part", extra="text", purpose="MyClass")


def test_package_that_is_there_is_returned():
    assert require("json.decoder", extra="text", purpose="x").JSONDecoder


def test_check_installed_imports_nothing():
    import sys

    sys.modules.pop("this", None)
    check_installed("this", extra="text", purpose="x")
    assert "this" not in sys.modules
    with pytest.raises(ImportError, match=r"MyClass needs nothing_here"):
        check_installed("nothing_here", extra="image", purpose="MyClass")
