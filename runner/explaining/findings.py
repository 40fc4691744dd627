"""What the counts, the shares and the model say in words, each with its evidence and what would change it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runner.explaining.calls import Batch, Paid
from runner.explaining.categories import Category, Hot
from runner.judging.models.batching import Line, Value
from runner.record.adapter import Tuning
from runner.record.run import AdapterRecord
from runner.record.trial import Verdict
from runner.rows import figures
from runner.rows.row import Row

NEARLY = 0.9
"""So many of a thing a request, at least, is one for each."""
MUCH_KERNEL = 0.5
MUCH_PARSING = 0.15
IDLE_BELOW = 0.85
"""A server that uses less of its CPU than this, with the generator idle too, waits for something."""
MOSTLY = 0.6
"""Such a part of the samples on parsing in lines of Python, and it parses in Python."""
NAMED_SHARE = 0.05
LITTLE = 2.0
"""A server that pipelining makes faster by less than this at any depth gains little."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a server: what it does, what says so, and the advice of its documentation that bears on it."""

    text: str
    evidence: str
    option: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What findings are made of: the model, the rows, calls of a batch and samples' shares, by depth."""

    record: AdapterRecord
    line: Line | None
    rows: Mapping[int, Row]
    batches: Sequence[Batch]
    paid: Sequence[Paid]
    shares: Mapping[int, Mapping[Category, float]]
    hottest: Mapping[int, Sequence[Hot]]
    in_python: Mapping[int, float]

    @property
    def deepest(self) -> Batch | None:
        """The calls of the deepest batch, of several requests."""
        deepest = max(self.batches, key=lambda one: one.depth, default=None)
        return deepest if deepest is not None and deepest.depth > 1 else None

    def kernel(self, depth: int) -> str:
        """Where the kernel's share at a depth was counted, words to add."""
        row = self.rows.get(depth)
        share = row.spent.kernel_share if row is not None and row.spent is not None else None
        return "" if share is None else f", {share:.0%} of its CPU time in the kernel".replace("%", " %")


def findings(seen: Evidence) -> tuple[Finding, ...]:
    """What there is to find, in the order of a request's way."""
    return tuple(found for look in _LOOKS for found in look(seen))


def _writes(seen: Evidence) -> Iterator[Finding]:
    batch = seen.deepest
    if batch is None or not batch.sends:
        return
    each, size = batch.a_request(batch.sends), batch.bytes_a_send or 0
    evidence = f"{_count(batch.sends)} sends a batch of {batch.depth}, {figures.grouped_digits(size)} bytes each"
    evidence += seen.kernel(batch.depth)
    option = _advice(seen.record, "flush", "buffer", "cork", "nodelay", "write")
    if each >= 2 * NEARLY:
        yield Finding(f"writes each response in {each:.0f} calls", evidence, option)
    elif each >= NEARLY:
        yield Finding("writes each response in a call of its own", evidence, option)
    elif batch.sends <= 1.5:
        yield Finding("writes all responses of a batch in one call", evidence)
    else:
        yield Finding(f"writes {1 / each:.1f} responses a call", evidence, option)


def _reads(seen: Evidence) -> Iterator[Finding]:
    batch = seen.deepest
    if batch is None:
        return
    each = batch.a_request(batch.receives)
    evidence = f"{_count(batch.receives)} reads that found data a batch of {batch.depth}"
    if each >= NEARLY:
        yield Finding("reads each request of a batch in a call of its own", evidence)
    if batch.empty >= NEARLY:
        several = batch.a_request(batch.empty) >= NEARLY
        text = (
            "tries to read after each request, and finds nothing" if several else "reads once more, and finds nothing"
        )
        yield Finding(text, f"{_count(batch.empty)} reads without data a batch of {batch.depth}")


def _waits(seen: Evidence) -> Iterator[Finding]:
    batch = seen.deepest
    if batch is None or batch.a_request(batch.waits) < NEARLY:
        return
    evidence = f"{_count(batch.waits)} waits for events a batch of {batch.depth}{seen.kernel(batch.depth)}"
    yield Finding("goes back to its event loop for each request of a batch", evidence, _advice(seen.record, "uvloop"))


def _wakes(seen: Evidence) -> Iterator[Finding]:
    batch = seen.deepest
    if batch is None or batch.a_request(batch.wakes) < NEARLY:
        return
    evidence = f"{_count(batch.wakes)} wake-ups (futex, eventfd, pipe) a batch of {batch.depth}"
    row = seen.rows.get(batch.depth)
    if row is not None and row.spent is not None and row.spent.voluntary_switches is not None:
        evidence += f"; under load its threads wait {row.spent.voluntary_switches:.2f} times a request"
    yield Finding("wakes another thread for each request", evidence, _advice(seen.record, "thread"))


def _others(seen: Evidence) -> Iterator[Finding]:
    batch = seen.deepest
    if batch is None:
        return
    known = {"futex wake", "futex wait"}
    for call in seen.paid:
        each = call.of_request
        if (
            each is not None
            and each >= NEARLY
            and call.name not in known
            and call.on not in {"tcp", "eventfd", "epoll"}
        ):
            on = f" on a {call.on}" if call.on else ""
            text = f"calls {call.name}{on} for each request"
            yield Finding(text, f"{_count(call.numbers[-1])} a batch of {batch.depth}, {each:.1f} of them a request")


def _kernel(seen: Evidence) -> Iterator[Finding]:
    for depth in (max(seen.rows, default=1), 1):
        row = seen.rows.get(depth)
        share = row.spent.kernel_share if row is not None and row.spent is not None else None
        if row is not None and share is not None and share > MUCH_KERNEL and row.cpu_us_per_request is not None:
            evidence = f"{share:.0%} of {row.cpu_us_per_request.mean:.3g} µs a request at depth {depth}".replace(
                "%", " %"
            )
            yield Finding(f"spends most of its time in the kernel at depth {depth}", evidence)
            return


def _parses(seen: Evidence) -> Iterator[Finding]:
    depth = max(seen.shares, default=None)
    if depth is None:
        return
    share = seen.shares[depth].get(Category.PARSING, 0.0)
    if share < MUCH_PARSING:
        return
    hot = [one for one in seen.hottest[depth] if one.category is Category.PARSING and one.own >= NAMED_SHARE / 2]
    in_python = seen.in_python.get(depth, 0.0) >= MOSTLY
    where = ", ".join(f"{one.function} {one.own:.0%}" for one in hot[:3])
    evidence = f"{share:.0%} of its own time at depth {depth}" + (f": {where}" if where else "")
    option = _advice(seen.record, "httptools", "parser in c", "h1c") if in_python else None
    text = "parses in Python" if in_python else "spends much of its own time on parsing"
    yield Finding(text, evidence.replace("%", " %"), option)


def _idles(seen: Evidence) -> Iterator[Finding]:
    """What waits is not what costs: such a server is slower than its CPU time says."""
    idle = [
        row
        for _, row in sorted(seen.rows.items())
        if row.verdict is Verdict.NEITHER and row.server_busy is not None and row.server_busy < IDLE_BELOW
    ]
    if not idle:
        return
    row = max(idle, key=lambda one: -(one.server_busy or 0))
    latency = row.batch_latency_us.p50 if row.batch_latency_us is not None else None
    evidence = f"at depth {row.depth} it uses {row.server_busy or 0:.0%} of its CPU".replace("%", " %")
    batch = next((one for one in seen.batches if one.depth == row.depth), None)
    if latency is not None and latency >= 35_000:
        evidence += f", and half of the batches take {latency / 1000:.0f} ms or more"
        if batch is not None and batch.sends > 1.5:
            evidence += f", in {_count(batch.sends)} sends"
        text = "waits for the client's delayed ACK (Nagle's algorithm holds a small write back)"
        yield Finding(text, evidence, _advice(seen.record, "nodelay"))
    else:
        yield Finding("waits though the client does not", evidence)


def _gains(seen: Evidence) -> Iterator[Finding]:
    line = seen.line
    if line is None:
        return
    batch, request = line.batch_us, line.request_us
    if request.mean <= 0:
        return
    deep = max(seen.rows, default=16)
    left = line.left(deep) or 1.0
    costs = f"{batch.mean:.3g} µs{_reach(batch)}", f"{request.mean:.3g} µs{_reach(request)}"
    evidence = f"a batch costs {costs[0]} and each request in it {costs[1]}"
    times = 1 + batch.mean / request.mean
    if batch.mean <= 0 or (batch.low is not None and batch.low <= 0):
        yield Finding("gains nothing from pipelining that can be told from noise", evidence)
    elif times < LITTLE:
        yield Finding(f"gains little from pipelining, at most {times:.1f} times", evidence)
    else:
        text = f"gains up to {times:.1f} times from pipelining"
        yield Finding(text, f"{evidence}; beyond depth {deep} at most {left:.2f} times more are left")
    if line.misfit is not None and line.off is not None:
        yield _misfit(seen, line.misfit, line.off[line.misfit].mean)


def _misfit(seen: Evidence, worst: int, off: float) -> Finding:
    """Where two numbers do not say what a server does, and what else is known of it there."""
    way = "more" if off > 0 else "less"
    evidence = f"a request at depth {worst} costs {abs(off):.0%} {way} than the line".replace("%", " %")
    row = seen.rows.get(worst)
    if row is not None and row.disturbed_trials:
        evidence += f"; {row.disturbed_trials} of its {row.trials} trials were disturbed"
    batch = next((one for one in seen.batches if one.depth == worst), None)
    if batch is None:
        option = f"--depth 1,{worst} shows its calls and functions there"
        return Finding("does something else at another depth: two numbers do not fit", evidence, option)
    evidence += f"; there it has {batch.a_request(batch.all):.2f} system calls a request"
    return Finding("does something else at another depth: two numbers do not fit", evidence)


def _reach(value: Value) -> str:
    return "" if value.high is None else f" (±{value.high - value.mean:.2g})"


_LOOKS: Sequence[Callable[[Evidence], Iterator[Finding]]] = (
    _writes, _reads, _waits, _wakes, _others, _kernel, _parses, _idles, _gains,
)  # fmt: skip


def _advice(record: AdapterRecord, *words: str) -> str | None:
    """What the documentation recommends that has to do with it, and whether the adapter does so; else the remark."""
    for one in record.tuning:
        if not one.advice.startswith("nothing") and any(word in one.advice.lower() for word in words):
            return _said(one)
    remark = record.remark
    return remark if remark is not None and any(word in remark.lower() for word in words) else None


def _said(one: Tuning) -> str:
    taken = {"yes": "its adapter does so", "no": "its adapter does not", "in part": "its adapter does so in part"}
    why = f": {one.why}" if one.why else ""
    return f"its documentation: {one.advice}" + (f" ({taken[one.taken.value]}{why})" if one.taken is not None else "")


def _count(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
