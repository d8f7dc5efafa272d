"""Which files and functions serve only tests although they are not in ``_test.go`` files: by folder, file name, imports and names.

Such code starts no threads in production; what production code calls in it still counts.
"""

import re
from collections.abc import Collection

from mapguard.facts.model import FileFacts

_TESTING = frozenset(
    ["testing", "net/http/httptest", "k8s.io/client-go/testing", "github.com/golang/mock/gomock", "go.uber.org/mock/gomock"]
)
_TESTING_BELOW = ("github.com/stretchr/testify/", "testing/", "github.com/onsi/gomega")
_FOLDER = re.compile(
    r"(?:.*[-_])?(?:tests?|testing|e2e|mocks?|fakes?|stubs?)"
    r"|test[-_]?(?:utils?|helpers?|suites?|kit|data|support|lib|common|env|servers?|apps?|cases|doubles?|fixtures?|infra|integration)"
    r"|(?:integration|e2e|unit|func|functional|load|stress)[-_]?tests?|mock[-_]?\w+|\w+mocks?"
)
_FILE = re.compile(r"(?:mocks?|fakes?)[_-].*|.*[_-](?:mocks?|fakes?|testing|testutils?|testhelpers?)|test_?(?:utils?|helpers?)")
_FUNCTION = re.compile(r"[Nn]ewTest[A-Z]|\w+ForTest(s|ing)?$")
_TYPE = re.compile(r"(?:[Mm]ock|[Ff]ake)[A-Z]")


def imports_tests(file: FileFacts) -> bool:
    """Whether it imports what only tests need."""
    return any(i.path in _TESTING or i.path.startswith(_TESTING_BELOW) for i in file.imports)


def kept_for_tests(file: FileFacts, modules: Collection[str], packages: Collection[str]) -> bool:
    """Whether its folder below the module, or its own name, says that it belongs to tests. A module inside another one is a folder of it.

    The standard library names such packages after the tested one: ``httptest``, ``http``.
    """
    home = min((m for m in modules if file.package_path == m or file.package_path.startswith(m + "/")), key=len, default="")
    folders = file.package_path[len(home) :].strip("/").split("/")
    if any(_FOLDER.fullmatch(f) for f in folders) or _FILE.fullmatch(file.path.rpartition("/")[2].removesuffix(".go")):
        return True
    parent, _, last = file.package_path.rpartition("/")
    tested = last.removesuffix("test").rstrip("_-") if last.endswith("test") else ""
    return bool(tested) and (parent.endswith("/" + tested) or f"{parent}/{tested}" in packages)


def named_for_tests(function: str, receiver: str) -> bool:
    """``NewTestServer``, ``ResetForTesting``, the methods of ``mockStore``."""
    return bool(_FUNCTION.match(function) or _TYPE.match(receiver))
