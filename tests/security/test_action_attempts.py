"""The Action's steps on what a pull request can bring: git starts nothing there either, and the fetch goes to the runner's server only."""

import base64
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from git_attempts import Trap, everything, plain
from git_repository import Repository
from test_action import Workspace, trial_merge
from test_new_from_rev import FILES


def event(base: str) -> dict[str, object]:
    pull_request = {"base": {"sha": base}, "head": {"repo": {"full_name": "someone/shop"}}}
    return {"event_name": "pull_request", "event": {"pull_request": pull_request}, "ref": "refs/pull/7/merge"}


def test_no_step_starts_anything(tmp_path: Path) -> None:
    """The clone's configuration is that of actions/checkout; even if somebody had written into it, nothing would run."""
    work = Workspace(tmp_path)
    origin = work.repository.root
    work.repository, base = trial_merge(work, tmp_path / "clone", 1)
    trap = Trap(tmp_path, work.repository)
    everything(trap)
    for key in ("core.sshCommand", "credential.helper", "core.askPass", "remote.origin.uploadpack", "core.gitProxy", "http.sslCert"):
        work.repository.git("config", key, str(trap.program(key)))
    server = {"server_url": origin.parent.as_uri(), "repository": origin.name}
    job = work.job({**event(base), **server}, new_only="true", html_artifact="races")
    assert trap.ran == []
    assert work.maps("mapguard.json") == ["items"]
    assert job.outputs["exit-code"] == "1"
    subprocess.run(["git", "fetch", "origin"], cwd=work.repository.root, env=plain(), capture_output=True, check=False)
    assert "remote.origin.uploadpack" in trap.ran


@pytest.mark.parametrize("path", ["evil", "evil/...", "link"])
def test_a_folder_that_git_takes_for_a_repository(tmp_path: Path, path: str) -> None:
    """A commit brings HEAD, config, objects and refs in a folder; ``path`` is that folder."""
    work = Workspace(tmp_path)
    origin = work.repository.root
    made = Repository.made(tmp_path / "made", FILES)
    trap = Trap(tmp_path, made)
    config = f"[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tsshCommand = {trap.program('evil')}\n"
    config += '[remote "origin"]\n\turl = ssh://example.com/x\n'
    shutil.copytree(made.root / ".git", origin / "evil")
    (origin / "link").symlink_to("evil")
    work.repository.commit({"evil/config": config, "evil/old.go": FILES["old.go"], "evil/refs/heads/keep": ""})
    work.repository, base = trial_merge(work, tmp_path / "clone", 1)
    assert work.repository.git("ls-files", "evil/config")
    server = {"server_url": origin.parent.as_uri(), "repository": origin.name}
    job = work.job({**event(base), **server}, path=path, new_only="true")
    assert trap.ran == []
    assert job.outputs["exit-code"] == "0", job
    evil = work.repository.root / "evil"
    subprocess.run(["git", "-C", str(evil), "fetch", "origin"], cwd=tmp_path, env=plain(), capture_output=True, check=False)
    assert trap.ran == ["evil"]


class Server:
    """What a runner's server would see."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.mark.parametrize("included", [False, True])
def test_the_fetch_has_the_credentials_of_the_checkout_and_nothing_else(tmp_path: Path, server: Server, included: bool) -> None:
    """actions/checkout writes them into .git/config, or into a file that this one includes for this clone."""
    work = Workspace(tmp_path)
    work.repository, base = trial_merge(work, tmp_path / "clone", 1)
    trap = Trap(tmp_path, work.repository)
    header = "basic " + base64.b64encode(b"x-access-token:secret").decode()
    keys = {f"http.{server.url}/.extraheader": f"AUTHORIZATION: {header}", "http.http://example.com/.extraheader": "AUTHORIZATION: other"}
    for key, value in keys.items():
        if included:
            work.repository.git("config", "--file", str(tmp_path / "credentials"), key, value)
            work.repository.git("config", f"includeIf.gitdir:{work.repository.root}/.git.path", str(tmp_path / "credentials"))
        else:
            work.repository.git("config", key, value)
    for key in ("credential.helper", "core.askPass"):
        work.repository.git("config", key, str(trap.program(key)))
    job = work.job({**event(base), "server_url": server.url, "repository": "shop/shop"}, new_only="true")
    assert server.asked
    assert set(server.asked) == {("/shop/shop/info/refs?service=git-upload-pack", header)}
    assert trap.ran == []
    assert job.code == 2
    (message,) = job.annotations
    assert "fetch-depth" in message
    assert "secret" not in message
    assert base64.b64encode(b"x-access-token:secret").decode() not in message
