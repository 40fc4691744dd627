"""Two servers of one run: how they are named, which cells are paired, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from runner.errors import RecordError
from runner.record.adapter import Change, Source, Variant
from runner.record.plan import Cell
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Trial
from runner.rows.comparing import within
from runner.rows.comparing.comparison import Change as Found
from tests import builders

COMMIT = "abc123def4" + "0" * 30
BRANCH = Variant("aiohttp@main", (Change("aiohttp", source=Source(COMMIT, True, "f" * 64)),))
RELEASE = Variant("aiohttp==3.9.5", (Change("aiohttp", version="3.9.5"),))


def record(variant: Variant | None = None, name: str = "aiohttp", version: str = "3.14.5") -> AdapterRecord:
    return builders.adapter_record(name=name, title=name, variant=variant, version=version)


RECORDS = (record(), record(BRANCH, version="4.0.0"), record(RELEASE, version="3.9.5"), record(name="sanic"))


def measured(
    rates: Mapping[int, Sequence[float]] | None = None, depths: Mapping[int, Sequence[int]] | None = None
) -> tuple[Run, tuple[Trial, ...]]:
    """A run of :data:`RECORDS` at depth 1, or at ``depths``, with ``rates`` in thousands of requests/s, by place."""
    cells, trials = [], []
    for place, one in enumerate(RECORDS):
        for depth in (depths or {}).get(place, (1,)):
            cell = builders.cell(adapter=one.name, variant=one.server[2], depth=depth)
            cells.append(cell)
            for number, rate in enumerate((rates or {}).get(place, [90 + k / 10 for k in range(6)]), start=1):
                requests = 5 * round(rate * 200)
                load = builders.load(
                    requests=requests,
                    bytes_read=requests * builders.RESPONSE_BYTES,
                    histogram=((50 * 5 * 1_000_000 // requests, requests // 5),),
                )
                usage = builders.server_usage(cpu_ns=980_000_000 + 1000 * number)
                trials.append(builders.trial(cell=cell, number=number, round=number, load=load, server=usage))
    return builders.run(adapters=RECORDS, cells=tuple(cells)), tuple(trials)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("aiohttp", 0),
            ("sanic", 3),
            ("aiohttp@main", 1),
            ("aiohttp@aiohttp@main", 1),
            (f"aiohttp@{COMMIT}", 1),
            ("aiohttp@abc123", 1),
            ("aiohttp@3.9.5", 2),
            ("aiohttp@aiohttp==3.9.5", 2),
            ("aiohttp==3.9.5", 2),
            ("aiohttp@3.14", 0),
        ],
    )
    def test_a_variant_has_several(self, name: str, place: int) -> None:
        run, _ = measured()
        assert within.record(run, name) is RECORDS[place]

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("aiohtp", "no server 'aiohtp': there are aiohttp"),
            ("aiohttp@3.10", "is none of"),
            ("aiohttp@3.", "is 2 of"),
        ],
    )
    def test_what_is_none_or_several_is_refused_with_those_there_are(self, name: str, said: str) -> None:
        run, _ = measured()
        with pytest.raises(RecordError, match=said):
            within.record(run, name)

    def test_two_interpreters_of_one_adapter_are_told_apart_by_theirs(self) -> None:
        on_loop = Variant("rloop", env=(("LOOP", "rloop"),))
        every = [
            builders.adapter_record(python=python, variant=variant)
            for python in ("3.13.0", "3.12.1", "pypy3.11.17")
            for variant in (None, on_loop)
        ]
        run = builders.run(adapters=tuple(every))
        for place, names in enumerate(
            [
                ("aiohttp@py3.13.0", "aiohttp@py3.13"),
                ("aiohttp@rloop,py3.13.0", "aiohttp@py3.13,rloop"),
                ("aiohttp@py3.12.1", "aiohttp@py3.12"),
                ("aiohttp@rloop,py3.12.1",),
                ("aiohttp@pypy3.11.17", "aiohttp@pypy"),
                ("aiohttp@rloop,pypy3.11.17", "aiohttp@rloop,pypy"),
            ]
        ):
            assert within.named(every[place], every) == names[0]
            assert [within.record(run, name) for name in names] == [every[place]] * len(names)
        for name in ("aiohttp", "aiohttp@rloop", "aiohttp@py3"):
            with pytest.raises(RecordError, match=r"aiohttp@py3\.12\.1, aiohttp@rloop,py3\.12\.1, aiohttp@pypy"):
                within.record(run, name)
        with pytest.raises(RecordError, match=r"rloop is 3 of aiohttp@rloop,py3\.13\.0, "):
            within.record(run, "rloop")
        assert within.shown(every[4], every) == "aiohttp on PyPy 3.11.17"
        assert within.shown(every[5], every) == "aiohttp@rloop,pypy3.11.17"


class TestComparing:
    def test_a_slower_variant_is_found_and_the_run_is_named(self) -> None:
        run, trials = measured({1: [80 + k / 10 for k in range(6)]})
        found = within.compare((run, trials), "aiohttp", "aiohttp@main")
        (cell,) = found.cells
        assert cell.change is Found.SLOWER
        assert (found.base, found.new, found.within) == ("aiohttp on CPython 3.13.0", "aiohttp@aiohttp@main", run.id)
        assert found.drift is None, "what the machine does hits both alike"

    def test_equal_ones_show_no_difference(self) -> None:
        (cell,) = within.compare(measured(), "aiohttp", "aiohttp@3.9.5").cells
        assert cell.change is Found.NONE_FOUND

    def test_what_only_one_of_them_was_measured_under_is_named(self) -> None:
        run, trials = measured(depths={0: (1, 5), 1: (1, 16)})
        found = within.compare((run, trials), "aiohttp", "aiohttp@main")
        assert [cell.depth for cell in found.cells] == [1]
        own, theirs = (
            builders.cell(adapter="aiohttp", variant=variant, depth=depth).id
            for variant, depth in ((None, 5), ("aiohttp@main", 16))
        )
        assert (found.only_base, found.only_new) == ((own,), (theirs,))

    def test_the_more_cells_the_wider_each_interval(self) -> None:
        one = within.compare(measured(), "aiohttp", "aiohttp@main").cells[0]
        several = measured(depths={0: (1, 5, 16), 1: (1, 5, 16)})
        many = within.compare(several, "aiohttp", "aiohttp@main").cells[0]
        assert one.rate_ratio is not None
        assert many.rate_ratio is not None
        assert many.rate_ratio.relative_half_width > one.rate_ratio.relative_half_width

    @pytest.mark.parametrize(
        ("base", "new", "said"),
        [
            ("aiohttp", "aiohttp", "are the same server"),
            ("aiohttp@main", f"aiohttp@{COMMIT}", "are the same server"),
            ("aiohttp", "sanic", "not measured under the same load"),
        ],
    )
    def test_what_cannot_be_compared_is_refused(self, base: str, new: str, said: str) -> None:
        run, trials = measured(depths={3: (5,)})
        with pytest.raises(RecordError, match=said):
            within.compare((run, trials), base, new)

    def test_cells_are_of_the_servers_that_were_named(self) -> None:
        run, trials = measured()
        (cell,) = within.compare((run, trials), "aiohttp@main", "aiohttp@3.9.5").cells
        assert isinstance(run.cells[0], Cell)
        assert (cell.base.variant, cell.new.variant) == ("aiohttp@main", "aiohttp==3.9.5")
