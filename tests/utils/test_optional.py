"""A missing package ends in a message that says what to type."""

import pytest

from amzest.utils import require


def test_missing_package_names_class_package_and_extra():
    message = r'MyClass needs no_such_package.*pip install "amzest\[text\]"'
    with pytest.raises(ImportError, match=message):
        require("no_such_package.part", extra="text", purpose="MyClass")


def test_package_that_is_there_is_returned():
    assert require("json.decoder", extra="text", purpose="x").JSONDecoder
