"""``pipebench export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import options, printing

if TYPE_CHECKING:
    pass


_EXPORTS = {
    "hdr-log": "HdrHistogram's log, a histogram a trial",
    "hgrm": "HdrHistogram's percentiles, a file a cell",
    "svg": "the charts, a file each",
    "png": "the same as pixels",
    "parquet": "all trials, raw",
    "github-summary": "Markdown for $GITHUB_STEP_SUMMARY",
    "benchmark-json": "github-action-benchmark's customBiggerIsBetter",
}


@click.command(
    "export",
    epilog=options.examples(
        "pipebench export latest --format hdr-log --output latest.hlog",
        "pipebench export latest --format hgrm --output percentiles/",
        "pipebench export latest --format png --dark --output charts/",
        "pipebench export 20261121 --format parquet --output trials.parquet",
    ),
)
@click.argument("run", default="latest")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_EXPORTS)),
    required=True,
    help="; ".join(f"{name}: {text}" for name, text in _EXPORTS.items()) + ".",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write, or folder for several.  [standard output]"
)
@click.option("--dark", is_flag=True, help="Charts for dark paper.")
@options.skip_damaged
@options.records_in
def command(run: str, format_: str, output: Path | None, dark: bool, skip_damaged: bool, results: Path) -> None:
    """Write RUN in the format of another tool: its latencies, its trials, its throughputs, or its charts.

    Latencies are those of trials that count and were proved; cells without one are named on standard error.
    """
    from runner.record import store
    from runner.report import exchange
    from runner.rows import rows

    charted = format_ in {"svg", "png"}
    if output is None and (charted or format_ in {"hgrm", "parquet"}):
        raise click.UsageError(f"--format {format_} needs --output: it is not written to a terminal")
    if dark and not charted:
        raise click.UsageError(f"--dark is for charts: leave it out, or ask for --format svg or png, not {format_}")
    head, trials = printing.read(store.find(results, run), skip_damaged=skip_damaged)
    if format_ in {"hgrm", "hdr-log"} and (missing := exchange.left_out(head, trials)):
        click.echo(f"pipebench: no proved latency, so left out: {', '.join(missing)}", err=True)
    if format_ == "hgrm" and output is not None:
        found = exchange.percentile_distributions(head, trials)
        printing.write_all(((name, text.encode()) for name, text in found.items()), output)
    elif charted and output is not None:
        from runner.report.charts import charts, vega

        drawn = (
            (one.name, vega.png(one.chart, dark=dark) if format_ == "png" else vega.svg(one.chart, dark=dark).encode())
            for one in charts.drawings(head, rows.rows(head, trials), trials)
        )
        printing.write_all(((f"{name}.{format_}", content) for name, content in drawn), output)
    elif format_ == "parquet" and output is not None:
        with printing.writing(output):
            exchange.write_parquet(head, trials, output)
    elif format_ == "hdr-log":
        printing.write(exchange.hdr_log(head, trials), output)
    elif format_ == "github-summary":
        printing.write(exchange.job_summary(head, rows.rows(head, trials)), output)
    else:
        printing.write(exchange.benchmark_entries(head, rows.rows(head, trials)), output)
