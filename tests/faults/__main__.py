"""``python -m tests.faults``: inject each fault, and print the lines that it ends in as a table."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from runner.report.markdown import line
from tests.faults.bench import Bench
from tests.faults.catalogue import FAULTS, NotHereError

with tempfile.TemporaryDirectory(prefix="faults-") as made:
    sys.stdout.write(line(("#", "fault", "ends in")) + "\n" + line(("---",) * 3) + "\n")
    for fault in FAULTS:
        folder = Path(made) / fault.number.replace(", ", "-")
        try:
            unfit = fault.needs_root and os.geteuid()
            said = ["skipped: needs root"] if unfit else fault.inject(Bench(folder, Path(made) / "cache"))
        except NotHereError as error:
            said = [f"skipped: {error}"]
        shown = [text.replace(f"{made}/", "").replace("|", "\\|") for text in said]
        sys.stdout.write(line((fault.number, fault.title, "<br>".join(shown))) + "\n")
        sys.stdout.flush()
