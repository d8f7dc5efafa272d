"""``mapguard cache``: how much is cached, and removing it."""

from pathlib import Path

import click

from mapguard import pipeline
from mapguard.base.options import Options
from mapguard.cli.console import say


@click.group()
def cache() -> None:
    """Look at or remove the cache of parsed files."""


@cache.command()
@click.option("--cache-dir", type=click.Path(path_type=Path))
def status(cache_dir: Path | None) -> None:
    """Say where the cache is and how large it is."""
    folder, entries, size = pipeline.cache_status(Options(cache_dir=cache_dir))
    say(f"{folder}: {entries} entries, {size / 1e6:.1f} MB")


@cache.command()
@click.option("--cache-dir", type=click.Path(path_type=Path))
def clean(cache_dir: Path | None) -> None:
    """Remove the cache."""
    click.echo(f"{pipeline.cache_clean(Options(cache_dir=cache_dir)) / 1e6:.1f} MB removed")
