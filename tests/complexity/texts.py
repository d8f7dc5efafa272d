"""Text that is hard: comments, names, lines, files, modules, settings."""

from complexity.written import HEAD, each, file, main

_USE = "go func() { m[`a`]++ }()\nm[`b`]++\n"
Tree = dict[str, str]


def findings_on_one_line(n: int) -> str:
    declared = "; ".join(f"m{i} = map[string]int{{}}" for i in range(n))
    used = "; ".join(f"m{i}[``]++" for i in range(n))
    return f"package main\n\nvar ({declared})\n\nfunc use() {{ {used} }}\n\n" + main("go use(); use()\n")


def uses_on_one_line(n: int) -> str:
    """One map that is used n times on one line."""
    return HEAD + "func use() { " + "; ".join("m[`a`]++" for _ in range(n)) + " }\n" + main("go use()\nuse()\n")


def a_long_comment(n: int) -> str:
    return file("", "// mu guards m, see below\n" * n + "var mu int\n", main(_USE))


def comments_everywhere(n: int) -> str:
    return file("", main(each(n, "// m is guarded by mu#\nm[`#`]++ // locked by mu%\n"), _USE))


def suppressions(n: int) -> str:
    return file("", main("go func() { m[`a`]++ }()\n", each(n, "//mapguard:ignore concurrent-map-write because of #\nm[`#`]++\n")))


def suppressions_of_many_rules(n: int) -> str:
    rules = ",".join(["concurrent-map-write"] * n)
    return file("", main("go func() { m[`a`]++ }()\n", f"//mapguard:ignore {rules} because\n", "m[`a`]++\n"))


def a_long_name(n: int) -> str:
    return file("", "var " + "x" * n * 20 + " = map[string]int{}\n", main(("go func() { " + "x" * n * 20 + "[`a`]++ }()\n") * 20))


def a_long_text(n: int) -> str:
    return file("fmt", "var t = `" + "%v %s 世 " * n + "`\n", main(_USE, 'fmt.Printf("' + "%v" * n + '", m)\n'))


def a_long_format(n: int) -> str:
    return file("fmt", main(_USE, 'go fmt.Printf("' + "%v" * n + '"' + each(n, ", m") + ")\n"))


def constants(n: int) -> str:
    declared = "const (\nc0 = iota\n" + "".join(f"c{i + 1} = c{i} + c{i}\n" for i in range(n)) + ")\n"
    return file("", declared, main(_USE, each(n, "m[`a`] = c#\n")))


def variables_of_variables(n: int) -> str:
    declared = "".join(f"var v{i} = f(v{i + 1}, v{i + 1})\n" for i in range(n)) + f"var v{n} = m\n"
    return file("", "func f(a, b map[string]int) map[string]int { return a }\n", declared, main("go func() { v0[`a`]++ }()\nv1[`a`]++\n"))


def rows_of_a_table(n: int) -> str:
    return file(
        "",
        "var t = []struct{ a string; m map[string]int }{\n" + each(n, "{`#`, map[string]int{`a`: #}},\n") + "}\n",
        main("go func() { t[0].m[`a`]++ }()\nt[1].m[`b`]++\n"),
    )


def literals_of_values(n: int) -> str:
    return file(
        "",
        "type T struct { x []T; m map[string]int }\n",
        "var t = " + "T{x: []T{" * n + "}}" * n + "\n",
        main("go func() { t.m[`a`]++ }()\nt.x[0].m[`b`]++\n"),
    )


def declared_again(n: int) -> str:
    """One name declared n times."""
    return file(
        "",
        "func f() { m[`a`]++ }\ntype T struct { m map[string]int }\nfunc (t T) g() { t.m[`a`]++ }\n" * n,
        main("go f()\ngo T{}.g()\nf()\n"),
    )


def damaged(n: int) -> str:
    return file("", each(n, "func f#( { m[`a`]++\n"), main(_USE))


def unknown_types(n: int) -> str:
    return file("example.com/unknown", main(each(n, "go func() { unknown.X#.Y[`a`]++ }()\nunknown.X#.Y[`a`]++\n")))


def build_constraint(n: int) -> str:
    return "//go:build linux" + each(n, " && (t# || !t#)") + "\n\n" + file("", main(_USE))


def files_of_a_package(n: int) -> Tree:
    files = {f"f{i}.go": f"package main\n\nfunc f{i}() {{ m[`{i}`]++ }}\n" for i in range(n)}
    return {"main.go": file("", main(each(n, "go f#()\n"))), **files}


def packages_in_a_chain(n: int) -> Tree:
    files = {
        f"p{i}/a.go": f'package p{i}\n\nimport q "example.com/m/p{i + 1}"\n\ntype T = q.T\n\nfunc F() T {{ return q.F() }}\n'
        for i in range(n)
    }
    last = {f"p{n}/a.go": f"package p{n}\n\ntype T = map[string]int\n\nvar m = T{{}}\n\nfunc F() T {{ return m }}\n"}
    start = file("example.com/m/p0", main("go func() { p0.F()[`a`]++ }()\np0.F()[`b`]++\n"))
    return {"main.go": start, **files, **last}


def packages_that_import_everything(n: int) -> Tree:
    """What Go refuses: a circle, with a dot."""
    imports = "".join(f'import . "example.com/m/p{i}"\n' for i in range(n))
    body = f"{imports}\nvar M# = map[string]int{{}}\n\nfunc F#() {{ go F%(); M%[`a`]++; missing() }}\n"
    bodies = (body.replace("%", str((i + 1) % n)).replace("#", str(i)) for i in range(n))
    return {"main.go": file("", main(_USE)), **{f"p{i}/a.go": f"package p{i}\n\n{text}" for i, text in enumerate(bodies)}}


def modules(n: int) -> Tree:
    replaced = "".join(f"replace example.com/m{i} => ../m{i}\n" for i in range(n))
    return {
        f"m{i}/{name}": text
        for i in range(n)
        for name, text in {
            "go.mod": f"module example.com/m{i}\n\n{replaced}",
            "a.go": f"package m{i}\n\n{file('', main(_USE)).partition(chr(10))[2]}",
        }.items()
    }


def excluded(n: int) -> Tree:
    """Globs with stars, and names that nearly match them."""
    globs = ", ".join(f'"{"*a" * 6}b{i}"' for i in range(n))
    return {
        "mapguard.toml": f"version = 1\nexclude = [{globs}]\n",
        "main.go": file("", main(_USE)),
        **{"a" * 200 + f"{i}.go": "package main\n" for i in range(n)},
    }


def folders(n: int) -> Tree:
    return {"main.go": file("", main(_USE)), "x/" * n + "a.go": "package x\n"}
