"""The action's installing step, with a Python that only notes what it is asked for."""

import os
import subprocess
from pathlib import Path

import pytest

ACTION = Path(__file__).parent.parent

PYTHON = """#!/usr/bin/env bash
echo "$*" >>"$LOG"
case "$*" in
  "-I -m venv "*) mkdir -p "$4/$BIN" && cp "$0" "$4/$BIN/$NAME" ;;
  "-I -m mapguard version") echo "mapguard 1.2.3" ;;
  "-I -m pip install "*) exit "${PIP:-0}" ;;
  *) exit 9 ;;
esac
"""


def install(folder: Path, version: str = "", layout: tuple[str, str] = ("bin", "python"), pip: int = 0) -> tuple[int, list[str], str]:
    """The exit code, what Python was asked for, and the outputs."""
    python = folder / "setup-python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    given = {"GITHUB_ACTION_PATH": str(ACTION), "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "output")}
    stub = {"LOG": str(folder / "log"), "BIN": layout[0], "NAME": layout[1], "PIP": str(pip)}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(ACTION / "action/install.sh")],
        env={**os.environ, **given, **stub, "SETUP_PYTHON": str(python), "VERSION": version},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    log, output = folder / "log", folder / "output"
    return done.returncode, log.read_text().splitlines() if log.exists() else [], output.read_text() if output.exists() else done.stdout


@pytest.mark.parametrize("layout", [("bin", "python"), ("Scripts", "python.exe")])
def test_the_revision_of_the_action_is_installed_apart(tmp_path: Path, layout: tuple[str, str]) -> None:
    code, asked, output = install(tmp_path, layout=layout)
    assert code == 0
    assert asked == [
        f"-I -m venv {tmp_path}/mapguard/venv",
        f"-I -m pip install --quiet --disable-pip-version-check {ACTION}",
        "-I -m mapguard version",
    ]
    assert output == f"python={tmp_path}/mapguard/venv/{layout[0]}/{layout[1]}\nversion=1.2.3\n"


def test_a_released_version_on_request(tmp_path: Path) -> None:
    code, asked, _ = install(tmp_path, "1.2.3")
    assert code == 0
    assert asked[1].endswith(" mapguard==1.2.3")


@pytest.mark.parametrize("version", ["latest", "1.0 --index-url=x", "$(touch ran)", "--editable", "1;touch ran", "1\n2"])
def test_nothing_but_a_version_is_a_version(tmp_path: Path, version: str) -> None:
    code, asked, printed = install(tmp_path, version)
    assert (code, asked) == (2, [])
    assert printed == "::error title=mapguard::the input version is not a version number\n"
    assert not (tmp_path / "ran").exists()


def test_a_failed_installation_fails_the_step(tmp_path: Path) -> None:
    assert install(tmp_path, pip=1)[0] == 1


def test_a_version_that_is_not_released_names_what_to_use_instead(tmp_path: Path) -> None:
    code, _, printed = install(tmp_path, "9.9.9", pip=1)
    assert code == 1
    assert printed.startswith("::error title=mapguard::mapguard 9.9.9 could not be installed from PyPI.")
    assert "leave the input version empty" in printed
