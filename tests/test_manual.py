"""The manual page, what shells complete, and ``--watch``: as those who use them see them."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import HANG
from scanning import RACE, environment, run, tree

ROOT = Path(__file__).parent.parent


def test_the_manual_page_is_up_to_date(tmp_path: Path) -> None:
    """``mapguard man > docs/mapguard.1`` makes it."""
    assert run("man", cwd=tmp_path, COLUMNS="50").out == (ROOT / "docs/mapguard.1").read_text("utf-8")


def test_the_manual_page_says_what_the_help_says(tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    command = ["man", "--warnings", "-E", "UTF-8", "-l", str(ROOT / "docs/mapguard.1")]
    done = subprocess.run(command, env={**environment(MANWIDTH="200"), "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    page = " ".join(done.stdout.split())
    for args in (["scan"], ["init"], ["fix"], ["baseline", "write"], ["completion"]):
        words = run(*args, "--help", cwd=tmp_path, COLUMNS="200").out
        for line in words.partition("\n\n")[2].replace("Options:\n", "").splitlines():
            option, _, says = line.strip().removesuffix(":").partition("  ")
            assert " ".join(option.split()) in page
            assert " ".join(says.split()) in page


# ---------------------------------------------------------------- completion


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A PATH on which ``mapguard`` is the one under test."""
    file = tmp_path / "bin/mapguard"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT}/analyzer exec {shlex.quote(sys.executable)} -m mapguard "$@"\n')
    file.chmod(0o755)
    return f"{file.parent}{os.pathsep}{os.environ['PATH']}"


_SCRIPTS = {
    "bash": """eval "$(mapguard completion bash)"
COMP_WORDS=({words}); COMP_CWORD={at}; _mapguard_completion mapguard; printf '%s\\n' "${{COMPREPLY[@]}}" """,
    "zsh": """autoload -Uz compinit && compinit -u -D; eval "$(mapguard completion zsh)"
compadd() {{ print -l -- $completions; }}; _describe() {{ print -l -- $completions_with_descriptions; }}
words=({words}); CURRENT=$(({at} + 1)); _mapguard_completion""",
    "fish": """mapguard completion fish | source; complete -C {line}""",
}


@pytest.mark.parametrize("shell", list(_SCRIPTS))
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mapguard", "sc"], "scan"),
        (["mapguard", "scan", "--fail-on", "w"], "warning"),
        (["mapguard", "explain", "map-w"], "map-write-under-rlock"),
    ],
)
def test_a_shell_completes(program: str, tmp_path: Path, shell: str, words: list[str], expected: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = _SCRIPTS[shell].format(words=shlex.join(words), at=len(words) - 1, line=shlex.quote(" ".join(words)))
    quiet = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    env = environment(PATH=program, HOME=str(tmp_path), TERM="dumb")
    done = subprocess.run([shell, *quiet, "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=HANG)
    assert expected in done.stdout, done.stderr


# ---------------------------------------------------------------- watching


@pytest.mark.usefixtures("ctrl_c")
def test_watching_scans_again_when_a_file_changes(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    tree(tmp_path, {"go.mod": "module m\n\ngo 1.22\n", "race.go": RACE})
    command = [sys.executable, "-m", "mapguard", "scan", "--watch", "-f", "concise", "--no-cache"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("race.go:7:")
        time.sleep(1)  # until it watches
        tree(tmp_path, {"notes.md": "nobody reads this\n"})
        tree(tmp_path, {"race.go": "\n" + RACE})
        assert process.stderr.readline().startswith("mapguard: changed; scanning ")
        assert process.stdout.readline().startswith("race.go:8:")
        tree(tmp_path, {"mapguard.toml": "version = 2\n"})
        assert process.stderr.readline().startswith("mapguard: changed")
        assert "version" in process.stderr.readline()  # said, and the watch goes on
        tree(tmp_path, {"mapguard.toml": "version = 1\n", "race.go": "package p\n"})
        assert process.stderr.readline().startswith("mapguard: changed")
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=HANG)
    assert (process.returncode, "Traceback" in err) == (0, False)
    assert out == ""
