"""Words of the scanned code in whatever is printed: no control character, and no line that a build server takes for a command."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

import scanning
from mapguard.report import channel
from mapguard.report.excerpt import clean

COMMANDS = ("::error::pwned", "##[error]pwned", "##vso[task.complete]pwned", "##teamcity[pwned]", "  ::set-output name=a::pwned")
CONTROL = "\x1b[2J\x1b]0;pwned\x07\r\x08\x9b\u2028\u202e\u2066"
NASTY = "".join(f"{CONTROL}\n{command}\n" for command in COMMANDS)


def harmful(out: str) -> list[str]:
    """What a terminal or a build server would act on."""
    controls = [c for c in out if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    commands = [line for line in out.splitlines() if line.strip().startswith("::") or re.search(r"##(vso|teamcity)?\[", line)]
    return [*controls, *commands]


def test_what_harms_is_known() -> None:
    assert len(harmful(NASTY)) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_each_channel(command: str) -> None:
    assert not harmful(channel.line(f"{CONTROL}{command}"))
    assert not harmful(channel.defused(command))
    assert not harmful(channel.markup(f"<p>\n{command}\n</p>"))
    document = channel.json(json.dumps({"a": command}))
    assert not harmful(document)
    assert json.loads(document) == {"a": command}
    message = channel.command(f"one\n{CONTROL}{command}\r::error::two")
    assert message.count("%0A") == 1
    assert not [c for c in message if not c.isprintable()]
    assert "\n" not in channel.parameter(f"a,b:c\n{command}")


# ---------------------------------------------------------------- every command on a tree that is nothing but words of this kind

FILE = "a\x1b[2J\n::error::pwned\n##[error]pwned.go"
SERVE = "func(w http.ResponseWriter, r *http.Request)"
HANDLER = 'package p\n\nimport "net/http"\n\nvar m = map[string]int{}\n\nfunc Serve() {\n\thttp.HandleFunc("/", SERVE {\n'
BODY = (
    HANDLER.replace("SERVE", SERVE)
    + "\t\tm[`\n::error::pwned \x1b[2J\n  ::warning::pwned##[error]pwned ##vso[task]\n`]++ // \x1b[2J ##[error] ::x::\n\t})\n}\n"
)
WRONG_COMMENT = "//mapguard:ignore ::error::\x1b[2J##[error] x\n"
BROKEN = "package p\n\nfunc ( { ::error:: \x1b ##[error]\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return scanning.tree(tmp_path, {"go.mod": "module example.com/p\n", FILE: BODY + WRONG_COMMENT + BROKEN, "b/b\u202e::x.go": BROKEN})


@pytest.mark.parametrize("name", ["text", "json", "sarif", "html", "markdown", "github", "concise"])
def test_reports_on_standard_output(hostile: Path, name: str) -> None:
    done = scanning.run("scan", ".", "--format", name, "--stats", "--show-suppressed", cwd=hostile)
    assert done.code == 1, done.err
    assert not harmful(done.err)
    out = done.out
    if name == "github":
        ours = [
            line
            for line in out.splitlines()
            if line.startswith(("::error title=mapguard", "::warning title=mapguard", "::notice title=mapguard"))
        ]
        assert ours
        assert not [c for line in ours for c in line if not c.isprintable()]
        out = "\n".join(line for line in out.splitlines() if line not in ours)
    if name == "html":
        out = re.sub(r"<(style|script)>.*?</\1>", "", out, flags=re.DOTALL)
    assert not harmful(out)


@pytest.mark.parametrize(
    "args", [("dump", "facts"), ("dump", "accesses"), ("dump", "roots"), ("dump", "summary"), ("dump", "callgraph")], ids=" ".join
)
def test_dumps(hostile: Path, args: tuple[str, ...]) -> None:
    done = scanning.run(*args, cwd=hostile)
    assert done.out
    assert not harmful(done.out + done.err)


CONFIGS = {
    "unknown key": '"a\\n::error::pwned\\u001b" = 1\nversion = 1\n',
    "unknown rule": 'version = 1\ndisable = ["x\\n::error::pwned\\u001b##[error]"]\n',
    "models": 'version = 1\nmodels = ["x\\n::error::pwned\\u001b"]\n',
    "baseline": 'version = 1\nbaseline = "x\\n::error::pwned\\u001b"\n',
    "revision": 'version = 1\nnew-from-rev = "x\\n::error::pwned\\u001b"\n',
    "no TOML": "version = 1\n::error::pwned\n\x1b",
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("command", [("scan", "."), ("config", "show")], ids=" ".join)
def test_messages_about_a_configuration(tmp_path: Path, name: str, command: tuple[str, ...]) -> None:
    scanning.tree(tmp_path, {"go.mod": "module m\n", "a.go": "package a\n", "mapguard.toml": CONFIGS[name], ".git/x": ""})
    done = scanning.run(*command, cwd=tmp_path)
    assert not harmful(done.out + done.err)


@pytest.mark.parametrize(
    "args", [("scan", NASTY), ("scan", ".", f"--format={NASTY}"), ("why", NASTY), ("explain", NASTY), (NASTY,), ("why-not", NASTY, NASTY)]
)
def test_messages_about_arguments(tmp_path: Path, args: tuple[str, ...]) -> None:
    """They may be names of files that a shell found."""
    scanning.tree(tmp_path, {"go.mod": "module m\n", "a.go": "package a\n"})
    done = scanning.run(*args, cwd=tmp_path)
    assert done.code == 2
    assert not harmful(done.err)


def test_only_the_console_prints_words() -> None:
    """What else is printed is a page, a document of a channel, or words of our own."""
    root = Path(__file__).parent.parent.parent / "analyzer/mapguard"
    found = {
        file.name
        for file in root.rglob("*.py")
        if re.search(r"(?<!\.)\bprint\(|sys\.(?:stdout|stderr)\.(?:buffer\.)?write", file.read_text())
    }
    assert found == {"console.py", "progress.py"}
    assert clean("\x1b") == "\N{REPLACEMENT CHARACTER}"
