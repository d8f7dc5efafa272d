"""The judgements and real bugs in tests/corpus: complete, well-formed, each once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from corpus.compare import VERDICTS, judgements

FOLDER = Path(__file__).parent / "corpus"
COMMIT = re.compile(r"[0-9a-f]{40}")
BUGS: list[dict[str, Any]] = [json.loads(line) for line in (FOLDER / "bugs.jsonl").read_text("utf-8").splitlines()]


def test_judgements_are_complete() -> None:
    found = judgements()
    assert found
    for j in found:
        assert COMMIT.fullmatch(j.commit) and j.verdict in VERDICTS and j.reason.strip(), j


def test_no_finding_is_judged_twice() -> None:
    keys = [(j.repository, j.fingerprint) for j in judgements()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug["id"])
def test_a_bug_names_commits_map_and_a_racing_write(bug: dict[str, Any]) -> None:
    assert COMMIT.fullmatch(bug["bug_commit"]) and COMMIT.fullmatch(bug["fix_commit"])
    assert bug["map_name"] and re.fullmatch(r".+\.go:\d+", bug["declared"]) and bug["set"] in ("second", "third", "fourth")
    assert any(a["op"] not in ("read", "range", "len") for a in bug["accesses"])
    assert all(a["path"].endswith(".go") and a["line"] > 0 for a in bug["accesses"])


def test_bugs_are_listed_once() -> None:
    assert len({bug["id"] for bug in BUGS}) == len(BUGS)
