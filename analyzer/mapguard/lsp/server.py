"""The server itself: documents that open, change and are saved start scans in a thread; their findings become diagnostics."""

import asyncio
import functools
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from mapguard import __version__
from mapguard.base.errors import UsageError
from mapguard.findings.model import Finding
from mapguard.fix.edit import EditError
from mapguard.lsp import actions, convert
from mapguard.lsp.scans import OutdatedError, scan
from mapguard.report.source import SourceLines

_PAUSE = 0.3  # seconds without a change before a buffer that is not saved is scanned


class Server(LanguageServer):
    """Findings of the last scan that was not out of date. ``wanted`` counts what has changed: an older scan ends itself."""

    def __init__(self) -> None:
        super().__init__("mapguard", f"v{__version__}")
        self.wanted = 0
        self.root = Path()
        self.findings: tuple[Finding, ...] = ()
        self.told: set[str] = set()
        self.one = asyncio.Lock()

    def folder(self) -> Path:
        return Path(self.workspace.root_path or ".")

    def buffers(self) -> dict[Path, str]:
        return {_path(uri): document.source for uri, document in self.workspace.text_documents.items()}

    async def changed(self, pause: float = 0) -> None:
        """Scans what is there now, unless something changes before that is done."""
        self.wanted += 1
        mine = self.wanted
        await asyncio.sleep(pause)
        async with self.one:
            if mine != self.wanted:
                return
            work = functools.partial(scan, self.folder(), self.buffers(), lambda: mine != self.wanted)
            try:
                self.root, self.findings = await asyncio.get_running_loop().run_in_executor(None, work)
            except OutdatedError:
                return
            except UsageError as error:
                self.window_log_message(types.LogMessageParams(types.MessageType.Error, f"mapguard: {error}"))
                return
        self.publish()

    def publish(self) -> None:
        """Diagnostics of every file that has some, or had some before."""
        source = SourceLines(
            self.root, {k.relative_to(self.root).as_posix(): v.encode() for k, v in self.buffers().items() if self._mine(k)}
        )

        def ranged(path: str, span: types.Range) -> types.Range:
            return self.workspace.position_codec.range_to_client_units(source.lines(path), span)

        found: dict[str, list[types.Diagnostic]] = {uri: [] for uri in self.told}
        for f in self.findings:
            uri = (self.root / f.accesses[0].path).as_uri()
            found.setdefault(uri, []).append(convert.diagnostic(f, self.root, ranged))
        self.told = {uri for uri, diagnostics in found.items() if diagnostics}
        for uri, diagnostics in sorted(found.items()):
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics))

    def _mine(self, file: Path) -> bool:
        return file.is_relative_to(self.root)

    def at(self, uri: str, line: int) -> list[Finding]:
        """The findings one of whose accesses, or whose map's declaration, is on a line (from 0)."""
        path = _path(uri)

        def here(f: Finding) -> bool:
            places = [(a.path, a.line) for a in f.accesses] + ([(f.map.declared.path, f.map.declared.line)] if f.map.declared else [])
            return any(self.root / name == path and number == line + 1 for name, number in places)

        return [f for f in self.findings if here(f)]


def server() -> Server:
    """A server with its features."""
    made = Server()

    @made.feature(types.INITIALIZED)
    async def initialized(ls: Server, params: types.InitializedParams) -> None:
        await ls.changed()

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        await ls.changed()

    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
        await ls.changed()

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def edited(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        await ls.changed(_PAUSE)

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(ls: Server, params: types.HoverParams) -> types.Hover | None:
        found = ls.at(params.text_document.uri, params.position.line)
        text = "\n\n---\n\n".join(convert.hover(f) for f in found)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if found else None

    @made.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions([types.CodeActionKind.QuickFix], resolve_provider=True))
    def offered(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
        ours = [d for d in params.context.diagnostics if d.source == convert.SOURCE]
        return [
            types.CodeAction(title, types.CodeActionKind.QuickFix, [d], data={"kind": kind, "fingerprint": d.data})
            for d in ours
            for kind, title in actions.KINDS.items()
        ]

    @made.feature(types.CODE_ACTION_RESOLVE)
    async def resolved(ls: Server, params: types.CodeAction) -> types.CodeAction:
        given = params.data if isinstance(params.data, dict) else {}
        finding = next((f for f in ls.findings if f.fingerprint == given.get("fingerprint")), None)
        if finding is None or given.get("kind") not in actions.KINDS:
            return params
        work = functools.partial(actions.edit, str(given["kind"]), finding, ls.folder(), ls.buffers())
        try:
            params.edit = await asyncio.get_running_loop().run_in_executor(None, work)
        except (EditError, UsageError) as error:
            ls.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"mapguard: {error}"))
        return params

    return made


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path)).resolve()
