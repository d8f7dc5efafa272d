"""The job summary to one comment on the pull request: written once, changed afterwards, taken back to one line when nothing is left.

Talks to GitHub's interface only. A pull request from a fork has no token that may write, so this step is not run there.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

LIMIT = 60_000  # GitHub takes 65,536 characters
PAGES = 20
SECONDS = 30


def main() -> int:
    """A comment that cannot be written is said and fails nothing: the judgement is another step's."""
    marker = f"<!-- mapguard {json.dumps(os.environ['CATEGORY']).replace('--', '- -')} -->"
    found = int(os.environ["FINDINGS"])
    path = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    try:
        known = earlier(path, marker)
        if not found and known is None:
            return 0
        body = f"{marker}\n{text(found)}"
        if known is None:
            call("POST", f"{path}/{int(os.environ['NUMBER'])}/comments", {"body": body})
        elif known.get("body") != body:
            call("PATCH", f"{path}/comments/{known['id']}", {"body": body})
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        reason = f"{error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        hint = "; the job needs the permission pull-requests: write" if reason == "403" else ""
        print(f"::warning title=mapguard::the comment could not be written ({reason}){hint}")
    return 0


def text(found: int) -> str:
    if not found:
        return "mapguard finds nothing any more."
    summary = Path(os.environ["SUMMARY"]).read_text("utf-8")
    if len(summary) <= LIMIT:
        return summary
    return summary[:LIMIT].rpartition("\n")[0] + "\n\nThe rest is in the summary of the job.\n"


def earlier(path: str, marker: str) -> dict[str, Any] | None:
    """Our comment, if there is one: what a person wrote is left alone, whatever it begins with."""
    for page in range(1, PAGES + 1):
        comments = call("GET", f"{path}/{int(os.environ['NUMBER'])}/comments?per_page=100&page={page}")
        for comment in comments:
            if comment["body"].startswith(marker) and comment["user"]["type"] == "Bot":
                return dict(comment)
        if len(comments) < 100:
            break
    return None


def call(method: str, path: str, data: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        os.environ["GITHUB_API_URL"] + path,
        method=method,
        data=json.dumps(data).encode() if data is not None else None,
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "mapguard",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
