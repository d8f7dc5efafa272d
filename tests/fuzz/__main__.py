"""``python -m fuzz`` in the folder tests: a long campaign. Exit code 1 when anything failed; the seed of a failure makes its tree again."""

from pathlib import Path

import click

from fuzz.campaign import FILES, campaign, tree


@click.command()
@click.option("--first", default=0, help="The first seed.")
@click.option("--files", default=20_000, help=f"How many files, {FILES} to a tree.")
@click.option("--minutes", default=600.0, help="How long at most.")
@click.option("--write", type=click.Path(path_type=Path, file_okay=False), help="Write the tree of the first seed there instead.")
def run(first: int, files: int, minutes: float, write: Path | None) -> None:
    if write is not None:
        write.mkdir(parents=True)
        tree(write, first)
        return
    seeds = failed = 0
    for seed, failures in campaign(first, files, minutes * 60):
        seeds += 1
        failed += bool(failures)
        for failure in failures:
            click.echo(f"seed {failure.seed}: {failure.what}")
        if seeds % 50 == 0:
            click.echo(f"{seeds * FILES} files, the last seed is {seed}")
    click.echo(f"{seeds * FILES} files in {seeds} trees, {failed} trees failed")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    run()
