"""A command to one that runs again whenever a file changes that a scan reads."""

from collections.abc import Callable
from pathlib import Path

from mapguard.base.errors import UsageError
from mapguard.cli.baselinefile import NAME as BASELINE
from mapguard.cli.configfile import NAMES as CONFIGURATION
from mapguard.cli.console import say

_NAMES = frozenset(["go.mod", "go.work", BASELINE, *CONFIGURATION])


def repeat(once: Callable[[], int], root: Path) -> int:
    """Runs ``once`` now and after each change below ``root``, until it is interrupted; the last exit code.

    What is wrong with one state of the tree is said and does not end the watch: the next state may be right.
    """
    try:
        from watchfiles import watch
    except ModuleNotFoundError as error:
        raise UsageError("--watch needs the package watchfiles: pip install 'mapguard[watch]'") from error
    code = _said(once)
    for _ in watch(root, watch_filter=lambda _, path: matters(path), raise_interrupt=False):
        say(f"mapguard: changed; scanning {root} again", err=True)
        code = _said(once)
    return code


def matters(path: str) -> bool:
    """Whether a scan reads a file of this name."""
    file = Path(path)
    return (file.suffix == ".go" or file.name in _NAMES) and ".git" not in file.parts


def _said(once: Callable[[], int]) -> int:
    try:
        return once()
    except UsageError as error:
        say(f"mapguard: {error}", err=True)
        return 2
