"""``mapguard`` in the process of the test: quicker than one of its own, and with what it prints caught."""

import pytest

from git_repository import Repository
from mapguard.cli.main import main


def ran(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it printed on both channels."""
    with pytest.raises(SystemExit) as stopped:
        main([*args, "--no-cache", "--jobs", "1"])
    out, err = capsys.readouterr()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, out, err


def fingerprint(repo: Repository, capsys: pytest.CaptureFixture[str]) -> str:
    """That of the first finding of a repository."""
    _, out, _ = ran(capsys, "scan", str(repo.root))
    return out.partition("fingerprint ")[2].partition(";")[0]
