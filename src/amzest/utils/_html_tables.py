"""Tables as HTML, by pandas, with what accessibility needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def table_as_html(frame: pd.DataFrame, caption: str, **options: Any) -> str:
    """Return a table as HTML below a caption element; `options` are for `to_html`."""
    import pandas as pd

    # A long cell is not shortened, and dollar signs in texts are not formulas.
    shown = ("display.max_colwidth", None, "display.html.use_mathjax", False)
    with pd.option_context(*shown):
        head, body = frame.to_html(border=0, **options).split("<tbody>")
    # pandas writes neither a caption nor what a heading belongs to.
    head = head.replace("<thead>", f"{caption}<thead>")
    head = head.replace("<th>", '<th scope="col">')
    body = body.replace("<th>", '<th scope="row">')
    return f"{head}<tbody>{body}"
