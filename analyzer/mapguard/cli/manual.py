"""``mapguard man`` and ``mapguard completion``: the texts of ``--help`` as a manual page, and the words that a shell completes."""

import inspect
from collections.abc import Iterator

import click
from click.shell_completion import get_completion_class

from mapguard import __version__
from mapguard.cli.grouped import GroupedCommand

_SHELLS = ("bash", "zsh", "fish")
_SPECIAL = {"\\": "\\e", "-": "\\-", '"': "\\(dq", "'": "\\(aq", "~": "\\(ti", "^": "\\(ha", "`": "\\(ga"}
_ENVIRONMENT = (
    "Every option of a command that is listed under a heading can be given as an environment variable, MAPGUARD_ and its name: "
    "MAPGUARD_FORMAT=sarif. The command line overrides the environment, and the environment the configuration file. "
    "NO_COLOR and FORCE_COLOR are honoured."
)
_FILES = "mapguard.toml or .mapguard.toml at the repository's root: settings that everybody shares. mapguard config verify checks them."


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    bash: eval "$(mapguard completion bash)"       in ~/.bashrc
    zsh:  eval "$(mapguard completion zsh)"        in ~/.zshrc
    fish: mapguard completion fish | source        in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    assert found is not None  # the three are click's own
    click.echo(found(ctx.find_root().command, {}, "mapguard", "_MAPGUARD_COMPLETE").source())


@click.command()
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the manual page, in the language of man: mapguard man | man -l -"""
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    click.echo("\n".join(page(root)))


def page(root: click.Group) -> Iterator[str]:
    """The lines of the manual page: the same words as ``--help`` of every command."""
    top = click.Context(root, info_name="mapguard")
    summary = (root.help or "").partition(". ")[0]
    yield f'.TH MAPGUARD 1 "" "mapguard {__version__}" "User Commands"'
    yield from (".SH NAME", f"mapguard \\- {_text(summary)}", ".SH SYNOPSIS", ".B mapguard", "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] …")
    yield ".SH COMMANDS"
    for path, command in _commands(root, top):
        yield from _command(path, command)
    yield from (".SH ENVIRONMENT", _text(_ENVIRONMENT), ".SH FILES", _text(_FILES))


def _commands(group: click.Group, ctx: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    """Every command that does something, in the order of the help."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=ctx)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
        else:
            yield inner, command


def _command(ctx: click.Context, command: click.Command) -> Iterator[str]:
    yield f'.SS "{_text(" ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]))}"'
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        literal = paragraph.startswith("\b\n")
        lines = paragraph.removeprefix("\b\n").split("\n")
        yield ".PP"
        yield from (".nf", *map(_text, lines), ".fi") if literal else [_text(" ".join(line.strip() for line in lines))]
    for heading, rows in _options(ctx, command):
        if heading:
            yield from (".PP", f".I {_text(heading)}")
        for names, says in rows:
            yield from (".TP", f".B {_text(names)}", _text(says))


def _options(ctx: click.Context, command: click.Command) -> list[tuple[str, list[tuple[str, str]]]]:
    if isinstance(command, GroupedCommand):
        return list(command.rows(ctx).items())
    records = [param.get_help_record(ctx) for param in command.get_params(ctx) if isinstance(param, click.Option)]
    return [("", [record for record in records if record is not None])]


def _text(words: str) -> str:
    """Words that troff takes as they are."""
    safe = "".join(_SPECIAL.get(character, character) for character in words)
    return f"\\&{safe}" if safe.startswith(".") else safe
