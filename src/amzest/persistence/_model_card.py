"""Describe a model in Markdown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from amzest.persistence._data_summary import summarize_data
from amzest.persistence._metadata import describe_model, known_versions
from amzest.persistence._read_metadata import read_metadata
from amzest.persistence._scores import summarize_scores
from amzest.utils import count

#: Rows of the tables; more categories are counted.
_MAX_ROWS = 50
#: Categories with fewer rows than this are named among the limits.
_FEW_ROWS = 30


def model_card(
    model: Any,
    *,
    title: str | None = None,
    description: str | None = None,
    data: Any = None,
    scores: Any = None,
    limits: Sequence[str] = (),
) -> str:
    """Describe a model in Markdown: data, parameters, scores and limits.

    Parameters
    ----------
    model : estimator, str or path-like
        A fitted model, or a file that `save` has written, which is not loaded.

    title : str, default=None
        The title. None uses the name of the class.

    description : str, default=None
        What the model is for. None uses that of the file.

    data : table, array-like, str or dict, default=None
        As in `save`. None uses that of the file.

    scores : ClassifierComparison, CrossFit, DataFrame, dict or array, default=None
        As in `save`. None uses those of the file. A comparison or a CrossFit adds
        a table of the categories.

    limits : sequence of str, default=()
        What the model is not for, or known errors, in addition to what follows from
        the model and its scores.

    Returns
    -------
    str
        Markdown.

    See Also
    --------
    amzest.save : Stores description, data and scores with the model.

    Examples
    --------
    >>> import amzest
    >>> from amzest.persistence import model_card
    >>> titles = ["red shoe", "old boot", "garden hose", "steel spade"] * 4
    >>> model = amzest.TextLinearClassifier(random_state=0)
    >>> _ = model.fit(titles, ["shoes", "shoes", "garden", "garden"] * 4)
    >>> card = model_card(model, scores={"accuracy": (0.91, 0.88, 0.93)})
    >>> print(card[card.index("## Scores") : card.index("## Limits")].strip())
    ## Scores
    <BLANKLINE>
    | metric | value | interval |
    | --- | --- | --- |
    | accuracy | 0.910 | 0.880 to 0.930 |
    """
    path = model if isinstance(model, str | os.PathLike) else None
    if path is None:
        about = {**describe_model(model), "versions": known_versions()}
    else:
        about = read_metadata(path)
    data = about.get("data") if data is None else summarize_data(data)
    scores = about.get("scores") if scores is None else summarize_scores(scores)
    description = description or about.get("description")
    sections = [
        f"# {title or about['model']}",
        description or "",
        *_describe_model(about),
        *_describe_data(about, data),
        *_describe_scores(scores),
        *_describe_limits(about, scores, limits),
        *_describe_versions(about),
        *_describe_use(path),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _describe_model(about: dict[str, Any]) -> list[str]:
    training = about.get("training") or {}
    facts = [f"Class: `{about['model']}`"]
    if training.get("epochs"):
        epochs = ", ".join(f"{n} ({name})" for name, n in training["epochs"].items())
        facts.append(f"Epochs: {epochs}")
    if "seconds" in training:
        facts.append(f"Seconds of the fit: {training['seconds']:g}")
    if about.get("created"):
        facts.append(f"Saved: {about['created']}")
    return ["## Model", _listed(facts), f"```python\n{about['parameters']}\n```"]


def _describe_data(about: dict[str, Any], data: dict[str, Any] | None) -> list[str]:
    data, training = data or {}, about.get("training") or {}
    known = {key: data[key] for key in data if key not in ("rows", "columns")}
    facts = [f"{key.capitalize()}: {value}" for key, value in known.items()]
    rows = data.get("rows", training.get("rows"))
    if rows is not None:
        facts.append(f"Rows: {rows:,}" if isinstance(rows, int) else f"Rows: {rows}")
    classes = about.get("classes")
    if classes:
        named = ", ".join(map(str, classes[:_MAX_ROWS]))
        more = (
            f" and {len(classes) - _MAX_ROWS} more" if len(classes) > _MAX_ROWS else ""
        )
        facts.append(f"Categories ({len(classes)}): {named}{more}")
    columns = data.get("columns")
    if not isinstance(columns, dict):
        if about.get("columns"):
            facts.append(f"Columns: {', '.join(map(str, about['columns']))}")
        return ["## Data", _listed(facts)] if facts else []
    table = [
        [name, column.get("dtype", ""), _percent(column.get("missing"))]
        if isinstance(column, dict)
        else [name, str(column), ""]
        for name, column in columns.items()
    ]
    return ["## Data", _listed(facts), _table(["column", "type", "missing"], table)]


def _describe_scores(scores: dict[str, Any] | None) -> list[str]:
    if not scores:
        return ["## Scores", "No scores were given."]
    values = scores["values"]
    designs = any("design" in score for score in values)
    heading = [*(["design"] if designs else []), "metric", "value", "interval"]
    rows = [
        [score["metric"], f"{score['value']:.3f}", _interval(score)] for score in values
    ]
    if designs:
        rows = [
            [score.get("design", ""), *row]
            for score, row in zip(values, rows, strict=True)
        ]
    parts = ["## Scores", _table(heading, rows)]
    if "n_samples" in scores:
        level = scores.get("confidence_level", 0.95)
        parts.append(
            f"Of {count(scores['n_samples'], 'row')}, with intervals of confidence "
            f"{level:.0%}."
        )
    categories = scores.get("categories")
    if categories:
        parts += ["### Categories", _table(*_category_rows(categories))]
        if len(categories) > _MAX_ROWS:
            parts.append(f"{len(categories) - _MAX_ROWS} more rows are not shown.")
    return parts


def _interval(score: dict[str, Any]) -> str:
    if "low" in score:
        return f"{score['low']:.3f} to {score['high']:.3f}"
    if "std" in score:
        return f"standard deviation {score['std']:.3f} over {score['n_folds']} folds"
    return ""


def _category_rows(
    categories: list[dict[str, Any]],
) -> tuple[list[str], list[list[str]]]:
    heading = list(categories[0])
    # The hardest first.
    order = sorted(categories, key=lambda row: row.get("f1") or 0.0)
    rows = [[_cell(row.get(name)) for name in heading] for row in order[:_MAX_ROWS]]
    return heading, rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _describe_limits(
    about: dict[str, Any], scores: dict[str, Any] | None, limits: Sequence[str]
) -> list[str]:
    if not about.get("classes"):
        return ["## Limits", _listed(limits)] if limits else []
    facts = list(limits)
    rare = sorted(
        {
            str(row["category"])
            for row in (scores or {}).get("categories") or []
            if row.get("support", _FEW_ROWS) < _FEW_ROWS
        }
    )
    if rare:
        facts.append(
            f"Fewer than {_FEW_ROWS} rows, so that the scores are uncertain: "
            + ", ".join(rare)
        )
    facts += [
        "Every product gets one of the categories above, also a product of another "
        "kind. Use the probability to find such products.",
        "A product without text or image gets the class frequencies of the training "
        "data as its probabilities.",
        "Scores hold for products like those of the training data. Other sources, "
        "languages and times need an evaluation of their own.",
    ]
    return ["## Limits", _listed(facts)]


def _describe_versions(about: dict[str, Any]) -> list[str]:
    versions = about.get("versions") or {}
    return ["## Versions", _listed(f"{k} {v}" for k, v in versions.items())]


def _describe_use(path: Any) -> list[str]:
    if path is None:
        return []
    name = os.path.basename(os.fspath(path))
    return ["## Use", f"```python\nimport amzest\n\nmodel = amzest.load({name!r})\n```"]


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.1%}"


def _listed(facts: Iterable[str]) -> str:
    return "\n".join(f"- {_one_line(fact)}" for fact in facts)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(
        "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
