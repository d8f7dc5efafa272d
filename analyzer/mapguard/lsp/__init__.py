"""The language server: what an editor shows of findings, and the changes that it offers. Needs the extra ``mapguard[lsp]``."""
