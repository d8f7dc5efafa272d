"""Links from docs/ to the rest of the repository: on the site they lead to the repository's pages."""

import re
from typing import Any

_OUT = re.compile(r"\]\((?:\.\./)+(?P<path>[^)#]*)")


def on_page_markdown(markdown: str, /, *, page: Any, config: Any, files: Any) -> str:
    """A hook of mkdocs. Only pages of docs/ itself link to the rest, so that two dots lead to the root."""
    if "/" in page.file.src_uri:
        return markdown
    return _OUT.sub(lambda found: f"]({config.repo_url.rstrip('/')}/tree/main/{found['path']}", markdown)
