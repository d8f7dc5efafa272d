"""Lines of a source file to the hashes by which GitHub tells alerts apart when lines move.

The algorithm is that of GitHub's upload action (codeql-action, src/fingerprints.ts): a rolling hash over the first 100 characters from
the start of each line, without blanks, modulo 2^64, and a number that tells equal hashes apart.
"""

_BLOCK = 100
_BASE = 37
_MASK = (1 << 64) - 1
_FIRST = pow(_BASE, _BLOCK, 1 << 64)
_END = 0xFFFF
_TAB, _LF, _CR, _SPACE = 9, 10, 13, 32


def line_hashes(text: str) -> list[str]:
    """One ``hash:count`` for each line of ``text``, first line first; a line end at the end starts a last, empty line."""
    raw = text.encode("utf-16-le", "surrogatepass")
    units = memoryview(raw).cast("H") if raw else ()
    window = [0] * _BLOCK
    pending = [0] * _BLOCK  # the number of the line that starts at each place of the window, 0 for none
    found: dict[int, str] = {}
    counts: dict[str, int] = {}
    value = index = line = 0
    starts, after_cr = True, False

    def settle() -> None:
        if pending[index]:
            text = f"{value:x}"
            counts[text] = counts.get(text, 0) + 1
            found[pending[index]] = f"{text}:{counts[text]}"
            pending[index] = 0

    def push(unit: int) -> None:
        nonlocal value, index
        value = (_BASE * value + unit - _FIRST * window[index]) & _MASK
        window[index] = unit
        index = (index + 1) % _BLOCK

    for unit in (*units, _END):
        if unit in (_SPACE, _TAB) or (after_cr and unit == _LF):
            after_cr = False
            continue
        after_cr = unit == _CR
        here = _LF if after_cr else unit
        settle()
        if starts:
            line += 1
            pending[index] = line
        starts = here == _LF
        push(here)
    for _ in range(_BLOCK):
        settle()
        push(0)
    return [found[number] for number in sorted(found)]
