"""Types that are hard: parameters, embedding, interfaces, what an encoder walks through."""

from complexity.written import each, file, main

_USE = "go func() { m[`a`]++ }()\nm[`b`]++\n"


def substitution(n: int) -> str:
    """Each type has the one before it twice, with its own parameter twice: two to the n when it is written out."""
    types = "".join(f"type T{i + 1}[A any] struct {{ x, y T{i}[P[A, A]] }}\n" for i in range(n))
    last = f"type T0[A any] struct {{ m map[string]A }}\ntype P[A, B any] struct {{ a A; b B }}\nvar t T{n}[int]\n"
    reached = "t" + ".x" * n + ".m"
    return file("", types, last, f"func use() {{ clear({reached}) }}\n", main("go use()\nuse()\n"))


def instances_of_instances(n: int) -> str:
    """P[P[P[int]]]."""
    type_ = "type P[A any] struct { a *A; m map[string]A }\nfunc (p *P[A]) put(a A) { p.m[`a`] = a; p.a = &a }\n"
    return file(
        "", type_, "var p " + "P[" * n + "int" + "]" * n + "\n", "func use() { clear(p.m); clear(p.a.m) }\n", main("go use()\nuse()\n")
    )


def growing_instances(n: int) -> str:
    """Methods that make an object of a larger instance of their own type."""
    methods = each(n, "func (t *T[A]) f#() *T[T[A]] { t.m[`a`]++; x := &T[T[A]]{}; go x.f%(); return x }\n")
    return file("", "type T[A any] struct { m map[string]int; x *T[T[A]] }\n", methods, main("t := &T[int]{m: m}\ngo t.f0()\nt.f0()\n"))


def growing_calls(n: int) -> str:
    functions = each(n, "func f#[A any](a A) { m[`a`]++; f%[[]A](nil); f%[map[string]A](nil) }\n")
    return file("", functions, main("go f0(1)\nf0(`a`)\n"))


def instances(n: int) -> str:
    """One generic type with n arguments."""
    type_ = "type S[A any] struct { m map[string]A }\nfunc (s *S[A]) Put(k string, a A) { s.m[k] = a }\n"
    return file(
        "",
        type_,
        each(n, "type T# struct{}\nvar s# = &S[T#]{m: map[string]T#{}}\n"),
        main(each(n, "go s#.Put(`a`, T#{})\ns#.Put(`b`, T#{})\n")),
    )


def constraints(n: int) -> str:
    union = "~map[string]int" + each(n, " | ~map[T#]int")
    return file("", each(n, "type T# string\n"), f"func f[M {union}](x M) {{ clear(x) }}\n", main("go f(m)\nf(m)\n"))


def constraints_of_constraints(n: int) -> str:
    """Each constraint is a union of the one before it, twice."""
    types = "".join(f"type C{i + 1} interface {{ C{i} | C{i}; C{i} }}\n" for i in range(n))
    return file("", "type C0 interface { ~map[string]int }\n", types, f"func f[M C{n}](x M) {{ clear(x) }}\n", main("go f(m)\nf(m)\n"))


def embedded_interfaces(n: int) -> str:
    """Each interface embeds the two before it."""
    types = "".join(f"type I{i + 2} interface {{ I{i}; I{i + 1}; f{i}() }}\n" for i in range(n))
    methods = "".join(f"func (t *T) f{i}() {{ t.m[`{i}`]++ }}\n" for i in range(n))
    base = (
        "type I0 interface { a() }\ntype I1 interface { b() }\ntype T struct { m map[string]int }\nfunc (t *T) a() {}\nfunc (t *T) b() {}\n"
    )
    return file("", base, types, methods, f"var x I{n + 1} = &T{{m: m}}\n", main("go x.f0()\nx.f1()\n", f"x.f{n - 1}()\n"))


def interfaces_that_embed_all(n: int) -> str:
    """Each interface embeds all before it."""
    types = "".join(f"type I{i} interface {{ f{i}()\n" + "".join(f"I{j}\n" for j in range(i)) + "}\n" for i in range(n))
    methods = each(n, "func (t *T) f#() { t.m[`#`]++ }\n")
    return file("", "type T struct { m map[string]int }\n", types, methods, f"var x I{n - 1} = &T{{m: m}}\n", main("go x.f0()\nx.f1()\n"))


def interfaces_in_a_ring(n: int) -> str:
    """What Go refuses: interfaces that embed each other."""
    types = "".join(f"type I{i} interface {{ f{i}()\n" + "".join(f"I{j}\n" for j in range(n)) + "}\n" for i in range(n))
    return file(
        "", types, "type T struct { m map[string]int }\nfunc (t *T) f0() { t.m[`a`]++ }\nvar x I0 = &T{m: m}\n", main("go x.f0()\nx.f0()\n")
    )


def embedded_structs(n: int) -> str:
    """Each struct embeds the two before it: two to the n ways to a field."""
    types = "".join(f"type T{i + 2} struct {{ *T{i}; *T{i + 1} }}\n" for i in range(n))
    base = "type T0 struct { m map[string]int }\nfunc (t *T0) add() { t.m[`a`]++ }\ntype T1 struct { *T0 }\n"
    return file("", base, types, f"var t = &T{n + 1}{{}}\n", main("go t.add()\nt.missing()\nt.m[`a`]++\n"))


def recursive_embedding(n: int) -> str:
    """Structs that embed each other."""
    types = "".join(
        f"type T{i} struct {{ m{i} map[string]int\n" + "".join(f"*T{j}\n" for j in range(n) if j != i) + "}\n" for i in range(n)
    )
    return file("", types, "var t = &T0{}\n", main(f"go func() {{ t.m{n - 1}[`a`]++ }}()\nt.m0[`a`]++\nt.missing[`a`]++\n"))


def encoded_maps(n: int) -> str:
    """A struct of n maps that is encoded while they are written."""
    type_ = "type T struct {\n" + each(n, "M# map[string]int\n") + "}\nvar t T\n"
    return file("encoding/json", type_, "func encode() { json.Marshal(t) }\n", main("go encode()\n", each(n, "t.M#[`a`]++\n")))


def encoded_wide_maps(n: int) -> str:
    """Maps whose elements are all such a struct, encoded."""
    types = "type T struct {\n" + each(n, "M# map[string]*T\n") + "}\nvar t = &T{}\n"
    return file("encoding/json", types, "func encode() { json.Marshal(t) }\n", main("go encode()\n", each(n, "t.M#[`a`] = t\n")))


def encoded_trees(n: int) -> str:
    """Structs with two fields of the next: two to the n fields when they are written out."""
    types = "".join(f"type T{i} struct {{ A, B T{i + 1}; C []T{i + 1} }}\n" for i in range(n))
    last = f"type T{n} struct {{ M map[string]int }}\nvar t T0\n"
    return file("encoding/json", types, last, "func encode() { json.Marshal(&t) }\n", main("go encode()\n", f"t{'.A' * n}.M[`a`]++\n"))


def encoded_many_times(n: int) -> str:
    type_ = "type T struct { M map[string]map[string]int; N []map[string]int }\nvar t T\n"
    return file("encoding/json fmt", type_, main(each(n, "go json.Marshal(t)\ngo fmt.Println(t)\n"), each(n, "t.M[`#`] = m\n")))


def implementers(n: int) -> str:
    """An interface of n methods that n types implement."""
    interface = "type I interface {\n" + each(n, "f#()\n") + "}\n"
    one = "type T@ struct { m map[string]int }\n" + each(n, "func (t *T@) f#() { t.m[`#`]++ }\n")
    types = "".join(one.replace("@", str(i)) for i in range(n))
    return file("", interface, types, "func run(i I) {\n" + each(n, "i.f#()\n") + "}\n", main(each(n, "go run(&T#{m: m})\n")))


def implementers_of_one_method(n: int) -> str:
    types = each(n, "type T# struct { next I }\nfunc (t T#) f() { m[`#`]++; t.next.f() }\n")
    return file("", "type I interface { f() }\nvar i I\n", types, main(each(n, "i = T#{i}\ngo i.f()\n")))


def aliases(n: int) -> str:
    types = "".join(f"type A{i + 1} = A{i}\n" for i in range(n))
    return file("", "type A0 = map[string]int\n", types, f"var x A{n}\n", main("go clear(x)\nx[`a`]++\n"))


def named_after_each_other(n: int) -> str:
    types = "".join(f"type A{i + 1} A{i}\n" for i in range(n))
    return file("", "type A0 map[string]int\n", types, f"var x = A{n}{{}}\n", main("go func() { x[`a`]++ }()\nx[`a`]++\n"))


def maps_of_maps(n: int) -> str:
    return file("", "var x " + "map[string]" * n + "int\n", "func use() { x" + "[`a`]" * n + "++ }\n", main("go use()\nuse()\n"))


def structs_in_structs(n: int) -> str:
    """Unnamed types in each other."""
    return file(
        "",
        "var x " + "struct { x " * n + "map[string]int" + " }" * n + "\n",
        "func use() { x" + ".x" * n + "[`a`]++ }\n",
        main("go use()\nuse()\n"),
    )


def functions_in_functions(n: int) -> str:
    """func(func(func()))."""
    return file("", "var f " + "func(" * n + "map[string]int" + ")" * n + "\n", main(_USE, "go f(nil)\n"))


def fields(n: int) -> str:
    """A struct of n fields that is copied n times."""
    type_ = "type T struct {\n" + each(n, "m# map[string]int\n") + "}\n"
    return file(
        "",
        type_,
        "var t0 T\n" + "".join(f"var t{i + 1} = t{i}\n" for i in range(n)),
        main(f"go func() {{ t{n}.m0[`a`]++ }}()\n", each(n, "t0.m#[`a`]++\n")),
    )


def fields_in_a_ring(n: int) -> str:
    """Types that keep maps in fields of each other, through one setter each."""
    types = each(n, "type T# struct { next *T%; items map[string]int }\nfunc (t *T#) set(x *T%) { t.next = x }\n")
    linked = each(n, "t#.set(t%)\ngo func() { t#.next.items[k]++ }()\n")
    return file("", "var k string\n", types, main(each(n, "t# := &T#{items: map[string]int{}}\n"), linked))


def paths_through_one_type(n: int) -> str:
    """n.next.next.next.m."""
    reached = "".join(f"t{'.next' * i}.m[`a`]++\n" for i in range(n))
    type_ = "type T struct { next *T; m map[string]int }\nvar t = &T{}\n"
    return file("", type_, f"func use() {{\n{reached}}}\n", main("t.next = &T{next: t, m: m}\ngo use()\nuse()\n"))


def objects_of_a_list(n: int) -> str:
    made = "&T{m: m, next: " * n + "nil" + "}" * n
    return file(
        "",
        "type T struct { next *T; m map[string]int }\n",
        f"var t = {made}\n",
        "func use() { for x := t; x != nil; x = x.next { x.m[`a`]++ } }\n",
        main("go use()\nuse()\n"),
    )


def cases_of_types(n: int) -> str:
    chosen = each(n, "case T#:\nx.m[`a`]++\n")
    types = each(n, "type T# struct { m map[string]int }\n")
    return file("", types, f"func use(x any) {{\nswitch x := x.(type) {{\n{chosen}}}\n}}\n", main(each(n, "go use(T#{m: m})\n")))


def anything(n: int) -> str:
    """Values of all types in one container of any."""
    stored = each(n, "all[`#`] = &T#{m: m}\n")
    used = each(n, "go func() { all[`a`].(*T#).m[`a`]++ }()\n")
    return file("", each(n, "type T# struct { m map[string]int }\n"), "var all = map[string]any{}\n", main(stored, used))


def table_of_functions(n: int) -> str:
    table = "var table = map[string]func(){\n" + each(n, "`#`: f#,\n") + "}\n"
    return file("", each(n, "func f#() { m[`#`]++; table[`%`]() }\n"), table, main("for _, f := range table { go f() }\n"))
