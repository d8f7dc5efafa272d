"""``mapguard explain RULE`` and ``mapguard rules``: the rules' pages in the terminal."""

import sys

import click
import msgspec

from mapguard.cli.configfile import no_such_rule
from mapguard.findings.rules import all_rules, rule


@click.command()
@click.argument("ident", metavar="RULE")
def explain(ident: str) -> None:
    """Show the page of a rule: what it finds, why it matters, examples, the fix, what it misses."""
    found = rule(ident)
    if found is None:
        raise click.UsageError(no_such_rule(ident, [r.id for r in all_rules()]))
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(found.doc))
    else:
        click.echo(found.doc, nl=False)


@click.command()
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(format_: str) -> None:
    """List all rules."""
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(all_rules()), indent=1).decode())
        return
    for one in all_rules():
        click.echo(f"{one.id:<28} {one.severity:<8} {one.short}")
