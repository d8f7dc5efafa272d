"""Plans to edits of Go text, and edits to files that look as gofmt leaves them, a diff, or files on the disk."""
