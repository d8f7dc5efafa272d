"""What git can be told to start: each attempt as configuration and files of a repository, with a git command that falls for it.

From git-config(1), gitattributes(5), githooks(5) and git(1). ``SCRIPT`` stands for a program that leaves a mark with the attempt's name.
"""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from git_repository import QUIET, Repository

CHANGED = "package shop\n\nvar Changed = 1\n"
PATCH = b"From 0123 Mon Sep 17 00:00:00 2001\nFrom: a\nDate: d\nSubject: s\n\nbody\n"


class Attempt(msgspec.Struct, frozen=True):
    """``config`` has values with SCRIPT in them, ``files`` are written below the top, ``control`` is what runs the program.

    ``steps`` are git commands that come before; ``terminal`` says that git must see a terminal.
    """

    name: str
    config: tuple[tuple[str, str], ...]
    control: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()
    data: bytes = b""
    terminal: bool = False


Steps = tuple[tuple[str, ...], ...]


def _key(
    key: str,
    *control: str,
    value: str = "SCRIPT",
    more: dict[str, str] | None = None,
    old: str = "",
    steps: Steps = (),
    data: bytes = b"",
    terminal: bool = False,
) -> Attempt:
    files = (("old.go", old),) if old else ()
    return Attempt(key, ((key, value), *(more or {}).items()), control, files, steps, data, terminal)


def _attribute(key: str, attribute: str, *control: str, more: dict[str, str] | None = None, steps: Steps = ()) -> Attempt:
    made = _key(key, *control, more=more, old=CHANGED, steps=steps)
    return msgspec.structs.replace(made, files=((".gitattributes", f"*.go {attribute}\n"), *made.files))


_FILL = b"protocol=https\nhost=example.com\n\n"
_CONFLICT: Steps = (
    ("checkout", "-q", "-b", "a"),
    ("EDIT",),
    ("commit", "-qam", "a"),
    ("checkout", "-q", "main"),
    ("EDIT",),
    ("commit", "-qam", "b"),
)

ATTEMPTS = (
    _key("core.fsmonitor", "status"),
    _key("core.hooksPath", "commit", "--allow-empty", "-m", "m", value="HOOKS"),
    _key("core.sshCommand", "ls-remote", "r1", more={"remote.r1.url": "ssh://example.com/x"}),
    _key("core.gitProxy", "ls-remote", "r2", more={"remote.r2.url": "git://example.com/x"}),
    _key("core.askPass", "credential", "fill", data=_FILL),
    _key("core.editor", "commit", "--allow-empty"),
    _key("core.pager", "log", terminal=True),
    _key("pager.log", "log", terminal=True),
    _key("alias.mine", "mine", value="!SCRIPT"),
    _key("credential.helper", "credential", "fill", value="!SCRIPT", data=_FILL),
    _key("credential.https://example.com.helper", "credential", "fill", value="!SCRIPT", data=_FILL),
    _key("diff.external", "diff", old=CHANGED),
    _attribute("diff.d.command", "diff=d", "diff"),
    _attribute("diff.d.textconv", "diff=d", "diff"),
    _attribute("filter.f.clean", "filter=f", "add", "old.go"),
    _attribute("filter.f.smudge", "filter=f", "cat-file", "--filters", "HEAD:old.go"),
    _attribute("filter.f.process", "filter=f", "add", "old.go", more={"filter.f.required": "true"}),
    _attribute("merge.m.driver", "merge=m", "merge", "a", steps=_CONFLICT),
    _key("difftool.t.cmd", "difftool", "-y", "-t", "t", "HEAD", old=CHANGED),
    _key("mergetool.t.cmd", "mergetool", "-y", "-t", "t", steps=(*_CONFLICT, ("merge", "a"))),
    _key("gpg.program", "commit", "-S", "--allow-empty", "-m", "m"),
    _key("gpg.openpgp.program", "commit", "-S", "--allow-empty", "-m", "m"),
    _key("gpg.x509.program", "commit", "-S", "--allow-empty", "-m", "m", more={"gpg.format": "x509"}),
    _key("gpg.ssh.program", "commit", "-S", "--allow-empty", "-m", "m", more={"gpg.format": "ssh", "user.signingKey": "key::ssh-rsa A"}),
    _key("gpg.ssh.defaultKeyCommand", "commit", "-S", "--allow-empty", "-m", "m", more={"gpg.format": "ssh"}),
    _key("imap.tunnel", "imap-send", more={"imap.folder": "INBOX"}, data=PATCH),
    _key("interactive.diffFilter", "add", "-p", terminal=True, data=b"q\n", old=CHANGED),
    _key("man.viewer", "help", "-m", "git", value="v", more={"man.v.cmd": "SCRIPT"}),
    _key("browser.b.cmd", "web--browse", "-t", "b", "x", more={"browser.b.path": "SCRIPT"}),
    _key("remote.r3.uploadpack", "ls-remote", "r3", more={"remote.r3.url": "."}),
    _key("remote.r4.receivepack", "push", "r4", "main", more={"remote.r4.url": "."}),
    _key("protocol.ext.allow", "ls-remote", "r5", value="always", more={"remote.r5.url": "ext::SCRIPT"}),
    _key("url.ext::SCRIPT.insteadOf", "ls-remote", "r6", value="x:", more={"remote.r6.url": "x: y", "protocol.ext.allow": "always"}),
    _key("sequence.editor", "rebase", "-i", "--root"),
    _key("tar.t.command", "archive", "--format=t", "HEAD"),
    _key("trailer.t.command", "interpret-trailers", "--trailer", "t=1", data=b"s\n\nb\n"),
    _key("trailer.t.cmd", "interpret-trailers", "--trailer", "t=1", data=b"s\n\nb\n"),
    _key("include.path", "status", value="INCLUDED"),
    _key("includeIf.gitdir:**.path", "status", value="INCLUDED"),
    _key("core.worktree", "status", value="..", more={"core.fsmonitor": "SCRIPT"}),
)


class Trap:
    """A repository, the programs that it would like to see run, and what was run."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        self.repository = repository
        self._numbers: dict[str, int] = {}
        self._ran = folder / "ran"
        self._programs = folder / "programs"
        self._ran.mkdir()
        self._programs.mkdir()

    @property
    def ran(self) -> list[str]:
        """The names of the attempts whose program was started."""
        return sorted(file.read_text() for file in self._ran.iterdir())

    def program(self, name: str) -> Path:
        """A program that leaves ``name`` behind."""
        file = self._programs / f"p{self._numbers.setdefault(name, len(self._numbers))}"
        file.write_text(f"#!/bin/sh\nprintf %s '{name}' >'{self._ran / file.name}'\nexit 1\n")
        file.chmod(0o755)
        return file

    def set(self, attempt: Attempt) -> None:
        """Brings the attempt into the repository."""
        for step in attempt.steps:
            self._step(step)
        for key, value in attempt.config:
            self.repository.git("config", "--add", self._filled(key, attempt.name), self._filled(value, attempt.name))
        self.repository.write(dict(attempt.files))

    def spring(self, attempt: Attempt) -> None:
        """The control: git without protection."""
        command = ["git", *attempt.control]
        if attempt.terminal:
            command = ["script", "-qec", " ".join(command), os.devnull]
        subprocess.run(
            command, cwd=self.repository.root, env=plain(TERM="xterm"), input=attempt.data, capture_output=True, timeout=60, check=False
        )

    def _step(self, step: tuple[str, ...]) -> None:
        if step == ("EDIT",):
            self.repository.write({"old.go": f"{CHANGED}// {os.urandom(8).hex()}\n"})
        elif step[0] == "merge":
            subprocess.run(["git", *step], cwd=self.repository.root, env=plain(), capture_output=True, check=False)
        else:
            self.repository.git(*step)

    def _filled(self, value: str, name: str) -> str:
        program = self.program(name)
        if value == "HOOKS":
            hooks = self._programs / "hooks"
            hooks.mkdir(exist_ok=True)
            for hook in HOOKS:
                (hooks / hook).write_text(program.read_text())
                (hooks / hook).chmod(0o755)
            return str(hooks)
        if value == "INCLUDED":
            file = self._programs / f"{program.name}.config"
            file.write_text(f"[core]\n\tfsmonitor = {program}\n")
            return str(file)
        return value.replace("SCRIPT", str(program))


HOOKS = (
    "applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg post-commit pre-rebase "
    "post-checkout post-merge pre-push pre-receive update proc-receive post-receive post-update reference-transaction push-to-checkout "
    "pre-auto-gc post-rewrite sendemail-validate fsmonitor-watchman post-index-change"
).split()


def everything(trap: Trap) -> None:
    """All attempts at once, and what belongs to them: changed files, files that git does not know, hooks, attributes of every kind."""
    for attempt in ATTEMPTS:
        if not attempt.steps:
            trap.set(attempt)
    hooks = trap.repository.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for hook in HOOKS:
        shutil.copy(trap.program("hooks"), hooks / hook)
    attributes = "*.go filter=f diff=d merge=m working-tree-encoding=UTF-16 ident\n"
    (trap.repository.root / ".git/info").mkdir(exist_ok=True)
    (trap.repository.root / ".git/info/attributes").write_text(attributes)
    trap.repository.write({".gitattributes": attributes, "new.go": "package shop\n"})


def plain(**env: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | QUIET | env
