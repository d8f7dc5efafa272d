"""What mapguard writes: whole or not at all, and never through a link that the scanned repository brought."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import scanning
from mapguard.base import files


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_permissions_stay(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(mode)
    files.write(file, b"new")
    assert (file.read_bytes(), file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (b"new", mode, [file])


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    files.write(tmp_path / "a", b"new")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def full(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(KeyboardInterrupt):
        files.write(tmp_path / "a", b"new")
    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("a", b"old")]


def test_a_name_as_long_as_a_name_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("a" * 255)
    files.write(file, b"new")
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize(
    "args", [("scan", ".", "--output", "out"), ("scan", ".", "--report", "sarif=out"), ("baseline", "write", "--baseline", "out")]
)
def test_a_link_is_replaced_not_followed(tmp_path: Path, args: tuple[str, ...]) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    root = scanning.tree(tmp_path / "tree", {"go.mod": "module m\n", "a.go": scanning.RACE})
    (root / "out").symlink_to(victim)
    done = scanning.run(*args, cwd=root)
    assert done.code in (0, 1), done.err
    assert victim.read_text() == "precious"
    assert (root / "out").is_file()
    assert not (root / "out").is_symlink()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    root = scanning.tree(tmp_path, {"go.mod": "module m\n", "a.go": scanning.RACE})
    done = scanning.run("scan", ".", "--format", "json", "--output", "/dev/stdout", cwd=root)
    assert done.out.startswith("{"), done.err


def test_a_run_that_is_killed_leaves_the_old_report(tmp_path: Path) -> None:
    root = scanning.tree(tmp_path, {"go.mod": "module m\n", "a.go": scanning.RACE, "out": "old"})
    program = "import os, signal\nfrom pathlib import Path\nfrom mapguard.base import files\n"
    program += f"Path.replace = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\nfiles.write(Path({str(root / 'out')!r}), b'new')\n"
    done = subprocess.run([sys.executable, "-c", program], env=scanning.environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert (root / "out").read_text() == "old"


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_takes_no_new_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        files.write(tmp_path / "a", b"new")
        assert (tmp_path / "a").read_bytes() == b"new"
    finally:
        tmp_path.chmod(0o700)
