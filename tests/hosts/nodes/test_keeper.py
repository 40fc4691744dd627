"""What is sent to a node."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from runner.hosts.nodes.keeper import pack


def test_the_same_files_are_the_same_parcel_whenever_they_were_written(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "folder").mkdir(parents=True)
        (tmp_path / name / "folder" / "app.py").write_text("print()")
    (tmp_path / "two" / "__pycache__").mkdir()
    (tmp_path / "two" / "__pycache__" / "app.pyc").write_bytes(b"other")
    first, second = (pack([(tmp_path / name, "runner")]) for name in ("one", "two"))
    assert first == second
    (tmp_path / "two" / "folder" / "app.py").write_text("print(1)")
    assert pack([(tmp_path / "two", "runner")]).digest != first.digest


def test_it_holds_files_under_their_names(tmp_path: Path) -> None:
    (tmp_path / "pipeline.lua").write_text("lua")
    with tarfile.open(fileobj=io.BytesIO(pack([(tmp_path, "lua")]).content)) as archive:
        assert archive.getnames() == ["lua/pipeline.lua"]
