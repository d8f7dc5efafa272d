"""Finds the data that ships with mapguard: ``rules/`` and ``reports/templates/`` in a checkout, ``_data/`` when installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_dir(name: str) -> Path:
    """The folder ``rules`` or ``templates``."""
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent.parent
    return checkout / "reports" / "templates" if name == "templates" else checkout / name
