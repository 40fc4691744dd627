"""volley's command line, and its record as a load: records that it wrote of two small loads, and what is no record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.load import volley
from runner.load.volley import Order
from runner.record.histogram import Histogram
from runner.record.trial import Address, GeneratorErrors, Load, Verified
from runner.record.volley import Batches, Mode, Volley
from tests import builders

RECORDED = Path(__file__).parent / "recorded"
ORDER = Order(threads=1, duration_s=1, grace_s=5, expect="Hello world!")


def argv(order: Order = ORDER, **cell: Any) -> tuple[str, ...]:
    return volley.argv("volley", builders.cell(**cell), Address("127.0.0.1", 8080), order, Path("/runs/1/volley.json"))


def recorded(name: str, **changes: Any) -> str:
    """What volley wrote of a load of ``toys.py Good``: closed, or open with a body expected that it does not send."""
    record = json.loads((RECORDED / f"volley-{name}.json").read_text(encoding="utf-8"))
    return json.dumps(record | changes)


def parse(text: str) -> tuple[Load, Volley]:
    load = volley.parse(text, argv=("volley", "--depth=3"))
    assert load.volley is not None
    return load, load.volley


class TestCommand:
    def test_of_a_closed_load_it_is_the_cells(self) -> None:
        assert argv(depth=16, connections=200) == (
            "volley",
            "--threads=1",
            "--connections=200",
            "--depth=16",
            "--duration=1s",
            "--grace=5s",
            "--expect=Hello world!",
            "--record=/runs/1/volley.json",
            "http://127.0.0.1:8080",
        )

    def test_a_rate_makes_it_open_in_bursts_of_the_depth_or_as_the_cell_has_them(self) -> None:
        order = replace(ORDER, rate=1234.5678, seed=77)
        whole, single = argv(order), argv(order, burst=1)
        assert whole[6:9] == ("--rate=1234.5678", "--burst=5", "--seed=77")
        assert single[6:9] == ("--rate=1234.5678", "--burst=1", "--seed=77")

    def test_arrivals_may_be_even_and_a_window_kept(self) -> None:
        assert "--arrivals=even" in argv(replace(ORDER, rate=5.0, even=True))
        assert "--mode=window" in argv(replace(ORDER, window=True))
        assert "--warm-up=0.5s" in argv(replace(ORDER, warm_up_s=0.5))

    def test_tokens_take_the_place_of_one_body(self) -> None:
        given = argv(replace(ORDER, tokens=True))
        assert "--tokens" in given
        assert not any(word.startswith("--expect") for word in given)

    def test_header_fields_are_sent(self) -> None:
        given = argv(replace(ORDER, fields=("Accept: */*", "User-Agent: x")))
        assert [word for word in given if word.startswith("--header")] == [
            "--header=Accept: */*",
            "--header=User-Agent: x",
        ]


class TestRecord:
    def test_a_closed_load_is_taken_over(self) -> None:
        load, seen = parse(recorded("closed"))
        raw = json.loads(recorded("closed"))
        assert (load.generator, load.argv, load.threads) == ("volley", ("volley", "--depth=3"), 1)
        assert (load.duration_us, load.requests, load.bytes_read) == (200_000, raw["requests"], raw["bytes"])
        assert load.histogram == Histogram.of(map(tuple, raw["latency"]["histogram"]))
        assert load.errors == GeneratorErrors(0, 0, 0, 0, 0)
        assert load.verified == Verified(raw["checked"], 0, None)
        assert (load.cpu_ns, load.active_intervals) == (raw["cpu_ns"], raw["active_intervals"])
        assert (seen.mode, seen.batch, seen.stamped, seen.stamps_missing) == (Mode.CLOSED, 3, True, 0)
        assert seen.batches == Batches(**raw["batches"])
        assert seen.batches.answered == load.histogram.moments.samples
        assert seen.little_ratio == raw["little"]["ratio"]
        assert seen.little_ratio == pytest.approx(1, abs=0.01)
        assert (seen.lag, seen.arrivals, seen.sent_latency) == (None, None, None)
        assert (seen.checked, seen.recognized, seen.reads) == (
            raw["checked"],
            raw["recognized"],
            raw["reads"]["window"],
        )
        assert (seen.silent_connections, seen.interrupted, seen.clock_step_ns) == (0, False, raw["clock_step_ns"])

    def test_own_delay_is_kept_as_percentiles(self) -> None:
        _, seen = parse(recorded("closed"))
        raw = json.loads(recorded("closed"))["own_delay"]
        assert seen.own_delay is not None
        assert (seen.own_delay.count, seen.own_delay.max) == (raw["count"], raw["max_ns"] // 1000)
        assert seen.own_delay.mean == pytest.approx(raw["sum_ns"] / raw["count"] / 1000)
        ranked = [us for us, count in raw["histogram"] for _ in range(count)]
        assert seen.own_delay.p50 == ranked[(raw["count"] + 1) // 2 - 1]

    def test_intervals_have_means_where_something_was_answered(self) -> None:
        _, seen = parse(recorded("closed", intervals=[[9, 3, 6_000_000], [0, 0, 0]]))
        assert [(one.responses, one.batches, one.latency_us) for one in seen.intervals] == [
            (9, 3, 2000.0),
            (0, 0, None),
        ]

    def test_latency_of_an_open_load_counts_from_the_intended_time(self) -> None:
        load, seen = parse(recorded("open"))
        raw = json.loads(recorded("open"))
        assert load.histogram == Histogram.of(map(tuple, raw["intended_latency"]["histogram"]))
        assert (seen.mode, seen.batch, seen.little_ratio) == (Mode.OPEN, 2, None)
        assert seen.sent_latency is not None
        assert seen.sent_latency.max == raw["latency"]["max_ns"] // 1000
        assert seen.lag is not None
        assert seen.lag.count == raw["lag"]["count"]
        arrivals = seen.arrivals
        assert arrivals is not None
        assert (arrivals.rate, arrivals.burst, arrivals.poisson, arrivals.seed) == (200, 2, True, 3)
        assert (arrivals.offered, arrivals.queued, arrivals.backlog) == (34, 0, 0)
        assert arrivals.offered_per_second == raw["open"]["offered_rate"]
        assert arrivals.answered_per_second == raw["open"]["achieved_rate"]
        assert arrivals.anderson_darling == raw["open"]["intended_gaps"]["anderson_darling"]

    def test_what_was_wrong_is_shown_with_where_and_its_bytes(self) -> None:
        load, seen = parse(recorded("open"))
        assert (seen.faults.body, seen.faults.total) == (34, 34)
        assert seen.faults.first is not None
        assert seen.faults.first.startswith("body: another body, expected 'Hello world?' (response 1 of connection 0: ")
        assert seen.faults.first.endswith(r"\r\n\r\nHello world!)")
        assert load.verified == Verified(34, 34, seen.faults.first)

    def test_lost_connections_are_those_that_took_requests_along(self) -> None:
        losses = json.loads(recorded("closed"))["losses"] | {
            "reset": 1,
            "closed_idle": 2,
            "closed_in_batch": 4,
            "error": 8,
        }
        load, seen = parse(recorded("closed", losses=losses, first_loss="reset"))
        assert (seen.losses.idle, seen.losses.with_requests, seen.losses.first) == (2, 13, "reset")
        assert load.errors.read == 13

    def test_a_kernel_without_stamps_is_said(self) -> None:
        stamps = {"source": "none", "reason": "not supported", "reads": 9, "missing": 0, "before_write": 0}
        _, seen = parse(recorded("closed", stamps=stamps, own_delay=None, wire=None))
        assert (seen.stamped, seen.stamps_reason, seen.own_delay, seen.wire) == (False, "not supported", None, None)

    @pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"version": 2}', "17"])
    def test_what_is_no_record(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not a record of volley of version 1|Expecting"):
            volley.parse(text, argv=())

    @pytest.mark.parametrize("name", ["closed", "open"])
    def test_a_record_that_lacks_any_field_that_is_read(self, name: str) -> None:
        """Those that are not read may be missing; where one is, that is a ``ValueError`` and no other."""
        record = json.loads(recorded(name))
        refused = set()
        for field in record:
            rest = {key: value for key, value in record.items() if key != field}
            try:
                volley.parse(json.dumps(rest), argv=())
            except ValueError:
                refused.add(field)
        assert refused >= {"version", "mode", "requests", "batches", "stamps", "faults", "losses", "reads"}
        assert "address" not in refused

    @pytest.mark.parametrize(
        "changes",
        [
            {"mode": "sideways"},
            {"requests": None},
            {"latency": None},
            {"latency": {"histogram": [[1, 2, 3]]}},
            {"faults": {}},
            {"intervals": [[1]]},
            {"stamps": []},
        ],
    )
    def test_a_record_whose_fields_are_something_else(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r".+"):
            volley.parse(recorded("closed", **changes), argv=())
