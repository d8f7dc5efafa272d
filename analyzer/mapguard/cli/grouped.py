"""Options in groups: ``--help`` shows them under headings, and each can be given as an environment variable ``MAPGUARD_NAME``."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
REPORT, FINDINGS, TREE, RUN = "Report", "Which findings count", "What is read", "How it runs"
_ORDER = (REPORT, FINDINGS, TREE, RUN)


class GroupedOption(click.Option):
    """An option with a heading for the help. What the environment gives counts less than the command line and more than the file."""

    def __init__(self, *args: Any, group: str = "", **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group
        if self.envvar is None:
            longest = max(self.opts, key=len)
            self.envvar = "MAPGUARD_" + longest.lstrip("-").replace("-", "_").upper()


class GroupedCommand(click.Command):
    """A command whose help lists its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, rows in self.rows(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(rows)

    def rows(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """What the help says of each option, under its heading."""
        rows: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if row is not None:
                rows.setdefault(param.group if isinstance(param, GroupedOption) else RUN, []).append(row)
        return {heading: rows[heading] for heading in _ORDER if heading in rows}


def option(group: str, *names: str, **more: Any) -> Callable[[_Command], _Command]:
    """``click.option`` under a heading."""
    return click.option(*names, cls=GroupedOption, group=group, **more)
