"""The GitHub Action: its steps run as a runner runs them, for a push, a pull request and one from a fork."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import action_runner
from action_runner import Job
from git_repository import Repository
from test_new_from_rev import FILES, OLD, SERVED

FORMATS = ("github", "html", "markdown", "sarif")
MISSING = [f for f in FORMATS if importlib.util.find_spec(f"mapguard.report.{f}") is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"formats that are not there yet: {', '.join(MISSING)}")


class Workspace:
    """A checked-out repository on a runner."""

    def __init__(self, folder: Path) -> None:
        self.repository = Repository.made(folder / "work", FILES)
        self.temp = folder / "temp"
        self.temp.mkdir()

    def job(self, github: dict[str, Any] | None = None, /, **inputs: str) -> Job:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        outputs = {
            "python": {"python-path": sys.executable},
            "install": {"python": sys.executable, "version": "0.1.0"},
            "cache": {"cache-hit": "false", "cache-primary-key": "key"},
        }
        return action_runner.run(self.repository.root, self.temp, given, github or {"event_name": "push"}, outputs)

    def pull_request(self, head: str = "shop/shop") -> dict[str, Any]:
        """Brings the change in, and gives the event."""
        base = self.repository.git("rev-parse", "HEAD")
        self.repository.commit({"setup.go": SERVED})
        event = {"pull_request": {"base": {"sha": base}, "head": {"repo": {"full_name": head}}}}
        return {"event_name": "pull_request", "event": event, "ref": "refs/pull/7/head"}

    def maps(self, name: str) -> list[str]:
        """The maps that the job's JSON report names."""
        return sorted(f["map"]["name"] for f in json.loads((self.temp / "mapguard" / name).read_text())["findings"])


@pytest.fixture
def work(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def results(job: Job) -> list[str]:
    """The messages in the SARIF file."""
    (run,) = json.loads(Path(job.outputs["sarif-file"]).read_text())["runs"]
    return sorted(r["message"]["text"] for r in run["results"])


# ---------------------------------------------------------------- events


def test_a_push_is_scanned_uploaded_and_judged_in_this_order(work: Workspace) -> None:
    job = work.job()
    names = [t.name for t in job.taken]
    assert names.index("Save the cache") < names.index("Upload to code scanning") < names.index("Judge") == len(names) - 1
    assert [t.name for t in job.taken if t.code] == ["Judge"]
    assert (job.code, job.outputs["exit-code"], job.outputs["findings"]) == (1, "1", "1")
    upload = job.step("Upload to code scanning")
    assert upload is not None
    assert upload.given == {"sarif_file": job.outputs["sarif-file"], "category": "mapguard"}
    assert len(results(job)) == 1
    assert "hits" in job.summary
    assert len(job.annotations) == 1
    assert "file=old.go" in job.annotations[0]


def test_the_next_run_trusts_the_cache(work: Workspace) -> None:
    """What is saved, the cache and its key, is all that a new machine needs."""
    work.job()
    before = (work.temp / "mapguard/cache/facts.sqlite").read_bytes()
    key = (work.temp / "mapguard/cache-key").read_text()
    job = work.job(args="--stats")
    assert (work.temp / "mapguard/cache-key").read_text() == key
    assert (work.temp / "mapguard/cache/facts.sqlite").read_bytes() == before
    for name in ("Restore the cache", "Save the cache"):
        step = job.step(name)
        assert step is not None
        assert step.given["path"].split() == [str(work.temp / "mapguard/cache"), str(work.temp / "mapguard/cache-key")]


def test_nothing_found(work: Workspace) -> None:
    work.repository.git("rm", "-q", "old.go")
    job = work.job()
    assert (job.code, job.outputs["exit-code"], job.outputs["findings"], job.annotations) == (0, "0", "0", [])
    assert results(job) == []
    assert job.summary


def test_a_pull_request_reports_everything_by_default(work: Workspace) -> None:
    job = work.job(work.pull_request())
    assert (job.code, job.outputs["findings"]) == (1, "2")
    assert job.step("Upload to code scanning") is not None


def test_only_new_findings_are_judged_but_code_scanning_gets_all(work: Workspace) -> None:
    job = work.job(work.pull_request(), new_only="true")
    assert (job.code, job.outputs["findings"]) == (1, "1")
    assert work.maps("mapguard.json") == ["items"]
    assert len(results(job)) == 2
    assert "items" in job.summary
    assert "hits" not in job.summary
    assert len(job.annotations) == 1


def test_a_pull_request_that_brings_nothing_passes(work: Workspace) -> None:
    event = work.pull_request()
    event["event"]["pull_request"]["base"]["sha"] = work.repository.git("rev-parse", "HEAD")
    job = work.job(event, new_only="true")
    assert (job.code, job.outputs["findings"]) == (0, "0")
    assert len(results(job)) == 2


def test_a_push_has_nothing_to_compare_with(work: Workspace) -> None:
    assert work.job(new_only="true").outputs["findings"] == "1"


def test_a_merge_queue_is_compared_with_its_base(work: Workspace) -> None:
    base = work.pull_request()["event"]["pull_request"]["base"]["sha"]
    job = work.job({"event_name": "merge_group", "event": {"merge_group": {"base_sha": base}}}, new_only="true")
    assert work.maps("mapguard.json") == ["items"]
    assert job.step("Upload to code scanning") is not None


def test_a_fork_uploads_nothing_and_is_judged_all_the_same(work: Workspace) -> None:
    job = work.job(work.pull_request("someone/shop"), html_artifact="report")
    assert job.step("Upload to code scanning") is None
    assert job.step("Store the HTML report") is not None
    assert job.code == 1
    assert "items" in job.summary
    assert job.annotations


def test_a_fork_that_was_deleted_uploads_nothing(work: Workspace) -> None:
    event = work.pull_request()
    event["event"]["pull_request"]["head"]["repo"] = None
    assert work.job(event).step("Upload to code scanning") is None


# ---------------------------------------------------------------- clones as actions/checkout makes them


def trial_merge(work: Workspace, folder: Path, depth: int) -> tuple[Repository, str]:
    """A shallow clone of GitHub's merge of the change into a base branch that has moved on; and the base that the event knows."""
    origin = work.repository
    base = origin.git("rev-parse", "HEAD")
    origin.git("checkout", "-q", "-b", "change")
    origin.commit({"setup.go": SERVED})
    origin.git("checkout", "-q", "main")
    origin.commit({"old.go": OLD.replace("++", " += 2")})
    origin.git("checkout", "-q", "-b", "merged")
    origin.git("merge", "-q", "--no-ff", "-m", "merge", "change")
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    origin.git("clone", "-q", "--no-local", "--depth", str(depth), "-b", "merged", str(origin.root), str(folder))
    return Repository(folder), base


@pytest.mark.parametrize("depth", [1, 2])
def test_what_the_base_branch_did_meanwhile_is_not_new(work: Workspace, tmp_path: Path, depth: int) -> None:
    origin = work.repository.root
    work.repository, base = trial_merge(work, tmp_path / "clone", depth)
    event = {"pull_request": {"base": {"sha": base}, "head": {"repo": {"full_name": "shop/shop"}}}}
    server = {"server_url": origin.parent.as_uri(), "repository": origin.name}
    work.job({"event_name": "pull_request", "event": event, "ref": "refs/pull/7/merge", **server}, new_only="true")
    assert work.maps("mapguard.json") == ["items"]
    work.repository.git("fsck", "--connectivity-only")
    assert work.repository.git("status", "--porcelain") == ""


def test_a_base_that_cannot_be_had_is_said(work: Workspace) -> None:
    event = work.pull_request()
    event["event"]["pull_request"]["base"]["sha"] = "1" * 40
    job = work.job(event, new_only="true")
    assert job.code == 2
    assert job.taken[-1].name == "Scan"
    (message,) = job.annotations
    assert message.startswith(f"::error title=mapguard::new-only needs the commit {'1' * 40} ")
    assert "fetch-depth" in message


# ---------------------------------------------------------------- inputs


def test_the_gate_is_an_input(work: Workspace) -> None:
    job = work.job(fail_on="none")
    assert (job.code, job.outputs["exit-code"], job.outputs["findings"]) == (0, "0", "1")
    assert len(job.annotations) == 1


def test_incomplete_is_three(work: Workspace) -> None:
    work.repository.write({"broken.go": "package shop\n\nfunc ( {\n"})
    assert work.job(args="--strict", fail_on="none").code == 3


def test_no_upload_no_report_unless_asked(work: Workspace) -> None:
    job = work.job(upload_sarif="false")
    assert job.step("Upload to code scanning") is None
    assert job.step("Store the HTML report") is None
    assert job.step("Store the patches") is None
    assert job.outputs["html-file"] == job.outputs["patches-folder"] == ""
    assert not list(work.temp.rglob("*.html"))


def test_the_html_report_is_stored_under_its_name(work: Workspace) -> None:
    job = work.job(html_artifact="races")
    stored = job.step("Store the HTML report")
    assert stored is not None
    assert stored.given == {"name": "races", "path": job.outputs["html-file"]}
    assert Path(job.outputs["html-file"]).read_text().startswith("<!")


def test_patches_are_stored_one_for_each_finding(work: Workspace) -> None:
    job = work.job(patches_artifact="patches")
    stored = job.step("Store the patches")
    assert stored is not None
    assert stored.given == {"name": "patches", "path": job.outputs["patches-folder"]}
    patches = list(Path(job.outputs["patches-folder"]).glob("*.diff"))
    assert len(patches) == int(job.outputs["findings"]) == 1
    work.repository.git("apply", str(patches[0]))
    assert work.job().outputs["findings"] == "0"


def test_several_paths_one_a_line(work: Workspace) -> None:
    work.repository.write({"a b/x.go": OLD.replace("package shop", "package x"), "c/y.go": OLD.replace("package shop", "package y")})
    assert work.job(path="a b\nc/...\n").outputs["findings"] == "2"


def test_options_are_split_as_a_shell_would_but_by_no_shell(work: Workspace) -> None:
    assert work.job(args="--exclude 'old.go' --exclude \"$(touch ran)\"").outputs["findings"] == "0"
    assert not (work.repository.root / "ran").exists()


HOSTILE = "x' \"; touch ran; $(touch ran) `touch ran` \n::warning::pwned"


@pytest.mark.parametrize(
    "name",
    [
        "path",
        "config",
        "config-from",
        "fail-on",
        "min-confidence",
        "baseline",
        "args",
        "new-only",
        "html-artifact",
        "patches-artifact",
        "category",
    ],
)
def test_no_input_reaches_a_shell(work: Workspace, name: str) -> None:
    job = work.job(**{name.replace("-", "_"): HOSTILE})
    assert not list(work.repository.root.rglob("ran"))
    assert not list(work.temp.rglob("ran"))
    assert not any(line.startswith("::warning::pwned") for line in job.annotations)


@pytest.mark.parametrize(
    "inputs",
    [
        {"fail_on": "everything"},
        {"path": "nowhere"},
        {"args": "'"},
        {"new_only": "yes"},
        {"config_from": "elsewhere"},
        {"baseline": "none.json"},
        {"args": "--no-such"},
    ],
    ids=str,
)
def test_wrong_inputs_end_the_scan_with_a_message(work: Workspace, inputs: dict[str, str]) -> None:
    job = work.job(**inputs)
    assert job.taken[-1].name == "Scan"
    assert job.code == 2
    assert len(job.annotations) == 1
    assert job.annotations[0].startswith("::error title=mapguard::")


# ---------------------------------------------------------------- the configuration of a change


SILENT = 'version = 1\nexclude = ["*.go"]\nfail-on = "none"\n'


def configured(work: Workspace, head: str, before: dict[str, str], change: dict[str, str]) -> dict[str, Any]:
    """A pull request on a tree with some files that changes some files."""
    work.repository.commit(before)
    event = work.pull_request(head)
    work.repository.commit(change)
    return event


@pytest.mark.parametrize(
    ("head", "chosen", "found"),
    [
        ("someone/shop", "", "2"),
        ("shop/shop", "", "1"),
        ("shop/shop", "base", "2"),
        ("someone/shop", "head", "1"),
        ("someone/shop", "base", "2"),
    ],
)
def test_a_change_of_a_stranger_brings_no_configuration(work: Workspace, head: str, chosen: str, found: str) -> None:
    silent = 'version = 1\nexclude = ["old.go"]\n'
    job = work.job(configured(work, head, {"mapguard.toml": "version = 1\n"}, {"mapguard.toml": silent}), config_from=chosen)
    assert job.outputs["findings"] == found
    said = "mapguard.toml of " in job.summary.replace("&#8203;", "")
    assert said == (found == "2")


def test_a_configuration_that_only_the_change_has_does_not_count(work: Workspace) -> None:
    job = work.job(configured(work, "someone/shop", {}, {"mapguard.toml": SILENT}), new_only="true")
    assert (job.code, job.outputs["findings"]) == (1, "1")
    assert "none in " in job.summary


def test_nor_does_a_change_of_baseline_or_models(work: Workspace) -> None:
    baseline = '{"version": 1, "findings": []}'
    config = 'version = 1\nbaseline = "base.json"\nmodels = ["m.toml"]\n'
    before = {"mapguard.toml": config, "base.json": baseline, "m.toml": ""}
    job = work.job(configured(work, "someone/shop", before, {"base.json": "{", "m.toml": "["}))
    assert (job.code, job.outputs["findings"]) == (1, "2")
    job = work.job(configured(work, "someone/shop", {"base.json": baseline, "m.toml": ""}, {"base.json": "{"}), baseline="base.json")
    assert (job.code, job.outputs["findings"]) == (1, "2")


def test_a_push_brings_its_own(work: Workspace) -> None:
    work.repository.commit({"mapguard.toml": 'version = 1\nfail-on = "none"\n'})
    assert work.job(config_from="base").code == 0


# ---------------------------------------------------------------- hostile repositories


def test_nothing_of_the_workspace_is_imported(work: Workspace) -> None:
    evil = "open('ran', 'w').close()\nraise SystemExit(0)\n"
    names = ("mapguard/__init__.py", "mapguard/__main__.py", "json.py", "msgspec.py", "sitecustomize.py", "pip/__init__.py", "venv.py")
    work.repository.write(dict.fromkeys(names, evil))
    job = work.job()
    assert job.outputs["findings"] == "1"
    assert not (work.repository.root / "ran").exists()


def test_messages_about_scanned_code_are_no_commands(work: Workspace) -> None:
    work.repository.write({"mapguard.toml": 'version = 1\n"a\\n::warning::pwned" = 1\n'})
    job = work.job()
    assert job.code == 2
    assert [a for a in job.annotations if "::warning::pwned" in a and not a.startswith("::error title=mapguard::")] == []


def test_a_long_summary_is_cut_below_the_limit(work: Workspace) -> None:
    sys.path.insert(0, str(action_runner.ROOT / "action"))
    try:
        scan = importlib.import_module("scan")
    finally:
        sys.path.pop(0)
    long = "ä line of a summary\n".encode() * 60_000
    short = scan.cut(long)
    assert len(short) < 1_000_000
    assert short.decode().endswith("has everything.\n")
    assert scan.cut(long[:1000]) == long[:1000]


def test_sarif_alone(work: Workspace) -> None:
    """Findings go into the file and the judgement, and nowhere else."""
    job = work.job(work.pull_request(), sarif_only="true", comment="true")
    assert (job.code, job.outputs["findings"], len(results(job))) == (1, "2", 2)
    assert (job.annotations, job.summary, job.outputs["summary-file"]) == ([], "", "")
    assert job.step("Comment on the pull request") is None


@pytest.mark.parametrize(("head", "comment"), [("stranger/shop", "true"), ("shop/shop", "false")])
def test_a_comment_only_on_request_and_never_for_a_fork(work: Workspace, head: str, comment: str) -> None:
    assert work.job(work.pull_request(head), comment=comment, config_from="head").step("Comment on the pull request") is None


def test_a_comment_where_it_is_wanted_and_may_be_written(work: Workspace) -> None:
    event = work.pull_request()
    event["event"]["pull_request"]["number"] = 12
    job = work.job(event, comment="true")
    step = job.step("Comment on the pull request")
    assert step is not None
    assert job.outputs["summary-file"].endswith("summary.md")


def test_pull_requests_save_no_cache(work: Workspace) -> None:
    assert work.job().step("Save the cache") is not None
    assert work.job(work.pull_request()).step("Save the cache") is None
