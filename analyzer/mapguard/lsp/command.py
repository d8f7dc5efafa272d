"""``mapguard lsp``: the language server on standard input and output."""

import click

from mapguard.base.errors import UsageError


@click.command()
def lsp() -> int:
    """Serve an editor over the Language Server Protocol, on standard input and output (extra: mapguard[lsp])."""
    try:
        from mapguard.lsp.server import server
    except ModuleNotFoundError as error:
        raise UsageError("the language server needs the package pygls: pip install 'mapguard[lsp]'") from error
    server().start_io()
    return 0
