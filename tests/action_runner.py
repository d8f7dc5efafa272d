"""action.yml, inputs and an event to what a runner would do: the steps taken, their outputs, annotations, summary and exit codes.

Steps with ``run`` are really run in bash; those with ``uses`` are recorded with their evaluated inputs and given made-up outputs.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROOT = Path(__file__).parent.parent
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|\|\||&&|==|!=|[!()]|[\w.-]+)")


class Taken(msgspec.Struct, frozen=True):
    """A step that ran: its exit code, and the inputs of a ``uses`` step or the text that a ``run`` step printed."""

    name: str
    code: int = 0
    given: dict[str, str] = {}
    printed: str = ""


class Job(msgspec.Struct, frozen=True):
    taken: tuple[Taken, ...]
    outputs: dict[str, str]
    summary: str

    @property
    def code(self) -> int:
        """Of the step that ended the job."""
        return self.taken[-1].code

    def step(self, name: str) -> Taken | None:
        return next((t for t in self.taken if t.name == name), None)

    @property
    def annotations(self) -> list[str]:
        """The commands to the runner that it would show as annotations; what stop-commands covers is none."""
        found: list[str] = []
        stopped = ""
        for line in "\n".join(t.printed for t in self.taken).splitlines():
            if line.startswith("::stop-commands::"):
                stopped = f"::{line.removeprefix('::stop-commands::')}::"
            elif line == stopped:
                stopped = ""
            elif not stopped and line.startswith(("::error", "::warning", "::notice")):
                found.append(line)
        return found


def run(workspace: Path, temp: Path, inputs: dict[str, str], github: dict[str, Any], outputs: dict[str, dict[str, str]]) -> Job:
    """Takes the steps in order until one fails. Steps whose id has ``outputs`` are not run but given these."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, unknown
    context: dict[str, Any] = {
        "inputs": {name: inputs.get(name, spec["default"]) for name, spec in action["inputs"].items()},
        "github": {"repository": "shop/shop", "server_url": "file:///nowhere", "sha": "0" * 40, "event": {}, **github},
        "runner": {"os": "Linux", "temp": str(temp)},
        "steps": {name: {"outputs": given} for name, given in outputs.items()},
    }
    taken: list[Taken] = []
    summary = temp / "step-summary"
    summary.touch()
    for step in action["runs"]["steps"]:
        if not truthy(evaluate(step.get("if", "true").removeprefix("${{").removesuffix("}}"), context)):
            continue
        if "uses" in step or step.get("id") in outputs:
            given = {name: expand(str(value), context) for name, value in step.get("with", {}).items()}
            taken.append(Taken(step["name"], 0, given))
            continue
        done, found = _shell(step, workspace, temp, summary, context)
        taken.append(Taken(step["name"], done.returncode, printed=done.stdout))
        context["steps"][step.get("id", "")] = {"outputs": found}
        if done.returncode != 0:
            break
    results = {name: expand(spec["value"], context) for name, spec in action["outputs"].items()}
    return Job(tuple(taken), results, summary.read_text())


def _shell(
    step: dict[str, Any], workspace: Path, temp: Path, summary: Path, context: dict[str, Any]
) -> tuple["subprocess.CompletedProcess[str]", dict[str, str]]:
    assert step["shell"] == "bash"
    script, output = temp / "step.sh", temp / "step-output"
    script.write_text(expand(step["run"], context))
    output.write_text("")
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "INPUT_", "GIT_"))},
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_API_URL": "http://127.0.0.1:9",  # nobody listens there
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REF": context["github"].get("ref", ""),
        "GITHUB_REPOSITORY": context["github"]["repository"],
        "GITHUB_SERVER_URL": context["github"]["server_url"],
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(temp),
        **{name: expand(value, context) for name, value in step.get("env", {}).items()},
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    done = subprocess.run(command, cwd=workspace, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


# ---------------------------------------------------------------- expressions, as far as action.yml uses them


def expand(text: str, context: dict[str, Any]) -> str:
    return _EXPRESSION.sub(lambda m: _text(evaluate(m[1], context)), text)


def evaluate(text: str, context: dict[str, Any]) -> Any:
    tokens = _TOKEN.findall(text)
    assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), text
    return _either(tokens, context)


def truthy(value: Any) -> bool:
    return value not in (None, "", False, 0)


def _either(tokens: list[str], context: dict[str, Any]) -> Any:
    value = _both(tokens, context)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        other = _both(tokens, context)
        value = value if truthy(value) else other
    return value


def _both(tokens: list[str], context: dict[str, Any]) -> Any:
    value = _compared(tokens, context)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        other = _compared(tokens, context)
        value = other if truthy(value) else value
    return value


def _compared(tokens: list[str], context: dict[str, Any]) -> Any:
    value = _operand(tokens, context)
    while tokens[:1] in (["=="], ["!="]):
        equal = tokens.pop(0) == "=="
        value = (_text(value) == _text(_operand(tokens, context))) == equal
    return value


def _operand(tokens: list[str], context: dict[str, Any]) -> Any:
    token = tokens.pop(0)
    if token == "!":
        return not truthy(_operand(tokens, context))
    if token == "(":
        value = _either(tokens, context)
        assert tokens.pop(0) == ")"
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in ("true", "false"):
        return token == "true"
    value = context
    for part in token.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
