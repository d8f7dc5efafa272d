"""``mapguard config``: the settings in force, and whether the file is right."""

from pathlib import Path

import click

from mapguard import pipeline
from mapguard.base.errors import UsageError
from mapguard.cli import baselinefile, configfile
from mapguard.cli.console import say
from mapguard.cli.inline_models import model_files
from mapguard.cli.settings import configured_paths
from mapguard.models.load import load
from mapguard.report import channel

_PATH = click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
_CONFIG = click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The file (default: the one at the root).")


@click.group()
def config() -> None:
    """Show or check the configuration file."""


@config.command()
@_PATH
@_CONFIG
def show(path: Path, config: Path | None) -> int:
    """Print the settings in force for PATH as JSON, and where they come from."""
    loaded = configfile.load(pipeline.root_of(path), config)
    say(f"from {loaded.file}" if loaded.file is not None else "no configuration file: these are the defaults", err=True)
    click.echo(channel.indented(loaded.settings), nl=False)
    return 0


@config.command()
@_PATH
@_CONFIG
def verify(path: Path, config: Path | None) -> int:
    """Check the file, with the models, the baseline and the paths that it names; exit with 2 and say what is wrong."""
    loaded = configfile.load(pipeline.root_of(path), config)
    if loaded.file is None:
        raise UsageError(f"no configuration file ({' or '.join(configfile.NAMES)}) at {pipeline.root_of(path)}")
    with model_files(loaded, ()) as models:
        load(models)
    recorded = baselinefile.configured(loaded, None)
    if recorded is not None:
        baselinefile.read(recorded)
    configured_paths(loaded)
    say(f"{loaded.file.name}: no mistake found")
    return 0
