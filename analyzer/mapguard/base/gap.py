"""What was not analysed, and why. Every report lists its gaps; nothing is left out without one."""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    SYNTAX = "SYNTAX"  # part of a file did not parse
    TOO_LARGE = "TOO_LARGE"  # file over the size limit
    TOO_DEEP = "TOO_DEEP"  # nesting over the depth limit
    NOT_TEXT = "NOT_TEXT"  # binary bytes in a .go file
    UNREADABLE = "UNREADABLE"  # no permission, vanished, broken link
    OUTSIDE_ROOT = "OUTSIDE_ROOT"  # a symbolic link that leaves the root
    MODULE = "MODULE"  # go.mod or go.work that could not be read
    TYPES = "TYPES"  # what is indexed in a file is of an unknown type: it may be a map
    ORIGIN = "ORIGIN"  # a map that is filled is made nowhere known: its accesses were not compared
    LIMIT = "LIMIT"  # an analysis limit was reached
    CRASH = "CRASH"  # a defect of mapguard in one file or function


class Gap(msgspec.Struct, frozen=True, order=True):
    """``line`` is 1-based, 0 when the gap is the whole file."""

    reason: Reason
    path: str
    line: int = 0
    detail: str = ""
