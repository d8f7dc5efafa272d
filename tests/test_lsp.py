"""The language server with a real client over standard input and output: what is shown, what an edit changes, what is offered."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from patience import HANG
from scanning import environment, tree

types = pytest.importorskip("lsprotocol.types", reason="the extra mapguard[lsp] is not installed")
client = pytest.importorskip("pygls.lsp.client", reason="the extra mapguard[lsp] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

MOD = "module m\n\ngo 1.22\n"
STORE = """package p

import (
	"net/http"
	"sync"
)

type S struct {
	mu   sync.Mutex
	hits map[string]int
}

func (s *S) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	s.mu.Unlock()
}

func (s *S) Get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.hits["größe"]
}

func (s *S) Reset(w http.ResponseWriter, r *http.Request) {
	s.hits["🗺"] = 0
}

func main() {
	s := &S{hits: map[string]int{}}
	http.Handle("/", s)
	http.HandleFunc("/reset", s.Reset)
	http.HandleFunc("/get", s.Get)
}
"""
UNLOCKED = '	s.hits["🗺"] = 0\n'
LOCKED = '	s.mu.Lock()\n	defer s.mu.Unlock()\n	s.hits["🗺"] = 0\n'


class Editor:
    """A client that keeps the last diagnostics of each file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client: Any = client.LanguageClient("editor", "1")
        self.diagnostics: dict[str, list[Any]] = {}
        self.arrived = asyncio.Event()
        self.messages: list[str] = []

        def published(params: Any) -> None:
            self.diagnostics[params.uri] = list(params.diagnostics)
            self.arrived.set()

        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(published)
        self.client.feature(types.WINDOW_SHOW_MESSAGE)(lambda params: self.messages.append(params.message))

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    async def open(self, name: str) -> list[Any]:
        await self.client.start_io(sys.executable, "-m", "mapguard", "lsp", env=environment(XDG_CACHE_HOME=str(self.root / ".cache")))
        await self.client.initialize_async(
            types.InitializeParams(capabilities=types.ClientCapabilities(), process_id=None, root_uri=self.root.as_uri())
        )
        self.client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(self.uri(name), "go", 1, (self.root / name).read_text())
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.next(name)

    async def next(self, name: str) -> list[Any]:
        self.arrived.clear()
        await asyncio.wait_for(self.arrived.wait(), HANG)
        return self.diagnostics.get(self.uri(name), [])

    def write(self, name: str, version: int, text: str) -> None:
        """A change of the buffer that is not saved."""
        ident = types.VersionedTextDocumentIdentifier(version, self.uri(name))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(ident, [change]))

    async def offered(self, name: str, diagnostic: Any) -> dict[str, Any]:
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri(name)), diagnostic.range, types.CodeActionContext(diagnostics=[diagnostic])
        )
        return {action.data["kind"]: action for action in await self.client.text_document_code_action_async(params)}

    async def applied(self, name: str, action: Any, text: str) -> str:
        """The text after the edit of an action."""
        done = await self.client.code_action_resolve_async(action)
        assert done.edit is not None, self.messages
        lines = text.splitlines(keepends=True)
        for edit in sorted(done.edit.changes[self.uri(name)], key=lambda e: e.range.start.line, reverse=True):
            lines[edit.range.start.line : edit.range.end.line] = edit.new_text.splitlines(keepends=True)
        return "".join(lines)

    async def close(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()


def edited(root: Path, story: Callable[[Editor, list[Any]], Awaitable[None]]) -> None:
    async def run() -> None:
        editor = Editor(root)
        try:
            await story(editor, await editor.open("store.go"))
        finally:
            await editor.close()

    tree(root, {".git/HEAD": "", "go.mod": MOD, "store.go": STORE})
    asyncio.run(run())


def test_diagnostics_follow_the_buffer(tmp_path: Path) -> None:
    async def story(editor: Editor, shown: list[Any]) -> None:
        (one,) = shown
        assert (one.code, one.source) == ("map-guard-missed", "mapguard")
        line = STORE.splitlines()[one.range.start.line]
        assert line == UNLOCKED.rstrip("\n")
        units = line.encode("utf-16-le")[2 * one.range.start.character : 2 * one.range.end.character]
        assert units.decode("utf-16-le") == 's.hits["🗺"]'
        said = [r.message for r in one.related_information]
        assert "another access: (*S).ServeHTTP writes the map, holding s.mu" in said
        assert any(text.startswith("thread A begins here: HTTP handler") for text in said)
        assert "the map is declared here" in said
        editor.write("store.go", 2, STORE.replace(UNLOCKED, LOCKED))
        assert await editor.next("store.go") == []
        editor.write("store.go", 3, "\n" + STORE)
        (moved,) = await editor.next("store.go")
        assert moved.range.start.line == one.range.start.line + 1
        assert (tmp_path / "store.go").read_text() == STORE

    edited(tmp_path, story)


def test_hover_tells_who_holds_the_guard(tmp_path: Path) -> None:
    async def story(editor: Editor, shown: list[Any]) -> None:
        line = next(n for n, text in enumerate(STORE.splitlines()) if text.startswith("\thits map"))
        where = types.HoverParams(types.TextDocumentIdentifier(editor.uri("store.go")), types.Position(line, 2))
        text = (await editor.client.text_document_hover_async(where)).contents.value
        assert "is held at 2 of 3 accesses" in text
        assert "holding no lock" in text
        nothing = types.HoverParams(types.TextDocumentIdentifier(editor.uri("store.go")), types.Position(0, 0))
        assert await editor.client.text_document_hover_async(nothing) is None

    edited(tmp_path, story)


@pytest.mark.parametrize(
    ("kind", "added"), [("fix", "s.mu.Lock()"), ("declare-guard", "// guarded by mu"), ("ignore", "//mapguard:ignore map-guard")]
)
def test_an_action_is_applied_and_the_diagnostics_follow(tmp_path: Path, kind: str, added: str) -> None:
    async def story(editor: Editor, shown: list[Any]) -> None:
        offered = await editor.offered("store.go", shown[0])
        assert set(offered) == {"fix", "declare-guard", "ignore"}
        text = await editor.applied("store.go", offered[kind], STORE)
        assert text.count(added) == STORE.count(added) + 1
        editor.write("store.go", 2, text)
        left = await editor.next("store.go")
        assert bool(left) == (kind == "declare-guard")

    edited(tmp_path, story)


def test_what_is_out_of_date_is_never_shown(tmp_path: Path) -> None:
    async def story(editor: Editor, shown: list[Any]) -> None:
        for version in range(2, 12):
            editor.write("store.go", version, STORE.replace(UNLOCKED, LOCKED) + "\n" * version)
            await asyncio.sleep(0.05)
        editor.write("store.go", 12, STORE.replace(UNLOCKED, "\n" * 20 + UNLOCKED))
        (one,) = await editor.next("store.go")
        assert one.range.start.line == shown[0].range.start.line + 20

    edited(tmp_path, story)
