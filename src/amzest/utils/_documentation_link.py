"""Links from the HTML diagrams of estimators to their documentation."""

from __future__ import annotations

import sys

#: Address of the published documentation.
DOCUMENTATION_URL = "https://amzest.readthedocs.io/en/stable"


class DocumentationLinkMixin:
    """Link the HTML diagram of a public estimator to its documentation page.

    scikit-learn fills in the template. It gives no link to classes of other packages,
    such as a user's subclass.
    """

    _doc_link_module = "amzest"
    _doc_link_template = f"{DOCUMENTATION_URL}/api/generated/{{name}}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        # A page has the name of the shortest import path of its class. This layer may
        # not import amzest itself, which is in `sys.modules` by now.
        name = type(self).__name__
        package = "amzest"
        if getattr(sys.modules[package], name, None) is not type(self):
            package = ".".join(type(self).__module__.split(".")[:2])
        return {"name": f"{package}.{name}"}
