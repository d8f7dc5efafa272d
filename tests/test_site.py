"""The documentation site builds without a warning, loads nothing from elsewhere, and has no page that its navigation forgets."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patience import HANG

ROOT = Path(__file__).parent.parent


def built(root: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    program = Path(sys.executable).parent / "mkdocs"
    if not program.exists():
        pytest.skip("mkdocs-material is not installed")
    return subprocess.run(
        [program, "build", "--strict", "--site-dir", folder],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
    )


def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    done = built(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/semantics/index.html").read_text("utf-8")
    assert "https://github.com/mapguard/mapguard/tree/main/tests/fixtures/" in page
    assert (tmp_path / "site/report.schema.json").read_bytes() == (ROOT / "docs/report.schema.json").read_bytes()
    for file in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r"""<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]*)""", file.read_text("utf-8"))
        assert loaded == [], file


def test_it_would_complain(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs/index.md").write_text("# m\n\n[gone](gone.md) [there](ci.md#no-such-heading)\n")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "gone.md" in done.stderr
    assert "no-such-heading" in done.stderr
