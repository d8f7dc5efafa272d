"""The comment of the action: one, changed afterwards, in the hands of a server that notes what it is asked."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "action/comment.py"


class GitHub(ThreadingHTTPServer):
    """The comments of one pull request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refuses = False


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(f"{self.command} {path}")
        data = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        assert self.headers["Authorization"] == "Bearer secret"
        out: Any = {}
        if self.command == "POST":
            self.server.comments.append({"id": 7, "body": data["body"], "user": {"type": "Bot"}})
        elif self.command == "PATCH":
            next(c for c in self.server.comments if c["id"] == int(path.rpartition("/")[2]))["body"] = data["body"]
        else:
            page = int(query.rpartition("page=")[2])
            out = self.server.comments[100 * (page - 1) : 100 * page]
        self.send_response(403 if self.server.refuses else 200)
        self.end_headers()
        self.wfile.write(json.dumps(out).encode())

    do_GET = do_POST = do_PATCH = answer  # noqa: N815 the names are those of http.server

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def comment(github: GitHub, folder: Path, findings: int, summary: str = "### a finding\n", category: str = "mapguard") -> str:
    (folder / "summary.md").write_text(summary)
    env = {
        "GITHUB_API_URL": f"http://127.0.0.1:{github.server_address[1]}",
        "GITHUB_REPOSITORY": "o/r",
        "TOKEN": "secret",
        "CATEGORY": category,
        "NUMBER": "12",
        "FINDINGS": str(findings),
        "SUMMARY": str(folder / "summary.md"),
    }
    done = subprocess.run([sys.executable, "-I", SCRIPT], env=env, capture_output=True, text=True, check=True)
    return done.stdout


def test_one_comment_that_is_kept_up_to_date(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, 1)
    assert [c["body"].splitlines()[1:] for c in github.comments] == [["### a finding"]]
    comment(github, tmp_path, 1)
    assert [a for a in github.asked if not a.startswith("GET")] == ["POST /repos/o/r/issues/12/comments"]  # the same: nothing to do
    comment(github, tmp_path, 2, "### two\n")
    comment(github, tmp_path, 0)
    assert [c["body"].splitlines()[1:] for c in github.comments] == [["mapguard finds nothing any more."]]
    assert github.asked[-1] == "PATCH /repos/o/r/issues/comments/7"


def test_nothing_found_writes_nothing(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, 0)
    assert github.asked == ["GET /repos/o/r/issues/12/comments"]


def test_comments_of_people_and_of_other_categories_stay(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, 1, category="other -->")
    github.comments[0]["id"] = 1
    github.comments.append({"id": 2, "body": '<!-- mapguard "mapguard" -->\nmine', "user": {"type": "User"}})
    github.comments.extend({"id": n, "body": "hello", "user": {"type": "User"}} for n in range(100, 220))
    comment(github, tmp_path, 1)
    assert len(github.comments) == 2 + 120 + 1
    assert github.comments[1]["body"].endswith("mine")
    assert github.comments[0]["body"].startswith('<!-- mapguard "other - ->" -->\n')


def test_a_long_summary_is_cut(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, 1, "line\n" * 100_000)
    assert len(github.comments[0]["body"]) < 65_536
    assert github.comments[0]["body"].endswith("The rest is in the summary of the job.\n")


def test_a_refusal_fails_no_job(github: GitHub, tmp_path: Path) -> None:
    github.refuses = True
    said = comment(github, tmp_path, 1)
    assert said == "::warning title=mapguard::the comment could not be written (403); the job needs the permission pull-requests: write\n"
