"""Comparing text with a file of tests/golden; ``UPDATE_GOLDEN=1`` writes the file instead."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def same_as_golden(name: str, text: str) -> None:
    file = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_bytes(text.encode("utf-8"))
    assert file.read_bytes().decode("utf-8") == text
