"""From a folder to facts: the only place that sees tree-sitter."""
