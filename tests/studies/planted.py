"""Statements planted in a server, and how often counting instructions finds them.

``python -m tests.studies.planted FILE [--repeats 5] [--at-once 6]`` appends a line of JSON a repeat: the server
uvloop-httptools as it is, again, and with statements worth roughly 0.1 %, 0.5 % and 2 % of a request at depth 1, each
counted anew; and whether the line that ``count --where`` names first is a planted one. What ``FILE`` has already is
kept. At the end all of it is summed up: found is what is more by half of what was planted at least, whatever the goes
leave open. Other work may go on meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
PLANTED: Mapping[str, int] = {"base": 0, "again": 0, "0.1 %": 1, "0.5 %": 7, "2 %": 28}
"""How many statements; what they are really worth is in what is summed up. A loop is no small thing to plant: two turns
of an empty one are 3 % of a request here.
"""
SHARES = {"again": 0.001, "0.1 %": 0.001, "0.5 %": 0.005, "2 %": 0.02}


def main() -> None:
    """Count, write down, sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=6)
    given = parser.parse_args()
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="planted-") as folder:
        made = {name: planted(Path(folder), name, times) for name, times in PLANTED.items()}
        tool = counting.require_valgrind()
        with ThreadPoolExecutor(given.at_once) as executor:
            running = [
                {name: executor.submit(counting.count, one, depths=(1,), tool=tool) for name, one in made.items()}
                for _ in range(given.repeats)
            ]
            for repeat in running:
                found = {name: one.result().count for name, one in repeat.items()}
                line = {name: told(one) for name, one in found.items()} | {"where": where(made)}
                with given.file.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    print(summed_up([json.loads(line) for line in given.file.read_text().splitlines()]))


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
    return {"goes": one.depths[0].goes, "seconds": one.seconds}


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


def summed_up(lines: list[dict[str, dict[str, object]]]) -> str:
    """A line for each share."""
    text = [f"{len(lines)} repeats"]
    for name, share in SHARES.items():
        ratios, found, named = [], 0, 0
        for line in lines:
            base, new = (count_of(line[one]) for one in ("base", name))
            (difference,) = comparing.differences(base, new)
            ratios.append(difference.ratio - 1)
            found += difference.more_than(share / 2)
            named += line["where"].get(name) is True
        seconds = fmean(float(str(line[name]["seconds"])) for line in lines)
        what = "planted nothing" if name == "again" else f"planted {name}, its line named {named} times"
        text.append(
            f"{what}: more by {share / 2:.3%} in {found} of {len(lines)}; "
            f"{min(ratios):+.3%} to {max(ratios):+.3%}, {seconds:.0f} s a count"
        )
    return "\n".join(text)


def count_of(line: Mapping[str, object]) -> Count:
    """A count out of what was written down."""
    goes = line["goes"]
    assert isinstance(goes, list)
    return Count(SERVER, SERVER, None, None, (DepthCount(1, tuple(goes)),))


if __name__ == "__main__":
    main()
