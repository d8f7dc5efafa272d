"""Every known way to make git start a program: unprotected git falls for it, no command of mapguard does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import scanning
from git_attempts import ATTEMPTS, Attempt, Trap, everything, plain
from git_repository import Repository
from test_new_from_rev import FILES, OLD, SERVED

COMMANDS: dict[str, list[str]] = {
    "scan text": ["scan", ".", "--new-from-rev", "HEAD~1"],
    "scan since a name": ["scan", ".", "--new-from-rev", "main~1"],
    **{f"scan {f}": ["scan", ".", "--format", f, "--new-from-rev", "HEAD~1"] for f in ("json", "sarif", "html", "github", "markdown")},
    "why": ["why", "0"],
    "why-not": ["why-not", "old.go:8", "old.go:8"],
    "dump": ["dump", "facts"],
    "annotate": ["annotate", "."],
    "baseline write": ["baseline", "write", "."],
    "baseline show": ["baseline", "show", "."],
    "config show": ["config", "show", "."],
    "config verify": ["config", "verify", "."],
    "cache status": ["cache", "status"],
}


def shop(folder: Path) -> Repository:
    repository = Repository.made(folder / "shop", FILES)
    repository.commit({"setup.go": SERVED, "mapguard.toml": 'version = 1\nnew-from-rev = "HEAD~1"\n'})
    return repository


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.name)
def test_the_attempt_works_on_unprotected_git(tmp_path: Path, attempt: Attempt) -> None:
    if attempt.terminal and shutil.which("script") is None:
        pytest.skip("no terminal can be made")
    trap = Trap(tmp_path, shop(tmp_path))
    trap.set(attempt)
    assert trap.ran == []
    trap.spring(attempt)
    assert attempt.name in trap.ran


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_starts_anything(tmp_path: Path, command: str) -> None:
    trap = Trap(tmp_path, shop(tmp_path))
    everything(trap)
    done = scanning.run(*COMMANDS[command], cwd=trap.repository.root)
    assert trap.ran == []
    if command.startswith("scan"):
        assert done.code == 1, done.err
        assert "items" in done.out or command == "scan html"


def test_no_key_that_git_knows_has_a_say(tmp_path: Path) -> None:
    """All of them at once, whatever they mean: what is read is a list of names, not a list of dangers."""
    trap = Trap(tmp_path, shop(tmp_path))
    known = trap.repository.git("help", "--config-for-completion").split()
    assert len(known) > 500
    config = trap.repository.root / ".git/config"
    with config.open("a") as file:
        for key in sorted(known):
            section, _, rest = key.strip(".").replace("*", "any").partition(".")
            subsection, _, name = rest.rpartition(".")
            head = f'[{section} "evil"]' if subsection or "<" in key else f"[{section}]"
            name = "".join(c for c in name if c.isalnum() or c == "-") or "helper"
            file.write(f"{head}\n\t{name} = {trap.program(key)}\n")
    assert not succeeds(trap.repository, "status")  # the control: git itself stumbles over such a file
    done = scanning.run("scan", ".", "--new-from-rev", "HEAD~1", cwd=trap.repository.root)
    assert trap.ran == []
    assert done.code == 1, done.err
    assert "items" in done.out
    assert "hits" not in done.out


VARIABLES = {
    "GIT_EXTERNAL_DIFF": ("diff", "HEAD~1"),
    "GIT_SSH_COMMAND": ("ls-remote", "ssh://example.com/x"),
    "GIT_SSH": ("ls-remote", "ssh://example.com/x"),
    "GIT_PROXY_COMMAND": ("ls-remote", "git://example.com/x"),
    "GIT_ASKPASS": ("credential", "fill"),
    "GIT_EDITOR": ("commit", "--allow-empty"),
    "GIT_SEQUENCE_EDITOR": ("rebase", "-i", "--root"),
}
CONFIGURED = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor"}


@pytest.mark.parametrize("name", [*VARIABLES, "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL", "GIT_EXEC_PATH"])
def test_variables_of_git_start_nothing(tmp_path: Path, name: str) -> None:
    trap = Trap(tmp_path, shop(tmp_path))
    program = str(trap.program(name))
    env, control = {name: program}, VARIABLES.get(name, ("status",))
    if name == "GIT_CONFIG_COUNT":
        env = {**CONFIGURED, "GIT_CONFIG_VALUE_0": program}
    elif name == "GIT_CONFIG_PARAMETERS":
        env = {name: f"'core.fsmonitor={program}'"}
    elif name == "GIT_CONFIG_GLOBAL":
        env = {name: str(tmp_path / "global")}
        (tmp_path / "global").write_text(f"[core]\n\tfsmonitor = {program}\n")
    elif name == "GIT_EXEC_PATH":
        (tmp_path / "exec").mkdir()
        shutil.copy(program, tmp_path / "exec/git-remote-https")
        env, control = {name: str(tmp_path / "exec")}, ("ls-remote", "https://example.invalid/x")
    done = scanning.run("scan", ".", "--new-from-rev", "HEAD~1", "--format", "sarif", cwd=trap.repository.root, **env)
    assert trap.ran == []
    assert done.code == 1, done.err
    data = b"protocol=https\nhost=example.com\n\n"
    subprocess.run(["git", *control], cwd=trap.repository.root, env=plain(**env), input=data, capture_output=True, timeout=60, check=False)
    assert trap.ran == [name]


def test_a_git_in_the_scanned_folder_is_not_ours(tmp_path: Path) -> None:
    trap = Trap(tmp_path, shop(tmp_path))
    shutil.copy(trap.program("git"), trap.repository.root / "git")
    for path in (f".:{os.environ['PATH']}", f":{os.environ['PATH']}"):
        done = scanning.run("scan", ".", "--new-from-rev", "HEAD~1", cwd=trap.repository.root, PATH=path)
        assert trap.ran == []
        assert done.code == 1, done.err
    subprocess.run(["/bin/sh", "-c", "git status"], cwd=trap.repository.root, env=plain(PATH=path), capture_output=True, check=False)
    assert trap.ran == ["git"]


def test_a_missing_object_is_not_fetched(tmp_path: Path) -> None:
    repository = shop(tmp_path)
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "-q", "--no-local", "--no-checkout", "--filter=blob:none", f"file://{repository.root}", str(tmp_path / "clone"))
    trap = Trap(tmp_path, Repository(tmp_path / "clone"))
    trap.repository.write({**FILES, "setup.go": SERVED, "old.go": OLD.replace("++", " += 2")})
    trap.repository.git("config", "remote.origin.uploadpack", str(trap.program("lazy")))
    done = scanning.run("scan", ".", "--no-config", "--new-from-rev", "HEAD~1", cwd=trap.repository.root)
    assert trap.ran == []
    assert done.code == 2
    assert "this clone lacks the object" in done.err
    assert not succeeds(trap.repository, "cat-file", "-p", "HEAD~1:old.go")
    assert trap.ran == ["lazy"]


def test_replaced_objects_change_nothing(tmp_path: Path) -> None:
    repository = shop(tmp_path)
    old, new = repository.git("rev-parse", "HEAD~1:setup.go"), repository.git("rev-parse", "HEAD:setup.go")
    repository.git("replace", old, new)
    assert "NewStore" in repository.git("show", "HEAD~1:setup.go")
    done = scanning.run("scan", ".", "--new-from-rev", "HEAD~1", cwd=repository.root)
    assert "items" in done.out, done.err


# ---------------------------------------------------------------- folders that git takes for repositories


def bare(folder: Path, files: dict[str, str]) -> Trap:
    """A folder that looks like a bare repository and names itself as its work tree, as an archive or a commit can bring it."""
    made = Repository.made(folder / "made", FILES)
    made.commit({"setup.go": SERVED})
    target = folder / "unpacked"
    shutil.copytree(made.root / ".git", target)
    repository = Repository(target)
    repository.write({**FILES, "setup.go": SERVED, ".gitattributes": "*.go filter=f\n", **files})
    trap = Trap(folder, repository)
    (target / "config").write_text(
        f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = "{target}"\n\tfsmonitor = "{trap.program("bare")}"\n'
        f'[filter "f"]\n\tclean = "{trap.program("filter")}"\n'
    )
    return trap


def test_a_bare_repository_is_none(tmp_path: Path) -> None:
    trap = bare(tmp_path, {"mapguard.toml": 'version = 1\nnew-from-rev = "HEAD~1"\n'})
    done = scanning.run("scan", ".", cwd=trap.repository.root)
    assert trap.ran == []
    assert done.code == 2
    assert done.err == "mapguard: --new-from-rev needs a git repository: no .git at or above it\n"
    succeeds(trap.repository, "status")
    assert "bare" in trap.ran


@pytest.mark.parametrize("name", ["sarif", "html"])
def test_nor_is_it_asked_for_its_commit(tmp_path: Path, name: str) -> None:
    trap = bare(tmp_path, {})
    scanning.run("scan", ".", "--format", name, cwd=trap.repository.root)
    assert trap.ran == []


def test_a_bare_repository_inside_a_repository(tmp_path: Path) -> None:
    trap = bare(tmp_path, {})
    outer = Repository.made(tmp_path, {".gitignore": "ran\nprograms\nmade\n"})
    assert outer.git("ls-files", "unpacked/HEAD")
    done = scanning.run("scan", "unpacked", "--new-from-rev", "HEAD", cwd=tmp_path)
    assert (trap.ran, done.code) == ([], 0), done.err


def test_a_file_that_points_to_a_repository(tmp_path: Path) -> None:
    """``.git`` as a file, as in a linked work tree."""
    trap = bare(tmp_path, {})
    tree = Repository(tmp_path / "tree")
    tree.write({**FILES, "setup.go": SERVED, ".git": f"gitdir: {trap.repository.root}\n"})
    done = scanning.run("scan", ".", "--new-from-rev", "HEAD~1", "--format", "sarif", cwd=tree.root)
    assert (trap.ran, done.code) == ([], 1), done.err
    succeeds(tree, "status")
    assert "bare" in trap.ran


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to another user")
def test_a_repository_of_another_user_is_read_when_the_user_allows_it(tmp_path: Path) -> None:
    trap = Trap(tmp_path, shop(tmp_path))
    everything(trap)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(trap.repository.root / ".git", 12345, 12345)
    args = ("scan", ".", "--new-from-rev", "HEAD~1")
    done = scanning.run(*args, cwd=trap.repository.root, HOME=str(home))
    assert done.code == 2
    assert "dubious ownership" in done.err
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {trap.repository.root}\n")
    done = scanning.run(*args, cwd=trap.repository.root, HOME=str(home))
    assert (trap.ran, done.code) == ([], 1), done.err


# ---------------------------------------------------------------- what is started at all


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("name", ["text", "sarif"])
def test_the_only_program_is_git_itself(tmp_path: Path, name: str) -> None:
    trap = Trap(tmp_path, shop(tmp_path))
    everything(trap)
    log = tmp_path / "log"
    command = ["strace", "-f", "-qq", "-e", "trace=execve", "-s", "4096", "-o", str(log), sys.executable, "-m", "mapguard"]
    command += ["scan", ".", "--no-cache", "--jobs", "1", "--new-from-rev", "HEAD~1", "--format", name]
    done = subprocess.run(command, cwd=trap.repository.root, env=scanning.environment(), capture_output=True, check=False)
    if done.returncode != 1:
        pytest.skip(f"strace cannot be used here: {done.stderr!r}")
    started = [re.findall(r'"((?:[^"\\]|\\.)*)"', line.partition("[")[2]) for line in log.read_text().splitlines() if "= 0" in line]
    assert started[0][1:3] == ["-m", "mapguard"]
    git = str(shutil.which("git"))
    assert {args[0] for args in started[1:]} == {git}
    assert {args[1] for args in started[1:]} <= {"config", "rev-parse", "merge-base", "ls-tree", "cat-file", "check-ignore", "diff"}


def test_only_one_module_starts_git() -> None:
    """Everything else goes through it; the Action's helper and ``fleet`` start mapguard, the commands that are asked to run Go start that,
    the workers are Python's own."""
    root = Path(__file__).parent.parent.parent
    found = {}
    for file in (*(root / "analyzer").rglob("*.py"), *(root / "action").rglob("*.py")):
        text = file.read_text()
        if re.search(r"\bsubprocess\b|\bos\.(?:system|popen|exec\w*|spawn\w*|posix_spawn\w*)\b|\bpty\b", text):
            found[file.relative_to(root).as_posix()] = re.findall(r"subprocess\.(?:run|Popen|call|check_\w+)\(\s*\[?([^,]*)", text)
    assert found == {
        "analyzer/mapguard/git/program.py": ["_program()"],
        "analyzer/mapguard/gotool/program.py": ["program]", "command"],
        "analyzer/mapguard/fleet/scan.py": ["command"],
        "action/scan.py": ["sys.executable"],
    }


def succeeds(repository: Repository, *args: str) -> bool:
    """Whether unprotected git does it."""
    return subprocess.run(["git", *args], cwd=repository.root, env=plain(), capture_output=True, timeout=60, check=False).returncode == 0
