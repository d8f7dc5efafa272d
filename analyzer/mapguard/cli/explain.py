"""``mapguard explain RULE`` and ``mapguard rules``: the rules' pages in the terminal."""

import sys
from pathlib import Path

import click
import msgspec

from mapguard.cli.configfile import no_such_rule
from mapguard.findings.rules import all_rules, pages, rule


def _ids(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    return [r.id for r in all_rules() if r.id.startswith(begun)]


@click.command()
@click.argument("ident", metavar="RULE", shell_complete=_ids)
def explain(ident: str) -> None:
    """Show the page of a rule: what it finds, why it matters, examples, the fix, what it misses."""
    found = rule(ident)
    if found is None:
        raise click.UsageError(no_such_rule(ident, [r.id for r in all_rules()]))
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(found.doc, code_theme="ansi_dark"))
    else:
        click.echo(found.doc, nl=False)


@click.command()
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--write", "folder", type=click.Path(path_type=Path, file_okay=False), hidden=True)
def rules(format_: str, folder: Path | None) -> None:
    """List all rules."""
    if folder is not None:
        for name, page in pages().items():
            (folder / name).write_bytes(page.encode("utf-8"))
    elif format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(all_rules()), indent=1).decode())
    else:
        for r in all_rules():
            click.echo(f"{r.id:<27}  {r.severity:<7}  {r.short}")
