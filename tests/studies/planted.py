"""Statements planted in a server, and how often counting instructions finds them.

``python -m tests.studies.planted FILE [--repeats 20] [--seconds 250] [--at-once 2]`` appends a line of JSON a repeat:
the server uvloop-httptools as it is, and with statements worth roughly 0.1 %, 0.5 % and 2 % of a request at depth 1,
each counted anew; and whether the line that ``count --where`` names first is a planted one. It ends when ``FILE`` has
so many repeats, or before its time is over; what ``FILE`` has already is kept. Then all of it is summed up: found is
what is more by half of what was planted at least, whatever the goes leave open; where nothing was planted, each count
of the server as it is and the one before. Other work may go on meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from runner import project
from runner.adapters import environments, metadata
from runner.counting import bytecodes, comparing, counting
from runner.counting.comparing import Line
from runner.record.adapter import Environment
from runner.record.count import Count, DepthCount
from runner.serving import process

SERVER = "uvloop-httptools"
HOOK = "        self.parse(data)\n"
STATEMENT = "        planted = 0\n"
PLANTED: Mapping[str, int] = {"base": 0, "0.1 %": 1, "0.5 %": 4, "2 %": 17}
"""How many statements; what they are really worth is in what is summed up. A loop is no small thing to plant: two turns
of an empty one are 3 % of a request here.
"""
SHARES = {"0.1 %": 0.001, "0.5 %": 0.005, "2 %": 0.02}


def main() -> None:
    """Count, write down, sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=250.0)
    parser.add_argument("--at-once", type=int, default=2)
    given = parser.parse_args()
    until, longest = time.monotonic() + given.seconds, 0.0
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="planted-") as folder:
        made = {name: planted(Path(folder), name, times) for name, times in PLANTED.items()}
        tool = counting.require_valgrind()
        with ThreadPoolExecutor(given.at_once) as executor:
            while len(read(given.file)) < given.repeats and (began := time.monotonic()) + longest < until:
                running = {n: executor.submit(counting.count, one, depths=(1,), tool=tool) for n, one in made.items()}
                line = {name: told(one.result().count) for name, one in running.items()} | {"where": where(made)}
                with given.file.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                longest = max(longest, time.monotonic() - began)
    print(summed_up(read(given.file)))


def read(file: Path) -> list[dict[str, Mapping[str, object]]]:
    """The repeats so far."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def planted(folder: Path, name: str, times: int) -> Environment:
    """The server with so many statements more in what it does for each piece of data."""
    (made,) = environments.prepare(metadata.select(metadata.discover(project.ROOT), [SERVER]))
    if not isinstance(made, Environment):
        raise SystemExit(made.reason)
    text = made.adapter.path.read_text()
    if text.count(HOOK) != 1:
        raise SystemExit(f"{made.adapter.path} has not the line to plant at")
    # Paths of one length: what they are called must not move anything in memory.
    path = folder / f"{name.replace(' ', '').replace('%', ''):_>8}.py"
    path.write_text(text.replace(HOOK, STATEMENT * times + HOOK))
    return replace(made, adapter=replace(made.adapter, path=path), argv=(made.argv[0], str(path)))


def told(one: Count) -> dict[str, object]:
    """A count in short."""
    if one.reason is not None:
        raise SystemExit(one.reason)
    return {"goes": one.depths[0].goes, "base_apart": one.depths[0].base_apart, "seconds": one.seconds}


def where(made: Mapping[str, Environment]) -> dict[str, bool | str]:
    """Whether the line that differs most in bytecodes is the planted one, by what was planted."""
    base = bytecodes.per_request(made["base"])
    found: dict[str, bool | str] = {}
    for name, times in PLANTED.items():
        if times:
            new = bytecodes.per_request(made[name])
            if isinstance(base, str) or isinstance(new, str):
                found[name] = base if isinstance(base, str) else str(new)
                continue
            moved = comparing.moved_lines(own(base), own(new), least=0.5)
            lines = made[name].adapter.path.read_text().splitlines()
            named = moved and lines[moved[0].place.line - 1]
            found[name] = named == STATEMENT.rstrip("\n")
    return found


def own(seen: Mapping[Line, float]) -> Mapping[Line, float]:
    """Lines of the server's file alone, under one name: each server has its own copy."""
    return {
        replace(line, place=replace(line.place, file=SERVER)): count
        for line, count in seen.items()
        if Path(line.place.file).parent.name.startswith("planted-")
    }


def summed_up(lines: Sequence[Mapping[str, Mapping[str, object]]]) -> str:
    """A line for each share."""
    bases = [count_of(line["base"]) for line in lines]
    text = [f"{len(lines)} repeats"]
    for name, share in SHARES.items():
        pairs = [(base, count_of(line[name])) for base, line in zip(bases, lines, strict=True)]
        named = sum(line["where"].get(name) is True for line in lines)
        seconds = fmean(float(str(line[name]["seconds"])) for line in lines)
        text.append(f"planted {name}: {found(pairs, share / 2)}; its line named {named} times, {seconds:.0f} s a count")
    text.append(f"planted nothing: {found(list(pairwise(bases)), 0.0005)}")
    return "\n".join(text)


def found(pairs: Sequence[tuple[Count, Count]], share: float) -> str:
    """How often the second has more by so much, and by how much."""
    differences = [one for base, new in pairs for one in comparing.differences(base, new)]
    more = sum(one.more_than(share) for one in differences)
    ratios = [one.ratio - 1 for one in differences] or [0.0]
    return f"more by {share:.2%} in {more} of {len(differences)}; {min(ratios):+.3%} to {max(ratios):+.3%}"


def count_of(line: Mapping[str, object]) -> Count:
    """A count out of what was written down."""
    goes, apart = line["goes"], line["base_apart"]
    assert isinstance(goes, list)
    return Count(SERVER, SERVER, None, None, (DepthCount(1, tuple(goes), float(str(apart))),))


if __name__ == "__main__":
    main()
