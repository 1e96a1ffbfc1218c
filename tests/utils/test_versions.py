"""The versions of installed packages."""

import numpy as np

from amzest.utils import installed_versions


def test_packages_that_are_not_installed_have_no_version():
    assert installed_versions(["numpy", "not-an-installed-package"]) == {
        "numpy": np.__version__
    }
    assert installed_versions([]) == {}
