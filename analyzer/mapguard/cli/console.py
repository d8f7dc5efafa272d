"""Lines to a terminal or a log, whatever words of the scanned code they hold."""

import sys

import click

from mapguard.report import channel


def say(text: str, err: bool = False) -> None:
    """One line on standard output, or on standard error."""
    click.echo(channel.line(text), err=err)


def show_diff(diff: bytes) -> None:
    """On a terminal harmless lines; to another program the diff as it is, because it must apply."""
    if sys.stdout.isatty():
        text = diff.decode("utf-8", "replace").replace("\t", "    ")
        diff = "".join(f"{channel.line(line)}\n" for line in text.splitlines()).encode("utf-8", "backslashreplace")
    sys.stdout.buffer.write(diff)
    sys.stdout.buffer.flush()
