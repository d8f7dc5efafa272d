"""Function bodies that are hard: loops, branches, locks, jumps, literals."""

from complexity.written import each, file, main

_RACE = 'go func() { m["a"]++ }()\nm["a"]++\n'
_LOCK = "sync"


def nested_ranges(n: int) -> str:
    return file("", main("for k := range m {\n" * n, "m[k]++\n", "}\n" * n))


def nested_loops_with_breaks(n: int) -> str:
    opened = each(n, 'l#:\nfor i := 0; i < 9; i++ {\nif m["a"] == # { break l# }\nif m["b"] == # { continue l# }\n')
    return file("", main(opened, _RACE, "}\n" * n))


def loops_in_a_row(n: int) -> str:
    return file("", main("go func() { m[`a`]++ }()\n", each(n, "for k := range m { m[k] += # }\n")))


def branches_in_a_row(n: int) -> str:
    return file("", main(each(n, 'if m["a"] == # { m["b"] = # } else { m["c"] = # }\n'), _RACE))


def branches_in_branches(n: int) -> str:
    return file("", main(each(n, 'if m["a"] == # {\nm["b"]++\n'), _RACE, "} else { m[`c`]++ }\n" * n))


def else_ifs(n: int) -> str:
    return file("", main("if m[`a`] < 0 { }", each(n, ' else if m["a"] == # { m["b"]++ }'), "\n", _RACE))


def cases(n: int) -> str:
    return file("", main('switch m["a"] {\n', each(n, 'case #:\nm["b"] = #\nfallthrough\n'), "default:\n}\n", _RACE))


def conditional_locks(n: int) -> str:
    """Each lock is taken and given back where a flag says so: two to the n ways through the body."""
    taken = each(n, "if f# { mu#.Lock() }\n") + 'm["a"]++\n' + each(n, "if f# { mu#.Unlock() }\n")
    flags = ", ".join(f"f{i}" for i in range(n))
    called = "go use(" + ", ".join(["true"] * n) + ")\n"
    return file(_LOCK, each(n, "var mu# sync.Mutex\n"), f"func use({flags} bool) {{\n{taken}}}\n", main(called * 2))


def locks_held_at_once(n: int) -> str:
    body = each(n, "mu#.Lock()\n") + each(n, "m[`#`]++\n") + each(n, "mu#.Unlock()\n")
    return file(_LOCK, each(n, "var mu# sync.Mutex\n"), f"func use() {{\n{body}}}\n", main("go use()\n", 'm["a"]++\n'))


def lock_and_unlock(n: int) -> str:
    return file(_LOCK, "var mu sync.Mutex\n", main("go func() { m[`a`]++ }()\n", each(n, "mu.Lock()\nm[`#`]++\nmu.Unlock()\n")))


def locks_of_loops(n: int) -> str:
    """Locks taken in a loop in a loop, each given back in the next round."""
    opened = each(n, "for range m {\nmu#.Lock()\nif m[`a`] > 0 { mu%.Unlock() }\n")
    return file(_LOCK, each(n, "var mu# sync.Mutex\n"), main(opened, _RACE, each(n, "mu#.Unlock()\n}\n")))


def deferred_calls(n: int) -> str:
    return file(_LOCK, "var mu sync.Mutex\n", main(each(n, "mu.Lock()\ndefer mu.Unlock()\nif m[`#`] > 0 { return }\n"), _RACE))


def jumps(n: int) -> str:
    """Labels of which each jumps to all others."""
    return file("", main(each(n, "l#:\nif m[`#`] > 0 { goto l% }\n" + 'if m["a"] > # { goto l0 }\n'), _RACE))


def jumps_everywhere(n: int) -> str:
    labels = "".join(f"l{i}:\n" + "".join(f"if m[`{j}`] > {i} {{ goto l{j} }}\n" for j in range(n)) for i in range(n))
    return file("", main(labels, _RACE))


def returns(n: int) -> str:
    body = each(n, "if k == # { mu.Unlock(); return # }\n")
    used = f"func use(k int) int {{\nmu.Lock()\n{body}m[`a`]++\nmu.Unlock()\nreturn 0\n}}\n"
    return file(_LOCK, "var mu sync.Mutex\n", used, main("go use(1)\nuse(2)\n"))


def choices_of_select(n: int) -> str:
    chosen = "for {\nselect {\n" + each(n, "case x := <-c#:\nm[x]++\n") + "}\n}\n"
    return file("", each(n, "var c# = make(chan string)\n"), main(each(n, "go func() { c# <- `a`; m[`b`]++ }()\n"), chosen))


def literals_in_literals(n: int) -> str:
    return file("", main("func() {\n" * n, _RACE, "}()\n" * n))


def started_literals_in_literals(n: int) -> str:
    return file("", main('go func() {\nm["a"]++\n' * n, _RACE, "}()\n" * n))


def literals_that_capture_all(n: int) -> str:
    """Each function literal uses all variables around it."""
    opened = each(n, "v# := map[string]int{}\ngo func() {\n") + each(n, "v#[`a`]++\n")
    return file("", main(opened, "}()\n" * n))


def literals_in_a_row(n: int) -> str:
    return file("", main(each(n, "f# := func() { m[`#`]++ }\ngo f#()\n")))


def operators(n: int) -> str:
    return file("", main('m["a"] = ', " + ".join(f"m[`{i}`]" for i in range(n)), "\n", _RACE))


def indexes_in_indexes(n: int) -> str:
    return file("", "var s = map[string]string{}\n", main("go func() { s[`a`] = `b` }()\n", "_ = ", "s[" * n, "`a`", "]" * n, "\n"))


def assigned_in_turn(n: int) -> str:
    """Variables that all get each other's value in a loop."""
    made = each(n, "v# := map[string]int{}\n")
    return file("", main(made, "for range m {\n", each(n, "v# = v%\n"), "}\n", each(n, "go func() { v#[`a`]++ }()\n")))


def one_of_many(n: int) -> str:
    """A variable that holds one of n maps."""
    chosen = each(n, "case #:\nv = m#\n")
    used = "go func() { v[`a`]++ }()\nv[`b`]++\n"
    return file("", each(n, "var m# = map[string]int{}\n"), main("v := m\nswitch len(m) {\n", chosen, "}\n", used, each(n, "m#[`c`]++\n")))


def repeated_assignments(n: int) -> str:
    return file("", main("v := m\n", each(n, "if m[`#`] > 0 { v = map[string]int{} }\nv[`#`]++\n"), "go func() { v[`a`]++ }()\n"))
