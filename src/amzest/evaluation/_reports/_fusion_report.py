"""A fusion report as text and as HTML."""

from __future__ import annotations

from typing import Any

import pandas as pd

from amzest.evaluation._reports._tables import (
    Table,
    cut,
    html_page,
    html_table,
    percent,
    text_table,
    wrapped,
    write_differences,
    write_p,
)
from amzest.utils import count


def gain_sentence(report: Any) -> str:
    """Describe the gain of the best ensemble over the best member."""
    best = report.gains.loc[report.gains["accuracy"].idxmax()]
    name, member = cut(best.name, 30), cut(best["best_member"], 30)
    p_value = write_p(best["gain_p_corrected"])
    p_value = p_value.replace("<", "< ") if "<" in p_value else f"= {p_value}"
    return wrapped(
        f"Fusion: {name} {best['accuracy']:.3f}, {best['gain']:+.3f} compared with "
        f"{member}, the best member ({best['gain_low']:+.3f} to "
        f"{best['gain_high']:+.3f}, p {p_value}); for {report.oracle_accuracy:.3f} of "
        "the rows at least one member is correct."
    )


def recommendation_sentence(report: Any) -> str:
    """Name near copies, and recommended members with their gain."""
    gain = report.recommended_gains.loc["all members"]
    members = ", ".join(cut(name, 30) for name in report.recommended)
    copies = "; ".join(
        f"{cut(first, 30)} and {cut(second, 30)}"
        for first, second in report.near_copies
    )
    return (
        f"Near copies: {copies or 'none'}. Recommended members: {members} "
        f"({gain['accuracy']:.3f}, {gain['gain']:+.3f} compared with all members, "
        f"{gain['gain_low']:+.3f} to {gain['gain_high']:+.3f})."
    )


def fusion_as_text(report: Any) -> str:
    """Write the tables of a report, in lines of at most 88 characters."""
    tables = [text_table(table) for table in fusion_tables(report)]
    notes = (
        "adds: accuracy of the equal-weight average minus that without the member. "
        f"gain: accuracy minus that of {cut(report.gains['best_member'].iloc[0], 30)}, "
        f"the best member. {percent(report.confidence_level)} confidence intervals."
    )
    parts = [_heading(report), *tables, wrapped(notes)]
    parts.append(wrapped(recommendation_sentence(report)))
    return "\n\n".join(parts)


def fusion_as_html(report: Any) -> str:
    """Write the tables of a report as one `div` element."""
    tables = [html_table(table, folded=False) for table in fusion_tables(report)]
    return html_page(_heading(report), tables)


def fusion_tables(report: Any) -> list[Table]:
    """Return the tables of members, of ensembles, of shared errors, and of subsets."""
    level = percent(report.confidence_level)
    members, gains, overlap = report.members, report.gains, report.overlap
    best, at_best = gains[["best_member", "best_member_accuracy"]].iloc[0]
    pairs = overlap["first"].map(_short) + ", " + overlap["second"].map(_short)
    return [
        Table(
            "Contribution of members",
            "Accuracy of the equal-weight average minus that without the member, with "
            f"a {level} confidence interval.",
            pd.DataFrame(
                {
                    "accuracy": members["accuracy"].map("{:.3f}".format),
                    "non-missing": members["present_share"].round(3).map(percent),
                    "adds": write_differences(members, "adds"),
                    "p": members["adds_p_corrected"].map(write_p),
                    "only correct": members["n_only_right"].map("{:,}".format),
                }
            ),
        ),
        Table(
            "Gain of ensembles",
            f"Accuracy of ensembles minus that of {best}, the best member "
            f"({at_best:.3f}), with a {level} confidence interval. For "
            f"{report.oracle_accuracy:.3f} of the rows at least one member is correct.",
            pd.DataFrame(
                {
                    "accuracy": gains["accuracy"].map("{:.3f}".format),
                    "gain": write_differences(gains, "gain"),
                    "p": gains["gain_p_corrected"].map(write_p),
                }
            ),
        ),
        Table(
            "Shared errors",
            "Fraction of the errors of each of two members that the other makes too; "
            "fraction of the errors of either that are the same wrong prediction of "
            "both; Yule's Q.",
            pd.DataFrame(
                {
                    "of first": overlap["share_of_first"].map("{:.0%}".format),
                    "of second": overlap["share_of_second"].map("{:.0%}".format),
                    "same": overlap["same_errors"].map("{:.0%}".format),
                    "Yule's Q": overlap["yule_q"].map("{:+.2f}".format),
                    "near copy": overlap["near_copy"].map({True: "yes", False: ""}),
                }
            ).set_axis(pd.Index(pairs, name="shared errors")),
        ),
        _subsets_table(report),
    ]


def _subsets_table(report: Any) -> Table:
    subsets = report.subsets
    cells = pd.DataFrame(
        {
            "accuracy": subsets["accuracy"].map("{:.3f}".format),
            "difference": subsets["difference"].map("{:+.3f}".format),
            "standard error": subsets["standard_error"].map("{:.3f}".format),
            "recommended": subsets["recommended"].map({True: "yes", False: ""}),
        }
    )
    names = pd.Index(subsets["members"], name="best members of each number")
    caption = (
        "The most accurate equal-weight average of each number of members, compared "
        "with the best of all, on the rows that it was selected on. "
        f"{recommendation_sentence(report)}"
    )
    return Table("Subsets of members", caption, cells.set_axis(names))


def _short(name: str) -> str:
    return cut(name, 16)


def _heading(report: Any) -> str:
    return (
        f"FusionReport: {count(len(report.members), 'member')}, at least one is correct"
        f" for {report.oracle_accuracy:.3f} of the rows"
    )
