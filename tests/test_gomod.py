"""go.mod and go.work: the few directives that matter, in every way that they can be written."""

from pathlib import Path

import pytest

from mapguard.frontend.gomod import Module, has_module, read_module, read_work


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("module example.com/m\n", Module("svc", "example.com/m")),
        ('module "example.com/m" // why\n\ngo 1.24\n', Module("svc", "example.com/m", language=(1, 24))),
        ("module (\n\texample.com/m\n)\n", Module("svc", "example.com/m")),
        ("module example.com/m\r\n\r\ngo 1.24\r\n", Module("svc", "example.com/m", language=(1, 24))),
        ("module example.com/m\ngo 1.21.5 // old\n", Module("svc", "example.com/m", language=(1, 21))),
        ("module example.com/m\ngo later\n", Module("svc", "example.com/m", language=(1, 16))),
        ("// module example.com/no\n\nmodule example.com/m\n", Module("svc", "example.com/m")),
        ("module m\nreplace example.com/x => ../x\n", Module("svc", "m", (("example.com/x", "x"),))),
        ("module m\nreplace example.com/x v1.2.3 => ./x/y/../z\n", Module("svc", "m", (("example.com/x", "svc/x/z"),))),
        (
            "module m\nreplace (\n\tb => ./b // here\n\ta => ../a\n\tc => example.com/fork v1.0.0\n\td => /abs/d\n)\n",
            Module("svc", "m", (("a", "a"), ("b", "svc/b"))),
        ),
        ("module m\nreplace x => ../../x\n", Module("svc", "m", (("x", "../x"),))),  # outside: told by the dots that it keeps
        ("module m\nignore ./gen\nignore (\n\tnode_modules\n)\n", Module("svc", "m", (), ("./gen", "node_modules"))),
        ("module m\nreplace x =>\nreplace =>\n", Module("svc", "m")),
        ("go 1.24\n", None),
        ("module\n", None),
        ("", None),
        ("\0\1\2", None),
        ("module m\n" + "// long\n" * 200_000, None),  # over a megabyte: no module file that anybody wrote
    ],
)
def test_read_module(tmp_path: Path, text: str, module: Module | None) -> None:
    (tmp_path / "go.mod").write_bytes(text.encode())
    assert read_module(tmp_path, "svc") == module


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("go 1.24\n\nuse ./a\nuse ./b\n", ("a", "b")),
        ("use (\n\t./b // second\n\t.\n\t./a/../c\n)\n", ("", "b", "c")),
        ("use ../out\n", ("../out",)),
        ("use\n", ()),
        ("", ()),
    ],
)
def test_read_work(tmp_path: Path, text: str, used: tuple[str, ...]) -> None:
    (tmp_path / "go.work").write_text(text)
    assert read_work(tmp_path, "") == used


def test_no_file_is_no_module(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/go.mod").mkdir()
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "folder", tmp_path / ("a" * 5000)):
        assert not has_module(folder)
        assert read_module(folder, "") is None
        assert read_work(folder, "") == ()
