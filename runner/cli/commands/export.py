"""``pipebench export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli import extras, options, printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.report.formats import Report

_EXPORTS = {
    "hdr-log": "HdrHistogram's log, a histogram a trial",
    "hgrm": "HdrHistogram's percentiles, a file a cell",
    "svg": "the charts, a file each",
    "png": "the same as pixels",
    "flame": "flame graphs of servers that were explained, a file each",
    "speedscope": "the same for speedscope",
    "parquet": "all trials, a flat row each",
    "github-summary": "Markdown for $GITHUB_STEP_SUMMARY",
    "benchmark-json": "github-action-benchmark's customBiggerIsBetter",
}

_NEEDS = {"svg": "charts", "png": "charts", "parquet": "parquet"}
"""What a format needs beside what measuring does."""
_TEXTS = ("hgrm", "flame", "speedscope")
"""Formats of several files of text."""


@click.command(
    "export",
    epilog=options.examples(
        "pipebench export latest --format hdr-log --output latest.hlog",
        "pipebench export latest --format hgrm --output percentiles/",
        "pipebench export latest --format png --dark --output charts/",
        "pipebench export latest --format svg --chart overview --only aiohttp,uvicorn --output .",
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
@click.option("--chart", "chosen", type=options.NAMES, default=(), help="Charts of these names alone; patterns.  [all]")
@click.option("--width", type=click.IntRange(min=360, max=4000), help="Pixels that a chart is wide.  [480]")
@click.option("--scale", type=options.RealNumber(min=0.5, max=10), help="Pixels of a PNG for each of the chart's.  [2]")
@click.option("--only", type=options.NAMES, default=(), help="These adapters alone; patterns.  [all]")
@options.skip_damaged
@options.records_in
def command(  # noqa: PLR0913, PLR0917 - its options
    run: str,
    format_: str,
    output: Path | None,
    dark: bool,
    chosen: tuple[str, ...],
    width: int | None,
    scale: float | None,
    only: tuple[str, ...],
    skip_damaged: bool,
    results: Path,
) -> None:
    """Write RUN in the format of another tool: its latencies, its trials, its throughputs, or its charts.

    Latencies are those of trials that count and were proved; cells without one are named on standard error, and so is
    what was written.
    """
    from runner.record import store
    from runner.report import exchange, formats
    from runner.report.formats import Report

    charted = format_ in {"svg", "png"}
    if output is None and (charted or format_ in {"parquet", *_TEXTS}):
        raise click.UsageError(f"--format {format_} needs --output: a file, or a folder for several")
    asked = {"--dark": dark, "--chart": chosen, "--width": width, "--scale": scale}
    if not charted and (wrong := next((name for name, value in asked.items() if value), None)):
        raise click.UsageError(f"{wrong} is for charts: leave it out, or ask for --format svg or png, not {format_}")
    if scale and format_ == "svg":
        raise click.UsageError("--scale is for --format png: an SVG has no pixels, --width makes it wider")
    path = store.find(results, run)
    extras.bring(_NEEDS.get(format_))
    report = Report.read(path, skip_damaged=skip_damaged)
    printing.say_left_out(report.damage)
    if only:
        report = report.only(only)
    head, trials = report.run, report.trials
    if format_ in {"hgrm", "hdr-log"} and (missing := exchange.left_out(head, trials)):
        click.echo(f"pipebench: no proved latency, so left out: {', '.join(missing)}", err=True)
    if format_ in _TEXTS and output is not None:
        found = (
            exchange.percentile_distributions(head, trials) if format_ == "hgrm" else formats.flames(report, format_)
        )
        printing.write_all(((name, text.encode()) for name, text in found.items()), output)
    elif charted and output is not None:
        printing.write_all(_pictures(report, format_, chosen, dark=dark, width=width, scale=scale), output)
    elif format_ == "parquet" and output is not None:
        with printing.writing(output):
            count = exchange.write_parquet(head, trials, output)
        printing.wrote(output, f"{count} trials")
    elif format_ == "hdr-log":
        printing.write(exchange.hdr_log(head, trials), output)
    elif format_ == "github-summary":
        printing.write(exchange.job_summary(head, report.rows), output)
    else:
        printing.write(exchange.benchmark_entries(head, report.rows, trials), output)
    if output is not None and output.is_file() and format_ != "parquet":
        printing.wrote(output)


def _pictures(
    report: Report, format_: str, chosen: tuple[str, ...], *, dark: bool, width: int | None, scale: float | None
) -> Iterator[tuple[str, bytes]]:
    """The charts that were asked for, drawn one by one."""
    from runner.report import formats
    from runner.report.charts import charts, frame, vega

    source = charts.source(report.run)
    for one in formats.charts_named(report, chosen):
        chart = one.chart(source, width or frame.WIDTH)
        drawn = (
            vega.png(chart, dark=dark, scale=scale or 2) if format_ == "png" else vega.svg(chart, dark=dark).encode()
        )
        yield f"{one.name}.{format_}", drawn
