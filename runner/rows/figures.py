"""Figures as people read them: units, three significant digits, uncertainty, a sign where they are bounds. Pure."""

from __future__ import annotations

from typing import Protocol

from runner.record.trial import Verdict
from runner.rows.row import Estimate, Paced, Row, WarmedUp

NOTHING = "–"  # noqa: RUF001 - the sign for a figure that was not measured


class Rated(Protocol):
    """What has a rate and a verdict: a row, or one side of a comparison."""

    @property
    def verdict(self) -> Verdict:
        """What the rate is worth."""

    @property
    def requests_per_second(self) -> Estimate | None:
        """The rate."""


def rate(row: Rated) -> str:
    """Requests per second; ``≥`` where the generator was the limit, in brackets what got through of a wrong server."""
    through = getattr(row, "got_through_per_second", None)
    if row.requests_per_second is None:
        return NOTHING if through is None else f"({rate_digits(through.mean)})"
    bound = "≥ " if row.verdict is Verdict.GENERATOR_BOUND else ""
    return bound + rate_digits(row.requests_per_second.mean)


def rate_digits(value: float) -> str:
    """A rate: three significant digits at least, and no digit behind the point from 100 on."""
    return grouped_digits(value) if value >= 99.95 else significant(value)


def grouped_digits(value: float) -> str:
    """A whole number, its digits in groups of three."""
    return f"{value:,.0f}".replace(",", " ")


def uncertainty(row: Row) -> str:
    """Half-width of the rate's 95 % interval, in per cent."""
    width = row.requests_per_second.relative_half_width if row.requests_per_second else None
    return NOTHING if width is None else plus_minus(width)


def plus_minus(relative_half_width: float) -> str:
    """How far an interval reaches, in per cent; beyond 100 % as a factor, to both sides."""
    if relative_half_width > 1:
        return f"×÷{rate_digits(1 + relative_half_width)}"  # noqa: RUF001 - the sign of multiplication
    return f"±{relative_half_width:.1%}".replace("%", " %")


def instructions(row: Row) -> str:
    """Instructions a request, in user space."""
    return NOTHING if row.instructions_per_request is None else grouped_digits(row.instructions_per_request)


def rate_or_verdict(row: Row | None) -> str:
    """The rate with its uncertainty, or why there is none; empty where there is no row.

    Where neither side was busy it says so: something waits, and the rate is that of the wait.
    """
    if row is None:
        return ""
    if row.requests_per_second is None:
        return row.verdict.value if row.got_through_per_second is None else f"{rate(row)} {row.verdict.value}"
    words = [rate(row), "" if uncertainty(row) == NOTHING else uncertainty(row)]
    words.append("(neither)" if row.verdict is Verdict.NEITHER and not waits_as_expected(row) else "")
    return " ".join(filter(None, words))


def waits_as_expected(row: Row) -> bool:
    """Whether neither side was busy because the server waits for another, which is what its scenario has it do."""
    return row.verdict is Verdict.NEITHER and row.waiting is not None


def times_baseline(row: Row) -> str:
    """The rate in multiples of the baseline's."""
    if row.times_baseline is None:
        return NOTHING
    bound = f"{row.times_baseline.bound} " if row.times_baseline.bound else ""
    return f"{bound}{significant(row.times_baseline.value)}"


def cpu_cost(row: Row) -> str:
    """The server's CPU time per request, in microseconds."""
    return NOTHING if row.cpu_us_per_request is None else significant(row.cpu_us_per_request.mean)


def duration(us: float | None) -> str:
    """A latency with its unit."""
    if us is None:
        return NOTHING
    for divisor, unit in ((1, "µs"), (1000, "ms")):
        if float(f"{us / divisor:.3g}") < 1000:
            return f"{significant(us / divisor)} {unit}"
    return f"{significant(us / 1_000_000)} s"


def whole(number: int | None) -> str:
    """A count, its thousands apart."""
    return NOTHING if number is None else grouped_digits(number)


def size(count: int | None) -> str:
    """Bytes in MiB."""
    return NOTHING if count is None else f"{significant(count / 2**20)} MiB"


def significant(value: float) -> str:
    """Three significant digits, without an exponent."""
    exponent = int(f"{value:.2e}".partition("e")[2])
    return f"{value:.{max(0, 2 - exponent) if value else 0}f}"


def rank(row: Row) -> str:
    """The range of places that the data leave open."""
    return NOTHING if row.rank is None else str(row.rank)


def paced_at(row: Row, share: float) -> Paced | None:
    """What the row says of the load that is such a share of its capacity, in bursts as deep as the pipeline."""
    return next((one for one in row.paced if one.share == share and one.burst == row.depth), None)


def paced_latencies(seen: Paced | None) -> tuple[str, str, str]:
    """p50, p99 with its uncertainty, and p99.9 of a paced load; why there are none where it was not held."""
    if seen is None:
        return (NOTHING,) * 3
    if seen.verdict is not Verdict.MEASURED:
        return (seen.verdict.value, NOTHING, NOTHING)
    p50, p99 = (duration(one.mean) if one else NOTHING for one in (seen.p50_us, seen.p99_us))
    width = seen.p99_us.relative_half_width if seen.p99_us else None
    return p50, p99 if width is None else f"{p99} {plus_minus(width)}", duration(seen.p99_9_us)


def tail_at(row: Row, rate: float) -> str:
    """The p99 of a load of so many requests/s; why there is none where it was not held."""
    seen = next((one for one in row.paced if one.rate == rate), None)
    if seen is None:
        return NOTHING
    return duration(seen.p99_us.mean) if seen.p99_us else seen.verdict.value


def limited(row: Row, limit: str) -> str:
    """The capacity under a limit with its uncertainty; ``≥`` or ``<`` where only one end is known."""
    found = next((one for one in row.limited if one.limit == limit), None)
    if found is None:
        return NOTHING
    if found.estimate is not None:
        width = found.estimate.relative_half_width
        return rate_digits(found.estimate.mean) + ("" if width is None else f" {plus_minus(width)}")
    if found.low is not None:
        return f"≥ {rate_digits(found.low)}"
    return NOTHING if found.high is None else f"< {rate_digits(found.high)}"


def latencies(row: Row) -> tuple[str, str, str, str, str]:
    """p50, p75, p90, p99 and max of batch latency."""
    found = row.batch_latency_us
    if found is None:
        return (NOTHING,) * 5
    p50, p75, p90, p99, most = (duration(us) for us in (found.p50, found.p75, found.p90, found.p99, found.max))
    return p50, p75, p90, p99, most


def wrk_duration(us: int | None) -> str:
    """A latency as wrk prints it (units.c, ``format_time_us``), its zeros included."""
    if us is None:
        return NOTHING
    for limit, divisor, unit in ((1000, 1, "us"), (1_000_000, 1000, "ms")):
        if us < limit:
            return f"{us / divisor:.2f}{unit}"
    return f"{us / 1_000_000:.2f}s"


def printed_and_true(row: Row) -> tuple[str, ...]:
    """p50, p75, p90 and p99, each as wrk printed it and as it was."""
    printed, true = row.wrk_latency_us, row.batch_latency_us
    return tuple(
        f"{wrk_duration(getattr(printed, name, None))} / {duration(getattr(true, name, None))}"
        for name in ("p50", "p75", "p90", "p99")
    )


def outcome(row: Row) -> str:
    """The verdict, with what to know beside it."""
    return row.verdict.value + (f": {note(row)}" if note(row) else "")


def warm_up(seen: WarmedUp, trials: int) -> str:
    """How long a server was warmed up, and whether that was long enough."""
    unsettled = trials - seen.settled
    settled = f"its rate had not settled in {unsettled} of {trials} trials" if unsettled else "until its rate settled"
    return f"warmed up for up to {seen.longest_s:g} s, {settled}"


def sends(row: Row) -> str:
    """Which of Date, Server and Connection are in a response."""
    return NOTHING if row.sends is None else ", ".join(row.sends.names) or "none"


def note(row: Row) -> str:
    """What to know beside the figures: the verdict's reason, the latency's problem, the log's first error."""
    parts = [row.reason] if row.reason else []
    said = row.error_log is not None and row.error_log in row.reason
    if not row.verdict.has_rate and row.trials and not (said and not row.requests):
        parts.append(f"{grouped_digits(row.requests)} requests got through")
    found = row.batch_latency_us
    if found is not None and found.problem:
        parts.append(f"latency not measured: {found.problem}")
    parts += [f"{one.limit}: {one.note}" for one in row.limited if one.note]
    parts += [f"at {one.load}: {one.verdict}: {one.reason}" for one in row.paced if one.verdict is not Verdict.MEASURED]
    if row.witness is not None and row.witness.agrees is False:
        parts.append(str(row.witness.reason))
    if row.witness is not None and row.witness.requests_per_second is None:
        parts.append(f"no witness: {row.witness.reason}")
    if row.warmed_up is not None:
        parts.append(warm_up(row.warmed_up, row.trials))
    if row.remark:
        parts.append(row.remark)
    if row.disturbed_trials:
        parts.append(f"{row.disturbed_trials} of {row.trials} trials were disturbed")
    if row.error_log and not said:
        more = f" (and {row.error_count - 1} more)" if row.error_count > 1 else ""
        parts.append(f"log: {row.error_log}{more}")
    return "; ".join(parts)
