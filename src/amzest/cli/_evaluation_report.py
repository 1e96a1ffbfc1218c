"""The report of an evaluation: one HTML file with figures, without other files."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.cli._evaluation import Evaluation
from amzest.cli._scores import Scores
from amzest.utils import require, table_as_html

if TYPE_CHECKING:
    import pandas as pd

#: More categories than that are illegible in a confusion matrix.
_MAX_MATRIX = 40
_N_ERRORS = 50
_MAX_TITLE = 300
_DPI = 110
_STYLE = """\
body {font-family: system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; line-height: 1.5; color: #222; background: #fff}
table {border-collapse: collapse; margin: 1rem 0}
th, td {padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #ddd}
caption {text-align: left; padding-bottom: .4rem}
figure {margin: 1rem 0} img {max-width: 100%; height: auto}
.wide {overflow-x: auto}
"""


def write_report(
    path: Path, evaluation: Evaluation, scores: Scores, target_precision: float
) -> None:
    """Write the report."""
    require("matplotlib", extra="plot", purpose="The report of amzest evaluate")
    if "matplotlib.pyplot" not in sys.modules:
        import matplotlib

        matplotlib.use("Agg")  # a report needs no window
    sections = [
        _summary(evaluation, scores),
        *_figures(evaluation, target_precision),
        _errors(evaluation),
    ]
    title = escape(f"Evaluation of {Path(evaluation.model).name}")
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1>{''.join(sections)}</body></html>"
    )
    # Half characters of titles of a Parquet file cannot be encoded.
    path.write_bytes(page.encode("utf-8", "replace"))


def _summary(evaluation: Evaluation, scores: Scores) -> str:
    n = len(evaluation.rows)
    sample = "" if n == evaluation.n_rows else f" of {evaluation.n_rows:,}, sampled"
    facts = {
        "model": evaluation.model,
        "table": evaluation.table,
        "rows": f"{n:,}{sample}",
        "errors": f"{scores.n_errors:,}",
        "rows without text and image": f"{scores.n_missing:,}",
        **{score.label: score.as_text() for score in scores.scores},
        "written": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "by": f"amzest {version('amzest')}",
    }
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    note = "In parentheses: 95% confidence intervals."
    return f"<table><caption>{note}</caption><tbody>{rows}</tbody></table>"


def _figures(evaluation: Evaluation, target_precision: float) -> Iterator[str]:
    """Yield the sections with figures."""
    from amzest.evaluation import (
        CategoryScoresDisplay,
        TopConfusionsDisplay,
    )

    truth = evaluation.y_true
    predicted = evaluation.predictions.categories.tolist()
    names = {*map(str, truth), *map(str, predicted)}
    if len(names) <= _MAX_MATRIX:
        yield _section(
            "Confusion matrix",
            lambda: _confusion_matrix(truth, predicted, sorted(names)),
            "Rows are the categories of the table, columns the predicted ones.",
        )
    scores = CategoryScoresDisplay.from_predictions(truth, predicted)
    yield _section(
        "Scores of the categories",
        lambda: scores,
        "Precision, recall and F1 of each category, with 95% confidence intervals.",
    ) + _frame(scores.frame().round(3), "The scores of all categories.")
    yield _section(
        "Most frequent confusions",
        lambda: TopConfusionsDisplay.from_predictions(
            truth, predicted, titles=_short_titles(evaluation)
        ),
        "Pairs of categories that are confused most often, with examples.",
    )
    yield from _figures_of_proba(evaluation, target_precision)


def _figures_of_proba(evaluation: Evaluation, target_precision: float) -> Iterator[str]:
    """Yield the figures that need the probability of the true category."""
    from amzest.evaluation import CoveragePrecisionDisplay, ReliabilityDisplay

    truth, proba = evaluation.y_true, evaluation.predictions.proba
    classes = evaluation.classes
    rows = [i for i, code in enumerate(evaluation.codes) if code >= 0]
    if not rows:
        return
    truth, proba = [truth[i] for i in rows], proba[rows]
    yield _section(
        "Calibration",
        lambda: ReliabilityDisplay.from_predictions(truth, proba, classes=classes),
        "Of predictions with a probability of 0.9, nine out of ten should be correct.",
    )
    yield _section(
        "Review curve",
        lambda: CoveragePrecisionDisplay.from_predictions(
            truth, proba, classes=classes, target_precision=target_precision
        ),
        "If only the most confident predictions are used and the others are reviewed: "
        "the share of products that is classified, and the share of these that is "
        "correct.",
    )


def _short_titles(evaluation: Evaluation) -> list[Any] | None:
    titles = evaluation.titles
    if titles is None:
        return None
    return [t[:_MAX_TITLE] if isinstance(t, str) else t for t in titles]


def _confusion_matrix(truth: list[Any], predicted: list[Any], names: list[str]) -> Any:
    from matplotlib import pyplot
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    matrix = confusion_matrix(
        list(map(str, truth)), list(map(str, predicted)), labels=names
    )
    size = 2.5 + 0.42 * len(names)
    figure, ax = pyplot.subplots(figsize=(size, size), layout="constrained")
    labels = [name if len(name) <= 28 else f"{name[:27]}…" for name in names]
    display = ConfusionMatrixDisplay(matrix, display_labels=labels)
    display.plot(
        ax=ax,
        cmap="Blues",
        colorbar=False,
        xticks_rotation="vertical",
        values_format="d",
    )
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)  # names may contain dollar signs
    display.figure_ = figure
    return display


def _section(heading: str, draw: Callable[[], Any], caption: str) -> str:
    """Return a section with the figure of a display."""
    from matplotlib import pyplot

    figure = draw().figure_
    buffer = io.BytesIO()
    try:
        figure.savefig(buffer, format="png", dpi=_DPI)
    finally:
        pyplot.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f"<h2>{escape(heading)}</h2><figure>"
        f'<img alt="{escape(heading)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _frame(frame: pd.DataFrame, caption: str) -> str:
    html = table_as_html(
        frame, f"<caption>{escape(caption)}</caption>", index=False, na_rep="–"
    )
    return f'<div class="wide">{html}</div>'


def _errors(evaluation: Evaluation) -> str:
    """Return a table of the errors that the model is most confident of."""
    import pandas as pd

    predictions = evaluation.predictions
    predicted = predictions.categories.tolist()
    confidence = predictions.confidence
    wrong = [
        i
        for i, (label, other) in enumerate(
            zip(evaluation.y_true, predicted, strict=True)
        )
        if label != other
    ]
    wrong.sort(key=lambda i: -confidence[i])
    wrong = wrong[:_N_ERRORS]
    heading = "<h2>Most confident errors</h2>"
    if not wrong:
        return f"{heading}<p>There is no error.</p>"
    titles = _short_titles(evaluation)
    columns: dict[str, list[Any]] = {
        "row": [int(evaluation.rows[i]) for i in wrong],
        "category": [str(evaluation.y_true[i]) for i in wrong],
        "predicted": [str(predicted[i]) for i in wrong],
        "confidence": [f"{confidence[i]:.3f}" for i in wrong],
    }
    if titles is not None:
        columns["text"] = [
            "" if not isinstance(titles[i], str) else titles[i] for i in wrong
        ]
    caption = (
        "Their labels are often wrong. Rows are counted from 0; at most "
        f"{_N_ERRORS} are listed."
    )
    return heading + _frame(pd.DataFrame(columns), caption)
