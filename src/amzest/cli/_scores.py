"""Scores of predictions, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score

from amzest.evaluation._metrics._coverage_curve import coverage_curve
from amzest.evaluation._metrics._scoring import row_log_loss
from amzest.evaluation._significance._intervals import wilson_interval

if TYPE_CHECKING:
    from amzest.cli._evaluation import Evaluation


@dataclass(frozen=True)
class Score:
    """A score; `interval` has the bounds of its 95% confidence interval, or None."""

    name: str
    label: str
    value: float
    interval: tuple[float, float] | None = None

    def as_text(self) -> str:
        """Return the value and its interval."""
        text = f"{self.value:.3f}"
        if self.interval is not None:
            text += " ({:.3f}–{:.3f})".format(*self.interval)
        return text


@dataclass(frozen=True)
class Scores:
    """All scores of an evaluation."""

    n_rows: int
    n_errors: int
    n_missing: int
    scores: list[Score]

    def as_text(self) -> str:
        """Return one line per score."""
        counts = {"rows": self.n_rows, "errors": self.n_errors}
        counts["rows without text and image"] = self.n_missing
        lines = [(name, f"{n:,}") for name, n in counts.items()]
        lines += [(score.label, score.as_text()) for score in self.scores]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in lines)

    def as_json(self) -> dict[str, Any]:
        """Return the scores as values of JSON; None where one is undefined."""
        found: dict[str, Any] = {
            "rows": self.n_rows,
            "errors": self.n_errors,
            "missing": self.n_missing,
        }
        for score in self.scores:
            found[score.name] = None if np.isnan(score.value) else score.value
            if score.interval is not None:
                found[f"{score.name}_low"], found[f"{score.name}_high"] = score.interval
        return found


def compute_scores(evaluation: Evaluation, target_precision: float) -> Scores:
    """Return the scores of predictions."""
    truth = np.array(evaluation.y_true, dtype=object)
    predictions = evaluation.predictions
    predicted = np.array(predictions.categories.tolist(), dtype=object)
    right = truth == predicted
    n_rows, n_right = len(truth), int(right.sum())
    # Macro-F1 over the categories of the table, as texts: labels may be of any type.
    names = [str(label) for label in truth]
    labels = sorted(set(names))
    macro = f1_score(
        names,
        [str(label) for label in predicted],
        labels=labels,
        average="macro",
        zero_division=0.0,
    )
    scores = [
        _share("accuracy", "accuracy", n_right, n_rows),
        Score("macro_f1", "macro-F1", float(macro)),
        Score("log_loss", "log-loss", _log_loss(evaluation)),
    ]
    if predictions.review is not None:
        accepted = ~predictions.review
        n_accepted = int(accepted.sum())
        scores += [
            _share("coverage", "coverage (not for review)", n_accepted, n_rows),
            _share(
                "precision",
                "precision of these",
                int((right & accepted).sum()),
                n_accepted,
            ),
        ]
    coverage = _coverage(predictions.confidence, right, target_precision)
    label = f"coverage at a precision of {target_precision:g}"
    scores.append(Score("coverage_at_target_precision", label, coverage))
    n_missing = int(predictions.missing.sum())
    return Scores(n_rows, n_rows - n_right, n_missing, scores)


def _share(name: str, label: str, n: int, n_rows: int) -> Score:
    if n_rows == 0:
        return Score(name, label, float("nan"))
    low, high = wilson_interval(n, n_rows)
    return Score(name, label, n / n_rows, (float(low), float(high)))


def _log_loss(evaluation: Evaluation) -> float:
    """Return the mean log-loss of the rows whose category the model knows."""
    codes = evaluation.codes
    known = codes >= 0
    if not known.any():
        return float("nan")
    proba = evaluation.predictions.proba[known]
    return float(row_log_loss(proba, codes[known]).mean())


def _coverage(confidence: Any, right: Any, target: float) -> float:
    """Return the largest share of the most confident rows that reaches a precision."""
    curve = coverage_curve(confidence, right)
    reached = curve["coverage"][curve["precision"] >= target]
    return float(reached.max(initial=0.0))
