"""``python -m fuzz`` in the folder tests: a long campaign. Exit code 1 when anything failed; the seed of a failure makes its tree again."""

import faulthandler
import time
from pathlib import Path

import click

from fuzz.campaign import FILES, MADE, campaign, tree
from fuzz.damage import Damage, fixtures

_STUCK = 3600  # seconds by the clock after which a process that does not even run Python tells where it is, and ends


@click.command()
@click.option("--first", default=0, help="The first seed.")
@click.option("--files", default=FILES * 1000, help=f"How many files, {FILES} to a tree; one in {MADE} is made, the others are damaged.")
@click.option("--minutes", default=600.0, help="How long at most.")
@click.option(
    "--of", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Damage the Go files below this folder, not our fixtures."
)
@click.option("--write", type=click.Path(path_type=Path, file_okay=False), help="Write the tree of the first seed there instead.")
def run(first: int, files: int, minutes: float, of: Path | None, write: Path | None) -> None:
    damage = Damage(fixtures() if of is None else sorted(p for p in of.rglob("*.go") if p.is_file()))
    if write is not None:
        write.mkdir(parents=True)
        tree(write, first, damage)
        return
    seeds = failed = 0
    faulthandler.dump_traceback_later(_STUCK, exit=True)
    for seed, failures in campaign(first, files, minutes * 60, damage):
        faulthandler.dump_traceback_later(_STUCK, exit=True)
        seeds += 1
        failed += bool(failures)
        for failure in failures:
            click.echo(f"seed {failure.seed}: {failure.where}: {failure.what}")
        if seeds % 10 == 0:
            click.echo(f"{_counted(seeds)}; the last seed is {seed}; {time.process_time():.0f} s of processor time")
    click.echo(f"{_counted(seeds)} in {seeds} trees, {failed} trees failed")
    raise SystemExit(failed > 0)


def _counted(seeds: int) -> str:
    made = seeds * -(-FILES // MADE)
    return f"{seeds * FILES - made} damaged and {made} made files"


if __name__ == "__main__":
    run()
