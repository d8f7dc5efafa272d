"""Roles in a text (``$lock3``) become names that mean nothing, the same for the same role."""

import random
import re

_ROLE = re.compile(r"\$[A-Za-z]\w*")
_STARTS = "b c d f g h j k l m n p r s t v w z br dr gl kr pl tr".split()
_VOWELS = "a e i o u".split()
_TAKEN = set(
    """break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select
    struct switch type var any bool byte error false float int iota nil panic print real rune string true uint append cap clear close copy
    delete len make max min new recover main init atomic context fmt http json maps runtime slices sync time""".split()
)


def word(dice: random.Random) -> str:
    """A pronounceable word of two or three syllables."""
    while True:
        made = "".join(dice.choice(_STARTS) + dice.choice(_VOWELS) for _ in range(dice.choice((2, 2, 3))))
        if made not in _TAKEN:
            return made


def named(texts: list[str], dice: random.Random) -> list[str]:
    """The texts with every role named. A role that starts with a capital may become an exported name."""
    names: dict[str, str] = {}
    used: set[str] = set()

    def name(found: re.Match[str]) -> str:
        role = found[0]
        if role not in names:
            made = word(dice)
            while made in used:
                made = word(dice)
            used.add(made)
            names[role] = made.capitalize() if role[1].isupper() and dice.random() < 0.4 else made
        return names[role]

    return [_ROLE.sub(name, text) for text in texts]
