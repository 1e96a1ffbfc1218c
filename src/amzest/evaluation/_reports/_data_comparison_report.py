"""A comparison of data as text and as HTML, and the advice in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from amzest.evaluation._reports._tables import (
    Table,
    html_page,
    html_table,
    percent,
    text_table,
    wrapped,
    write_number,
    write_p,
)
from amzest.utils import count

#: Reasons that the advice lists, those with the largest effect.
_MAX_REASONS = 4
#: Words that a report lists.
_MAX_WORDS = 20
#: Checks whose values are shares.
_SHARES = (
    *("missing", "unreadable", "rows with unseen words", "unseen words"),
    *("below review threshold", "missing samples"),
)


def advice_of(comparison: Any, estimate: pd.Series | None) -> str:
    """Return whether to refit, and why."""
    drift = comparison.frame().query("drift").sort_values("effect", ascending=False)
    reasons = [_reason(check) for check in drift.itertuples()]
    listed = "; ".join(reasons[:_MAX_REASONS])
    if len(reasons) > _MAX_REASONS:
        listed += f"; and {count(len(reasons) - _MAX_REASONS, 'other difference')}"
    because = f" Differences: {listed}." if reasons else ""
    if comparison.action == "refit":
        return (
            "Refit, or label some of the new rows first and evaluate on them: the "
            "accuracy is estimated to be "
            f"{_loss(estimate, comparison.confidence_level)}.{because}"
        )
    if comparison.action == "check":
        text = "Label some of the new rows and evaluate on them: the data have changed"
        if estimate is None:
            return f"{text}. With `model`, the accuracy is estimated.{because}"
        return (
            f"{text}, although the estimated accuracy is "
            f"{_loss(estimate, comparison.confidence_level)}.{because}"
        )
    text = (
        "No reason to refit: no difference is significant with an effect of at "
        f"least {comparison.min_effect:g}"
    )
    if estimate is None:
        return f"{text}."
    loss = _loss(estimate, comparison.confidence_level)
    return f"{text}, and the estimated accuracy is {loss}."


def _loss(estimate: Any, confidence_level: float) -> str:
    difference = estimate["new"] - estimate["reference"]
    return (
        f"{estimate['new']:.3f}, {estimate['reference']:.3f} on the reference "
        f"({difference:+.3f}, {percent(confidence_level)} confidence interval "
        f"{-estimate['loss_high']:+.3f} to {-estimate['loss_low']:+.3f})"
    )


def _reason(check: Any) -> str:
    """Return one difference in words."""
    source = "" if check.kind == "model" else f"{check.source}: "
    if np.isnan(check.reference) or np.isnan(check.new):
        return f"{source}{check.check} differ (effect {check.effect:.2f})"
    values = (
        _value(check.check, check.new)
        + " instead of "
        + _value(check.check, check.reference)
    )
    return f"{source}{check.check} {values}"


def _value(name: str, value: float) -> str:
    if name in _SHARES or name.startswith("missing for"):
        return f"{value:.1%}"
    return write_number(value, ".3g")


def comparison_as_text(comparison: Any) -> str:
    """Write the checks and the advice, in lines of at most 88 characters."""
    table = _checks_table(comparison.frame())
    parts = [
        _heading(comparison),
        "",
        text_table(table),
        "",
        wrapped(comparison.advice),
    ]
    return "\n".join(parts)


def comparison_as_html(comparison: Any) -> str:
    """Write all tables as one `div` element."""
    checks = comparison.frame()
    caption = (
        f"{comparison.advice} Drift: significant at "
        f"{1 - comparison.confidence_level:.3g} after Holm’s correction for "
        f"{count(len(checks), 'check')}, with an effect of at least "
        f"{comparison.min_effect:g}."
    )
    tables = [html_table(_checks_table(checks)._replace(caption=caption), folded=False)]
    tables += [html_table(table, folded=True) for table in _folded(comparison)]
    return html_page(_heading(comparison), tables)


def _folded(comparison: Any) -> list[Table]:
    """Return the tables of details."""
    tables = []
    checks = comparison.frame()
    for name in dict.fromkeys(checks["source"][checks["kind"] == "text"]):
        words = comparison.unseen_words(name).iloc[:_MAX_WORDS]
        if len(words):
            cells = pd.DataFrame(
                {
                    "rows": words["n_rows"].map("{:,}".format),
                    "share": words["share"].map("{:.1%}".format),
                }
            )
            caption = "Words that the reference does not have, the most frequent ones."
            tables.append(Table(f"Unseen words of {name}", caption, cells))
    if (checks["kind"] == "model").any():
        caption = "Share of rows by predicted class, the largest difference first."
        shares = comparison.frequencies().map("{:.1%}".format)
        tables.append(Table("Predicted classes", caption, shares))
        accuracy = comparison.accuracy().map("{:.3f}".format)
        caption = (
            "Accuracy on the new data, estimated from the confidence, with a "
            f"{percent(comparison.confidence_level)} confidence interval of the loss."
        )
        tables.append(Table("Estimated accuracy", caption, accuracy))
    return tables


def _checks_table(checks: pd.DataFrame) -> Table:
    values = {
        name: [
            "–" if np.isnan(value) else _value(check, value)
            for check, value in zip(checks["check"], checks[name], strict=True)
        ]
        for name in ("reference", "new")
    }
    cells = pd.DataFrame(
        {
            "check": checks["check"],
            **values,
            "effect": checks["effect"].map(lambda effect: write_number(effect, ".2f")),
            "p": ["–" if np.isnan(p) else write_p(p) for p in checks["p_corrected"]],
            "drift": checks["drift"].map({True: "yes", False: ""}),
        }
    ).set_axis(pd.Index(checks["source"].astype(str), name="source"))
    return Table("Checks", "", cells)


def _heading(comparison: Any) -> str:
    return (
        f"DataComparison: {count(comparison.n_new, 'new row')}, "
        f"{count(comparison.n_reference, 'row')} in the reference"
    )
