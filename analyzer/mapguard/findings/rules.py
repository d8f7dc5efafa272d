"""rules/<id>/rule.toml and doc.md to ``Rule``: static text that is the same for every finding and every repository."""

import functools

import msgspec

from mapguard.base.data import data_dir
from mapguard.findings.model import Severity

_MADE = "<!-- Made from rules/ by `mapguard rules --write docs/rules`; do not edit here. -->\n"


class Rule(msgspec.Struct, frozen=True):
    """``precision`` as code scanning means it: very-high, high, medium, low. ``doc`` is the rule's page in Markdown."""

    id: str
    name: str
    severity: Severity
    precision: str
    short: str
    full: str
    tags: tuple[str, ...]
    doc: str


class _RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    severity: Severity
    precision: str
    short: str
    full: str
    tags: tuple[str, ...]


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, sorted by id."""
    found: list[Rule] = []
    for folder in sorted(data_dir("rules").iterdir()):
        file = folder / "rule.toml"
        if file.is_file():
            raw = msgspec.toml.decode(file.read_bytes(), type=_RuleFile)
            doc = (folder / "doc.md").read_text("utf-8")
            found.append(Rule(folder.name, raw.name, raw.severity, raw.precision, raw.short, raw.full, raw.tags, doc))
    return tuple(found)


def rule(ident: str) -> Rule | None:
    """The rule with this id."""
    return next((r for r in all_rules() if r.id == ident), None)


def pages() -> dict[str, str]:
    """docs/rules: file names and their text, made from the rules."""
    rows = "".join(f"| [`{r.id}`]({r.id}.md) | {r.severity} | {r.short} |\n" for r in all_rules())
    index = f"{_MADE}# Rules\n\n| rule | severity | found when |\n|---|---|---|\n{rows}"
    return {"README.md": index, **{f"{r.id}.md": _page(r) for r in all_rules()}}


def _page(r: Rule) -> str:
    heading, _, rest = r.doc.partition("\n")
    return f"{_MADE}{heading}\n\n**{r.severity}**, {r.precision} precision. {r.short}\n{rest}"
