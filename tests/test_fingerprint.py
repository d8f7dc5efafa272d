"""GitHub's line hashes: vectors of the upload action's own tests, and a reimplementation that looks at each line by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapguard.report.fingerprint import line_hashes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ],
        ),
    ],
)
def test_vectors_of_the_upload_action(text: str, expected: list[str]) -> None:
    assert line_hashes(text) == expected


@pytest.mark.parametrize(
    ("first", "second", "third", "fourth"), [("\n",) * 4, ("\r",) * 4, ("\r\n",) * 4, ("\n", "\r\n\n\r", "\r", "\r\n")]
)
def test_line_ends_of_every_kind_are_one(first: str, second: str, third: str, fourth: str) -> None:
    blank = second if len(second) > 2 else second * 3
    hashes = line_hashes(f" hello; \t{first}world!!!{blank}  \t\tGreetings{third} End{fourth}")
    assert [h.removesuffix(":1") for h in hashes] == [
        "e9496ae3ebfced30",
        "fb7c023a8b9ccb3f",
        "ce8ba1a563dcdaca",
        "e20e36e16fcb0cc8",
        "b3edc88f2938467e",
        "c8e28b0b4002a3a0",
        "c129715d7a2bc9a3",
    ]


def test_repeated_lines_are_numbered_as_the_upload_action_does() -> None:
    hashes = line_hashes("Lorem ipsum dolor sit amet.\n" * 10)
    assert hashes[:6] == [f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)]
    assert hashes[6:] == ["a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1"]


def one_by_one(text: str) -> list[str]:
    """Each line's hash from the 100 characters behind its start, without a rolling window."""
    raw = text.replace("\r\n", "\r").replace("\r", "\n").replace(" ", "").replace("\t", "").encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(raw[i : i + 2], "little") for i in range(0, len(raw), 2)] + [0xFFFF]
    starts = [0] + [i + 1 for i, unit in enumerate(units[:-1]) if unit == 10]
    counts: dict[str, int] = {}
    found = []
    for start in starts:
        block = (units[start:] + [0] * 100)[:100]
        value = f"{sum(unit * 37 ** (99 - i) for i, unit in enumerate(block)) % 2**64:x}"
        counts[value] = counts.get(value, 0) + 1
        found.append(f"{value}:{counts[value]}")
    return found


@given(st.text(st.sampled_from("ab{}\t\r\n é日😀"), max_size=400))
def test_every_line_by_itself(text: str) -> None:
    # a blank between CR and LF makes two line ends, which the plain replacement above does not see
    text = text.replace("\r ", "\r").replace("\r\t", "\r")
    assert line_hashes(text) == one_by_one(text)


def test_equal_lines_are_numbered_and_moved_lines_keep_their_hash() -> None:
    body = "m[k] = 1\n" * 3 + "x" * 200
    hashes = line_hashes(body)
    assert len(hashes) == 4
    assert hashes == line_hashes("// a new first line\n" + body)[1:]
    assert [h.rpartition(":")[2] for h in line_hashes("a\n" * 300)[:3]] == ["1", "2", "3"]
