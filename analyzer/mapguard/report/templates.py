"""The environment in which every page is rendered: everything from outside is escaped, and the page forbids itself what is not its own.

A page allows its one style and one script by their hashes in a content policy, so that even markup that slipped through would not run.
"""

import base64
import hashlib
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mapguard.base.data import data_dir
from mapguard.report.highlight import visible


def environment() -> Environment:
    """Loads from reports/templates. The filters ``number`` and ``plural`` write counts."""
    made = Environment(
        loader=FileSystemLoader(data_dir("templates"), encoding="utf-8"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"number": _number, "plural": _plural}
    return made


def own(*names: str) -> Markup:
    """Files that ship with mapguard and go into the page as they are, one after the other."""
    return Markup("".join(data_dir("templates").joinpath(name).read_text("utf-8") for name in names))


def policy(style: str, script: str) -> str:
    """The content policy of a page with this style and this script."""
    return f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless(value: Any) -> Any:
    """What every expression of a template passes: text from outside loses control and direction characters before it is escaped."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _number(value: int) -> str:
    return f"{value:,}"


def _plural(count: int, one: str, more: str = "") -> str:
    """``1 finding``, ``1,234 findings``."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
