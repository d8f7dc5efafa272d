"""Lines to a terminal or a log, whatever words of the scanned code they hold."""

import click

from mapguard.report import channel


def say(text: str, err: bool = False) -> None:
    """One line on standard output, or on standard error."""
    click.echo(channel.line(text), err=err)
