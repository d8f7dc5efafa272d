"""The links of a proof to the confidence that it deserves: from their grades alone."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Literal, NamedTuple

Confidence = Literal["high", "medium", "low"]


class Grade(IntEnum):
    SURE = 0
    CHOICE = 1  # one of n, at most three
    ASSUMED = 2  # something that the tree does not show


FEW = 3  # of so many objects or functions one is a choice; of more it is an assumption


class Link(NamedTuple):
    """One thing that must hold for two accesses to race. ``about`` says which of the four links it belongs to, ``reason`` what was taken
    for granted, as a sentence without an end. ``outside``: that callers outside the tree come at the same time."""

    about: Literal["object", "threads", "overlap", "permit"]
    grade: Grade
    reason: str
    outside: bool = False


def of_number(n: int) -> Grade:
    """The grade of one of ``n`` candidates."""
    return Grade.SURE if n <= 1 else Grade.CHOICE if n <= FEW else Grade.ASSUMED


def confidence(links: Iterable[Link], supported: bool) -> Confidence:
    """High: all is sure. Medium: one choice, or one assumption that something in the code supports. Low: the rest."""
    open_ = [link for link in dict.fromkeys(links) if link.grade != Grade.SURE]
    if not open_:
        return "high"
    if len(open_) == 1 and (open_[0].grade == Grade.CHOICE or supported):
        return "medium"
    return "low"
