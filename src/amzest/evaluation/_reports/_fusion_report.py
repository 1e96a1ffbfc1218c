"""Write a fusion report as text and as HTML."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from amzest.evaluation._reports._tables import (
    HtmlCell,
    cut,
    html_page,
    html_table,
    interval,
    percent,
    write_p,
)
from amzest.utils import count

if TYPE_CHECKING:
    from amzest.evaluation._reports._fusion import FusionReport

_WIDTH = 88


def gain_sentence(report: FusionReport) -> list[str]:
    """Say what the best ensemble gains over the best member.

    Parameters
    ----------
    report : FusionReport
        The report.

    Returns
    -------
    list of str
        Lines of at most 88 columns.
    """
    best = report.gains.loc[report.gains["accuracy"].idxmax()]
    name, member = cut(str(best.name), 30), cut(best["best_member"], 30)
    sentence = (
        f"Fusion: {name} {best['accuracy']:.3f}, {best['gain']:+.3f} against {member}, "
        f"the best member ({best['gain_low']:+.3f} to {best['gain_high']:+.3f}, "
        f"p {_equals(best['gain_p_corrected'])}); at least one member is right in "
        f"{report.oracle_accuracy:.3f} of the rows."
    )
    return wrap(sentence, _WIDTH, break_on_hyphens=False)


def _equals(p_value: float) -> str:
    text = write_p(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"


def fusion_as_text(report: FusionReport) -> str:
    """Write a report as tables of at most 88 columns.

    Parameters
    ----------
    report : FusionReport
        What is written.

    Returns
    -------
    str
        The tables, without a line break at their end.
    """
    n_members = len(report.members)
    lines = [
        f"FusionReport: {count(n_members, 'member')}, at least one is right in "
        f"{report.oracle_accuracy:.3f} of the rows",
        "",
    ]
    rows = [["member", "accuracy", "adds", "interval", "p", "only right"]]
    for member in report.members.itertuples():
        value, spread = interval(member.adds, member.adds_low, member.adds_high)
        rows.append(
            [
                cut(str(member.Index), 28),
                f"{member.accuracy:.3f}",
                value,
                spread,
                write_p(member.adds_p_corrected),
                f"{member.n_only_right:,}",
            ]
        )
    lines += [*_aligned(rows), ""]
    rows = [["ensemble", "accuracy", "gain", "interval", "p"]]
    for ensemble in report.gains.itertuples():
        value, spread = interval(ensemble.gain, ensemble.gain_low, ensemble.gain_high)
        p_value = write_p(ensemble.gain_p_corrected)
        accuracy = f"{ensemble.accuracy:.3f}"
        rows.append([cut(str(ensemble.Index), 28), accuracy, value, spread, p_value])
    lines += [*_aligned(rows), ""]
    rows = [["errors in common", "", "of first", "of second", "Yule's Q"]]
    for pair in report.overlap.itertuples():
        rows.append(
            [
                cut(pair.first, 26),
                cut(pair.second, 26),
                f"{pair.share_of_first:.0%}",
                f"{pair.share_of_second:.0%}",
                f"{pair.yule_q:+.2f}",
            ]
        )
    lines += [*_aligned(rows, n_texts=2), ""]
    best = report.gains.iloc[0]
    member = cut(best["best_member"], 30)
    notes = (
        "adds: accuracy of the equal-weight average minus that without the member. "
        f"gain: accuracy minus that of {member}, the best member. "
        f"Intervals of {percent(report.confidence_level)}."
    )
    lines += wrap(notes, _WIDTH, break_on_hyphens=False)
    return "\n".join(lines)


def _aligned(rows: list[list[str]], n_texts: int = 1) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:<{width}}" if place < n_texts else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def fusion_as_html(report: FusionReport) -> str:
    """Write a report as HTML tables, names escaped.

    Parameters
    ----------
    report : FusionReport
        What is written.

    Returns
    -------
    str
        One `div` element that brings its own style.
    """
    size = (
        f"{count(len(report.members), 'member')}, at least one is right in "
        f"{report.oracle_accuracy:.3f} of the rows"
    )
    return html_page("FusionReport", size, fusion_sections(report, folded=False))


def fusion_sections(report: FusionReport, *, folded: bool = True) -> list[str]:
    """Write the tables of a report.

    Parameters
    ----------
    report : FusionReport
        What is written.

    folded : bool, default=True
        Whether they are folded away under their titles.

    Returns
    -------
    list of str
        Ensembles, members, and errors in common.
    """
    level = percent(report.confidence_level)
    titles = ("Gain of ensembles", "What members add", "Errors in common")
    ensembles, members, overlap = titles if folded else (None, None, None)
    gains = report.gains.itertuples()
    first = report.gains.iloc[0]
    parts = [
        html_table(
            f"Accuracy of ensembles above that of {first['best_member']}, the best "
            f"member ({first['best_member_accuracy']:.3f}), with its interval of "
            f"{level}. At least one member is right in {report.oracle_accuracy:.3f} "
            "of the rows.",
            ["ensemble", "accuracy", "gain", "p"],
            [(str(row.Index), _gain_cells(row)) for row in gains],
            title=ensembles,
        ),
        html_table(
            "What each member adds to the equal-weight average: its accuracy minus "
            f"that without the member, with an interval of {level}.",
            [
                "member",
                "accuracy",
                "had something to read",
                "adds",
                "p",
                "only it right",
            ],
            [
                (str(row.Index), _member_cells(row))
                for row in report.members.itertuples()
            ],
            title=members,
        ),
    ]
    matrix = report.overlap_matrix()
    rows = []
    for name, shares in matrix.iterrows():
        cells: list[HtmlCell] = [
            "–" if name == other else f"{share:.0%}" for other, share in shares.items()
        ]
        rows.append((str(name), cells))
    caption = (
        "Share of the errors of a row’s member that the column’s member makes too."
    )
    head = ["errors of", *map(str, matrix.columns)]
    parts.append(html_table(caption, head, rows, title=overlap))
    return parts


def _gain_cells(row: Any) -> list[HtmlCell]:
    return [
        f"{row.accuracy:.3f}",
        interval(row.gain, row.gain_low, row.gain_high),
        write_p(row.gain_p_corrected),
    ]


def _member_cells(row: Any) -> list[HtmlCell]:
    return [
        f"{row.accuracy:.3f}",
        percent(round(row.present_share, 3)),
        interval(row.adds, row.adds_low, row.adds_high),
        write_p(row.adds_p_corrected),
        f"{row.n_only_right:,}",
    ]
