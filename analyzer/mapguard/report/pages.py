"""The addresses of mapguard's own pages, for reports that link to them."""

HOME = "https://github.com/mapguard/mapguard"


def rule_page(ident: str) -> str:
    """Where a rule is explained."""
    return f"{HOME}/blob/main/docs/rules/{ident}.md"
