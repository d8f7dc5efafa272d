"""Calls that are hard: rings, diamonds, fans, values that are functions."""

from complexity.written import each, file, main

_LOCKED = "mu.Lock()\nm[k]++\nmu.Unlock()\n"
_VARIABLES = "var mu sync.Mutex\nvar k string\n"


def mutual_recursion(n: int) -> str:
    functions = each(n, f"func f#(d int) {{\n{_LOCKED}if d > 0 {{ f%(d - 1) }}\n}}\n")
    return file("sync", _VARIABLES, functions, main("go f0(9)\nf0(9)\n"))


def everyone_calls_everyone(n: int) -> str:
    called = each(n, "f#(d)\n")
    return file("sync", _VARIABLES, each(n, f"func f#(d int) {{\n{_LOCKED}{called}}}\n"), main("go f0(9)\nf0(9)\n"))


def recursion_under_locks(n: int) -> str:
    """A ring in which each takes its own lock for the next."""
    return file("sync", each(n, "var mu# sync.Mutex\nfunc f#() {\nmu#.Lock()\nm[`a`]++\nf%()\nmu#.Unlock()\n}\n"), main("go f0()\nf0()\n"))


def recursion_with_maps(n: int) -> str:
    """A ring that passes two maps on, crossed over."""
    return file(
        "", each(n, "func f#(a, b map[string]int) {\na[`x`]++\nf%(b, a)\nf%(a, b)\n}\n"), main("go f0(m, map[string]int{})\nf0(m, m)\n")
    )


def diamonds(n: int) -> str:
    """Layers of two functions of which each calls both of the next: two to the n ways to the map."""
    layers = "".join(f"func a{i}() {{ a{i + 1}(); b{i + 1}() }}\nfunc b{i}() {{ a{i + 1}(); b{i + 1}() }}\n" for i in range(n))
    return file("", layers, f"func a{n}() {{ m[`a`]++ }}\nfunc b{n}() {{ m[`b`]++ }}\n", main("go a0()\nb0()\n"))


def diamonds_of_values(n: int) -> str:
    """The same with a map that is passed down."""
    p, q = "(p map[string]int)", "(p)"
    layers = "".join(f"func a{i}{p} {{ a{i + 1}{q}; b{i + 1}{q} }}\nfunc b{i}{p} {{ a{i + 1}{q}; b{i + 1}{q} }}\n" for i in range(n))
    return file("", layers, f"func a{n}{p} {{ p[`a`]++ }}\nfunc b{n}{p} {{ p[`b`]++ }}\n", main("go a0(m)\nb0(m)\n"))


def diamonds_of_results(n: int) -> str:
    layers = "".join(
        f"func a{i}() map[string]int {{ if k {{ return a{i + 1}() }}; return b{i + 1}() }}\n"
        f"func b{i}() map[string]int {{ if k {{ return a{i + 1}() }}; return b{i + 1}() }}\n"
        for i in range(n)
    )
    ends = f"func a{n}() map[string]int {{ return m }}\nfunc b{n}() map[string]int {{ return map[string]int{{}} }}\n"
    return file("", "var k bool\n", layers, ends, main("go func() { a0()[`a`]++ }()\nb0()[`a`]++\n"))


def chain(n: int) -> str:
    """A map that is passed down n calls."""
    layers = "".join(f"func f{i}(p map[string]int) {{ p[`{i}`]++; f{i + 1}(p) }}\n" for i in range(n))
    return file("", layers, f"func f{n}(p map[string]int) {{ p[`a`]++ }}\n", main("go f0(m)\nf0(m)\n"))


def chain_of_threads(n: int) -> str:
    """Each goroutine starts the next."""
    layers = "".join(f"func f{i}() {{ go f{i + 1}(); m[`{i}`]++ }}\n" for i in range(n))
    return file("", layers, f"func f{n}() {{ m[`a`]++ }}\n", main("f0()\n"))


def callers_of_one(n: int) -> str:
    return file("", "func add(p map[string]int) { p[`a`]++ }\n", each(n, "func f#() { add(m) }\n"), main(each(n, "go f#()\n")))


def callers_with_their_own(n: int) -> str:
    """One helper, called with n maps."""
    own = each(n, "var m# = map[string]int{}\nfunc f#() { add(m#) }\n")
    return file("", "func add(p map[string]int) { p[`a`]++ }\n", own, main(each(n, "go f#()\nf#()\n")))


def callers_of_callers(n: int) -> str:
    """n threads of which each calls n helpers."""
    called = each(n, "h#()\n")
    return file("", each(n, "func h#() { m[`#`]++ }\n"), each(n, f"func f#() {{\n{called}}}\n"), main(each(n, "go f#()\n")))


def results_of_results(n: int) -> str:
    """f(f(f(m)))."""
    same = "func f(p map[string]int) map[string]int { return p }\n"
    return file("", same, main("go func() { m[`a`]++ }()\n", "f(" * n, "m", ")" * n, "[`b`]++\n"))


def getters(n: int) -> str:
    types = "".join(f"type T{i} struct {{ x *T{i + 1} }}\nfunc (t *T{i}) get() *T{i + 1} {{ return t.x }}\n" for i in range(n))
    last = f"type T{n} struct {{ m map[string]int }}\nvar t T0\n"
    reached = "t" + ".get()" * n + ".m[`a`]++\n"
    return file("", types, last, f"func use() {{ {reached} }}\n", main("go use()\nuse()\n"))


def chained_calls(n: int) -> str:
    """x.add().add().add()…"""
    type_ = "type T struct { m map[string]int }\nfunc (t *T) add() *T { t.m[`a`]++; return t }\n"
    return file("", type_, main("t := &T{m: m}\ngo t.add()\nt", ".add()" * n, "\n"))


def options_of_a_constructor(n: int) -> str:
    type_ = "type T struct {\n" + each(n, "m# map[string]int\n") + "}\ntype option func(*T)\n"
    each_one = each(n, "func with#(p map[string]int) option { return func(t *T) { t.m# = p } }\n")
    new = "func make_(given ...option) *T { t := &T{}; for _, o := range given { o(t) }; return t }\n"
    made = "t := make_(" + each(n, "with#(map[string]int{}), ") + ")\n"
    return file("", type_, each_one, new, main(made, each(n, "go func() { t.m#[`a`]++ }()\n")))


def functions_by_type(n: int) -> str:
    return file("", each(n, "func h#(s string) { m[s] = # }\nvar f# = h#\n"), main(each(n, 'go f#("a")\n')))


def functions_in_a_registry(n: int) -> str:
    run = "func run() { for _, h := range hooks { go h() } }\n"
    added = each(n, "hooks = append(hooks, func() { m[`#`]++ })\n")
    return file("", "var hooks []func()\n", run, main(added, "run()\n"))


def functions_of_functions(n: int) -> str:
    """Middleware: each function wraps the one before it."""
    wraps = each(n, "func w#(next func()) func() { return func() { m[`#`]++; next() } }\n")
    wrapped = "".join(f"w{i}(" for i in range(n)) + "func() {}" + ")" * n
    return file("", wraps, main(f"f := {wrapped}\ngo f()\nf()\n"))


def one_wrapper_of_many(n: int) -> str:
    """One wrapper around n functions, and around itself."""
    wrap = "func w(next func()) func() { return func() { m[`w`]++; next() } }\n"
    return file("", wrap, each(n, "func f#() { m[`#`]++ }\n"), main(each(n, "go w(w(f#))()\n")))


def functions_that_call_their_argument(n: int) -> str:
    """A ring of functions that pass each other as values."""
    return file("", "type F func(F)\n", each(n, "func f#(g F) { m[`#`]++; g(f%); go f%(g) }\n"), main(each(n, "f#(f%)\n")))


def method_values(n: int) -> str:
    type_ = "type T struct { m map[string]int; f func() }\n"
    methods = each(n, "func (t *T) a#() { t.m[`#`]++; t.f = t.a% }\n")
    return file("", type_, methods, main("t := &T{m: m}\n", each(n, "go t.a#()\n"), "t.f()\n"))


def deferred_literals(n: int) -> str:
    return file("sync", _VARIABLES, main(each(n, "defer func() { mu.Lock(); m[`#`]++; mu.Unlock() }()\n"), "go func() { m[`a`]++ }()\n"))
