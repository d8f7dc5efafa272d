"""The report as one HTML file (reports/templates): no network, no code but its own, everything from the scanned repository escaped.

The file forbids itself everything in a content policy and allows its one style and one script by their hashes, so that even markup that
slipped through would not run. Nothing in it depends on when or where it was made.
"""

import base64
import hashlib
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mapguard.base.data import data_dir
from mapguard.findings.model import Report
from mapguard.findings.words import VERBS
from mapguard.report import channel, html_page
from mapguard.report.context import Context
from mapguard.report.highlight import visible
from mapguard.report.links import line_link
from mapguard.report.words import guarding, many, provenance, root_kind

_HIDDEN = 10  # names of one gap


def render(report: Report, context: Context) -> str:
    """One document with a final newline."""
    style, script = _own("report.css"), _own("report.js")
    excerpts = html_page.Excerpts(context)
    environment = Environment(
        loader=FileSystemLoader(data_dir("templates"), encoding="utf-8"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": _number, "plural": _plural, "root_kind": root_kind, "many": many}
    environment.filters |= {"prose": html_page.prose, "breakable": html_page.breakable}
    environment.globals |= {
        "VERBS": VERBS,
        "code": excerpts.at,
        "step_code": excerpts.of_step,
        "guarding": guarding,
        "provenance": provenance,
        "HIDDEN": _HIDDEN,
        "headline": html_page.headline,
        "link": lambda path, line: line_link(context, path, line),
    }
    document = environment.get_template("report.html.j2").render(
        page=html_page.page(report, context),
        context=context,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'",
    )
    return channel.markup(document)


def _own(name: str) -> Markup:
    """A file that ships with mapguard and goes into the page as it is."""
    return Markup(data_dir("templates").joinpath(name).read_text("utf-8"))


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
