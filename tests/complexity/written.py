"""Parts of Go to a source file: what the generators share."""

HEAD = "package main\n\nvar m = map[string]int{}\n\n"


def main(*statements: str) -> str:
    """The function main."""
    return "func main() {\n" + "".join(statements) + "}\n"


def file(imports: str, *declarations: str) -> str:
    """A file of package main with the map m, and imports given as words."""
    lines = "".join(f'import "{path}"\n' for path in imports.split())
    return f"package main\n\n{lines}\nvar m = map[string]int{{}}\n\n" + "\n".join(declarations)


def each(n: int, text: str) -> str:
    """A text n times, # replaced by the number and % by the next one, after the last of which comes the first."""
    return "".join(text.replace("#", str(i)).replace("%", str((i + 1) % n)) for i in range(n))
