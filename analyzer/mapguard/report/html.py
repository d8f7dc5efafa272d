"""The report as one HTML file (reports/templates): no network, no code but its own, everything from the scanned repository escaped.

Nothing in it depends on when or where it was made.
"""

from mapguard.findings.model import Report
from mapguard.findings.words import VERBS
from mapguard.report import channel, html_page, templates
from mapguard.report.context import Context
from mapguard.report.links import line_link
from mapguard.report.words import guarding, many, provenance, root_kind

_HIDDEN = 10  # names of one gap


def render(report: Report, context: Context) -> str:
    """One document with a final newline."""
    style, script = templates.own("report.css"), templates.own("report.js")
    excerpts = html_page.Excerpts(context)
    environment = templates.environment()
    environment.filters |= {"root_kind": root_kind, "many": many}
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
        policy=templates.policy(style, script),
    )
    return channel.markup(document)
