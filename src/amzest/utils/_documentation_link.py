"""Where an estimator is documented: its HTML diagram links there."""

from __future__ import annotations

import sys

#: Root of the published documentation.
DOCUMENTATION_URL = "https://amzest.readthedocs.io/en/stable"


class DocumentationLinkMixin:
    """Link the HTML diagram of a public estimator to its page.

    scikit-learn fills the template in and leaves classes of other packages, such as a
    user's subclass, without a link.

    Examples
    --------
    >>> from amzest import ColumnSelector
    >>> ColumnSelector("title")._get_doc_link()
    'https://amzest.readthedocs.io/en/stable/api/generated/amzest.ColumnSelector.html'
    """

    _doc_link_module = "amzest"
    _doc_link_template = f"{DOCUMENTATION_URL}/api/generated/{{name}}.html"

    def _doc_link_url_param_generator(self) -> dict[str, str]:
        # A page is named by the shortest path that its class can be imported from. This
        # floor imports no higher one; the package itself is there in any case.
        name = type(self).__name__
        package = "amzest"
        if getattr(sys.modules[package], name, None) is not type(self):
            package = ".".join(type(self).__module__.split(".")[:2])
        return {"name": f"{package}.{name}"}
