"""A run for other people's pages: a GitHub comment, a blog; what its signs mean, and where it is from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner import project
from runner.record.run import Run
from runner.record.trial import Verdict
from runner.report.markdown import escape, table
from runner.report.tables import standard
from runner.rows import figures
from runner.rows.row import Row

COMMENT = ("server", "requests/s", "CPU µs/request", "p50", "p99", "pipelining", "verdict")
"""As many columns as fit into a comment without a scroll bar."""
BLOG = ("server", "version", *COMMENT[1:])


def comment(run: Run, rows: Sequence[Row]) -> str:
    """Tables of few columns, the rate with its interval in one of them, and the notes folded away."""
    lines = [*_tables(run, rows, COMMENT), *legend(run, rows, COMMENT), ""]
    notes = [f"- {escape(_name(row))}: {escape(note)}" for row in rows if (note := figures.note(row))]
    if notes:
        lines += [f"<details><summary>{len(notes)} notes</summary>", "", *notes, "", "</details>", ""]
    return "\n".join(lines)


def blog(run: Run, rows: Sequence[Row]) -> str:
    """Tables with releases, between a sentence that says what was measured on what, and what the signs mean."""
    machine, plan = run.machine, run.plan
    loaded = [row for row in rows if row.depth is not None]
    trials = sum(row.trials for row in loaded)
    sentence = (
        f"Measured on {run.created_at[:10]} with {project.NAME} {run.version} on {machine.kind} ({run.placement}), "
        f"{machine.system}, {machine.kernel}: {figures.grouped_digits(trials)} trials of {plan.duration_s:g} s, "
        "each of a freshly started server, interleaved and shuffled."
    )
    disturbed = sum(row.disturbed_trials for row in loaded)
    if disturbed:
        sentence += f" Other work took CPU time during {disturbed} of them."
    lines = [escape(sentence), "", *_tables(run, rows, BLOG)]
    notes = [f"- {escape(_name(row))}: {escape(note)}" for row in rows if (note := _telling(row))]
    return "\n".join([*lines, *notes, *([""] if notes else []), *legend(run, rows, BLOG), ""])


def legend(run: Run, rows: Sequence[Row], headings: Sequence[str]) -> list[str]:
    """What the signs in these columns of the rows mean, and a line that says where they are from."""
    found = [row for row in rows if row.depth is not None]
    signs = [
        (
            "±: half of the 95 % interval of the mean",
            any(r.requests_per_second and r.requests_per_second.high for r in found),
        ),
        ("≥: a lower bound, the generator was the limit", any(r.verdict is Verdict.GENERATOR_BOUND for r in found)),
        ("≤: an upper bound", _has(headings, "×") and any(r.times_baseline for r in found)),  # noqa: RUF001
        ("(…): what got through of a server that answers wrongly", any(r.got_through_per_second for r in found)),
        ("rank: the places that the data leave open", _has(headings, "rank") and any(r.rank for r in found)),
        (f"{figures.NOTHING}: not measured", bool(found)),
    ]
    home = project.homepage()
    where = f"[{project.NAME}]({home})" if home else project.NAME
    meant = "; ".join(text for text, there in signs if there)
    return [*([f"{meant}.  "] if meant else []), f"Run {escape(run.id)}, {where}, `pipebench report`."]


def _has(headings: Sequence[str], beginning: str) -> bool:
    return any(name.startswith(beginning) for name in headings)


def _tables(run: Run, rows: Sequence[Row], headings: Sequence[str]) -> Iterator[str]:
    share = standard.shown_share(run.plan)
    at = "" if share is None else f" at {share:.0%}".replace("%", " %")
    shown = [f"{name}{at}" if name in {"p50", "p99"} else name for name in headings]
    for group, members in standard.grouped(rows):
        if not group[2]:
            continue
        yield from (f"### {standard.group_title(group)}", "")
        yield from table(
            shown,
            {"server", "version", "pipelining", "verdict"},
            ([escape(_cell(row, name, share)) for name in headings] for row in members),
        )
        yield ""


def _cell(row: Row, name: str, share: float | None) -> str:
    p50, p99 = figures.latencies(row)[0], figures.latencies(row)[3]
    if share is not None:
        p50, p99, _ = figures.paced_latencies(figures.paced_at(row, share))
    return {
        "server": row.title,
        "version": row.version or figures.NOTHING,
        "requests/s": figures.rate_or_verdict(row) if row.requests_per_second else figures.rate(row),
        "CPU µs/request": figures.cpu_cost(row),
        "p50": p50,
        "p99": p99,
        "pipelining": row.server_class or figures.NOTHING,
        "verdict": row.verdict.value,
    }[name]


def _telling(row: Row) -> str:
    """The note of a row whose figures are not free of reservations."""
    return "" if row.verdict is Verdict.MEASURED else figures.note(row)


def _name(row: Row) -> str:
    return row.title if row.depth is None else f"{row.title}, depth {row.depth}"
