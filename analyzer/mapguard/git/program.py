"""Arguments to git's output: the only place that starts git.

git can be told to start programs in some fifty ways: configuration keys, attributes, hooks, variables. Instead of turning each of them off,
git is given a folder of ours in place of the repository's own (``repository``), so that nobody else's configuration, attributes or hooks
exist for it, and no variable of git's but ours.
"""

import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from mapguard.base.programs import installed

_SECONDS = 60.0
_OURS = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # no transport at all, whoever asks for one
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(Exception):
    """git is not there, or said no."""


def run(
    args: Collection[str],
    folder: Path,
    env: Mapping[str, str],
    data: bytes = b"",
    accepted: Collection[int] = (0,),
    seconds: float | None = None,
) -> bytes:
    """What a git command prints. ``folder`` is an empty one of ours: git starts there and takes it for the user's home.

    ``env`` are the variables of git's own that are wanted; ``accepted`` are the exit codes that are no error.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}  # a git before 2.32 knows no GIT_CONFIG_GLOBAL
    return start(args, folder, {**own, **home, **_OURS, **env}, data, accepted, seconds)


def start(
    args: Collection[str],
    cwd: Path,
    env: Mapping[str, str],
    data: bytes = b"",
    accepted: Collection[int] = (0,),
    seconds: float | None = None,
) -> bytes:
    """The same in a surrounding that the caller answers for."""
    seconds = seconds or _SECONDS
    try:
        done = subprocess.run([_program(), *args], cwd=cwd, env=dict(env), input=data, capture_output=True, timeout=seconds, check=False)
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git did not answer within {seconds:.0f} seconds") from error
    if done.returncode not in accepted:
        raise GitError(" ".join(done.stderr.decode("utf-8", "replace").split()) or f"git ended with {done.returncode}")
    return done.stdout


def _program() -> str:
    found = installed("git")
    if found is None:
        raise GitError("git cannot be run: it is not on the PATH")
    return found
