"""``python -m tests.differential``: where do servers differ over how many requests there were?"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.record.adapter import Environment, Unavailable
from runner.serving import process
from tests.differential import views
from tests.differential.crowd import Crowd
from tests.differential.search import Count, Difference, Key, search
from tests.differential.views import Kind


def shown(one: Difference) -> str:
    """A difference as Markdown: the bytes, and who made what of them."""
    lines = [f"**{one.kind}**", "", "```", *(repr(line)[2:-1] for line in one.stream.splitlines(keepends=True)), "```"]
    lines += [f"- {', '.join(names)}: {view}" for view, names in views.groups(one.views).items()]
    return "\n".join((*lines, ""))


def as_json(one: Difference) -> str:
    """The same, to be kept."""
    seen = {name: str(view) for name, view in one.views.items()}
    groups = list(views.groups(one.views).values())
    return json.dumps({"kind": one.kind, "stream": one.stream.decode("latin-1"), "views": seen, "groups": groups})


def kept_keys(path: Path | None) -> set[Key]:
    """What makes the differences in the file that is kept the ones they are; none where there is no file yet."""
    if path is None or not path.exists():
        return set()
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    return {(Kind(one["kind"]), frozenset(tuple(group) for group in one["groups"])) for one in kept}


def main(arguments: list[str]) -> int:
    """Search, and print each difference as it is found; those that were found are also kept in ``--save``."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to search [5]")
    parser.add_argument("--servers", default="aiohttp,sanic,tornado,nethttp,uvicorn,waitress", help="adapters, by name")
    parser.add_argument("--seed", type=int, default=1, help="where the search begins [1]")
    parser.add_argument(
        "--save",
        type=Path,
        help="append each difference to this file, a line of JSON each; what it has is not found again",
    )
    options = parser.parse_args(arguments)
    chosen = metadata.select(metadata.discover(project.ROOT), options.servers.split(","))
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-differential-") as folder:
        made = environments.prepare(chosen)
        for one in made:
            if isinstance(one, Unavailable):
                print(f"not tried: {one.adapter.name}: {one.reason}", file=sys.stderr)
        ready = [one for one in made if isinstance(one, Environment)]
        crowd, count = Crowd(ready, Path(folder)), Count()

        def found(one: Difference) -> None:
            print(shown(one), flush=True)
            if options.save:
                with options.save.open("a") as kept:
                    kept.write(as_json(one) + "\n")

        began = time.monotonic()
        try:
            differences = search(crowd.ask, options.minutes * 60, options.seed, found, count, kept_keys(options.save))
        finally:
            crowd.close()
    minutes = (time.monotonic() - began) / 60
    print(
        f"{len(differences)} differences in {count.streams} streams to {len(ready)} servers and the model, "
        f"{minutes:.1f} minutes; {count.unsteady} did not repeat"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
