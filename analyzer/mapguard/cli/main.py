"""The ``mapguard`` command: subcommands, and the one place where errors become messages and exit codes."""

import difflib
import io
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, NoReturn

import click

from mapguard import __version__
from mapguard.base.errors import UsageError
from mapguard.cli.console import say

_COMMANDS = {
    "scan": "mapguard.cli.scan:scan",
    "init": "mapguard.cli.init:init",
    "fleet": "mapguard.cli.fleet:fleet",
    "explain": "mapguard.cli.explain:explain",
    "rules": "mapguard.cli.explain:rules",
    "why": "mapguard.cli.inspect:why",
    "why-not": "mapguard.cli.inspect:why_not",
    "dump": "mapguard.cli.inspect:dump",
    "baseline": "mapguard.cli.baseline:baseline",
    "annotate": "mapguard.cli.annotate:annotate",
    "fix": "mapguard.cli.fix:fix",
    "prove": "mapguard.cli.prove:prove",
    "bench": "mapguard.cli.bench:bench",
    "config": "mapguard.cli.config:config",
    "cache": "mapguard.cli.cache:cache",
    "lsp": "mapguard.lsp.command:lsp",
    "completion": "mapguard.cli.manual:completion",
    "man": "mapguard.cli.manual:man",
}


class Commands(click.Group):
    """Loads a subcommand when it is asked for: starting up stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, "version"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _COMMANDS:
            module, _, attribute = _COMMANDS[name].partition(":")
            found = getattr(__import__(module, fromlist=[attribute]), attribute)
            assert isinstance(found, click.Command)
            return found
        return super().get_command(ctx, name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            raise click.UsageError(f"no such command: {args[0]}" + (f" (did you mean {near[0]}?)" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mapguard")
def cli() -> None:
    """Finds Go maps that several goroutines can touch without a proper lock. Needs no build, no Go toolchain, no network."""


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(f"mapguard {__version__}")


def main(args: list[str] | None = None) -> None:
    """Runs the command and exits: 0 nothing found, 1 findings, 2 wrong use or failure, 3 incomplete, 130 interrupted."""
    debug = "--debug" in (sys.argv[1:] if args is None else args) or os.environ.get("MAPGUARD_DEBUG", "").lower() in (
        "1",
        "true",
        "yes",
        "on",
    )
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal cannot show must not end the run
    try:
        code: Any = cli.main(args=args, prog_name="mapguard", standalone_mode=False)
        sys.stdout.flush()
    except UsageError as error:
        _fail(str(error))
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        for line in shown.getvalue().splitlines():  # it quotes arguments, which may be names of files
            say(line, err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("mapguard: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        _reader_gone()
    except MemoryError:
        _fail("there is not enough memory for this tree: the system allows this process no more")
    except Exception as error:
        if debug:
            raise
        _fail(f"internal error: {type(error).__name__}: {' '.join(str(error).split())} (--debug shows where)")
    sys.exit(code if isinstance(code, int) else 0)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """A run that is cancelled leaves no process and no file behind: this unwinds it."""
    sys.exit(128 + number)


def _reader_gone() -> NoReturn:
    """The reader of our output has seen enough (``| head``): nobody is left to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    say(f"mapguard: {message}", err=True)
    sys.exit(2)
