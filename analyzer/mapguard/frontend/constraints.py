"""File name suffixes and ``//go:build`` lines to whether the go command would compile a file for the platform and tags of this run."""

import re

from mapguard.base.options import Options

_GOOS = frozenset(
    """
    aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos
    """.split()
)
_GOARCH = frozenset(
    """
    386 amd64 amd64p32 arm arm64 armbe arm64be loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle ppc ppc64 ppc64le
    riscv riscv64 s390 s390x sparc sparc64 wasm
    """.split()
)
_UNIX = frozenset(["aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "linux", "netbsd", "openbsd", "solaris"])
_INCLUDES = {"android": "linux", "illumos": "solaris", "ios": "darwin"}  # a platform to the older one whose files it compiles too
_TOKEN_LIMIT = 200  # an expression nests no deeper than it has tokens
_BUILD = re.compile(rb"^//go:build\s+(.*)$", re.MULTILINE)
_PLUS = re.compile(rb"^//\s*\+build\s+(.*)$", re.MULTILINE)
_PACKAGE = re.compile(rb"^package\s", re.MULTILINE)
_TOKEN = re.compile(r"\s*(\(|\)|&&|\|\||!|[\w.]+)")


def matches(name: str, source: bytes, options: Options) -> bool:
    """Whether the go command would compile the file ``name`` with these options."""
    return _name_matches(name, options) and _header_matches(source, options)


def _name_matches(name: str, options: Options) -> bool:
    parts = name.partition(".")[0].removesuffix("_test").split("_")[1:]  # x_linux.pb.go is a file for linux too
    if len(parts) >= 2 and parts[-2] in _GOOS and parts[-1] in _GOARCH:
        return _tag(parts[-2], options) and _tag(parts[-1], options)
    return not parts or parts[-1] not in (_GOOS | _GOARCH) or _tag(parts[-1], options)


def _header_matches(source: bytes, options: Options) -> bool:
    package = _PACKAGE.search(source)
    header = source[: package.start()] if package else source[:4096]
    if b"build" not in header:
        return True
    found = _BUILD.search(header)
    if found is not None:
        return _expression(found[1].decode("utf-8", "replace"), options)
    return all(
        any(all(_signed(term, options) for term in option.split(",")) for option in line[1].decode("utf-8", "replace").split())
        for line in _PLUS.finditer(header)
    )


def _signed(term: str, options: Options) -> bool:
    return not _tag(term[1:], options) if term.startswith("!") else _tag(term, options)


def _tag(tag: str, options: Options) -> bool:
    if tag in options.tags or tag in (options.goos, options.goarch, "gc", "cgo"):
        return True
    if tag == "unix":
        return options.goos in _UNIX
    return tag.startswith("go1.") or _INCLUDES.get(options.goos) == tag


def _expression(text: str, options: Options) -> bool:
    """A build expression; one that cannot be read counts as matching."""
    tokens = _TOKEN.findall(text)
    if not tokens or len(tokens) > _TOKEN_LIMIT:
        return True
    value, rest = _or(tokens, options)
    return value if not rest else True


def _or(tokens: list[str], options: Options) -> tuple[bool, list[str]]:
    value, tokens = _and(tokens, options)
    while tokens and tokens[0] == "||":
        right, tokens = _and(tokens[1:], options)
        value = value or right
    return value, tokens


def _and(tokens: list[str], options: Options) -> tuple[bool, list[str]]:
    value, tokens = _not(tokens, options)
    while tokens and tokens[0] == "&&":
        right, tokens = _not(tokens[1:], options)
        value = value and right
    return value, tokens


def _not(tokens: list[str], options: Options) -> tuple[bool, list[str]]:
    if not tokens:
        return True, []
    if tokens[0] == "!":
        value, rest = _not(tokens[1:], options)
        return not value, rest
    if tokens[0] == "(":
        value, rest = _or(tokens[1:], options)
        return value, rest[1:]
    return _tag(tokens[0], options), tokens[1:]
