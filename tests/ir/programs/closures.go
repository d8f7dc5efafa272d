package main

import "fmt"

type counter struct{ n int }

func (c *counter) add(d int) int { c.n += d; return c.n }

func (c counter) get() int { return c.n }

type set map[string]bool

func (s set) has(k string) bool { return s[k] }

func (s *set) put(k string) {
	if *s == nil {
		*s = set{}
	}
	(*s)[k] = true
}

type number int

func (n *number) inc() { *n++ }

func (n number) double() number { return n * 2 }

func adder() func(int) int {
	total := 0
	return func(d int) int {
		total += d
		return total
	}
}

func apply(f func(int) int, xs ...int) []int {
	var out []int
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}

func fib() func() int {
	a, b := 0, 1
	return func() int {
		defer func() { a, b = b, a+b }()
		return a
	}
}

func deferred() (out []string) {
	for i := 0; i < 3; i++ {
		defer func() { out = append(out, fmt.Sprint(i)) }()
	}
	defer func(s string) { out = append(out, s) }("arg")
	out = append(out, "body")
	return out
}

func result() (n int) {
	defer func() { n *= 2 }()
	n = 4
	return n + 1
}

func early(stop bool) (log []int) {
	for i := 0; ; i++ {
		if stop || i > 2 {
			return append(log, 90)
		}
		defer func() { log = append(log, i) }()
	}
}

func main() {
	add := adder()
	other := adder()
	fmt.Println(add(1), add(2), other(10), add(3))
	fmt.Println(apply(add, 1, 1), apply(func(x int) int { return x * x }, 2, 3))
	f := fib()
	for i := 0; i < 7; i++ {
		fmt.Println(f())
	}
	fmt.Println(deferred(), result(), early(true), early(false))

	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
	for i, s := range []string{"a", "b"} {
		fs = append(fs, func() int { return i + len(s) })
	}
	fmt.Println(fs[3](), fs[4]())
	var skipped []func() int
	for i := 0; i < 6; i++ {
		if i%2 == 0 {
			continue
		}
		skipped = append(skipped, func() int { return i })
		i++
	}
	fmt.Println(skipped[0](), skipped[1]())

	c := counter{1}
	bound, value, expr, ptr := c.add, c.get, counter.get, (*counter).add
	c.n = 5
	fmt.Println(bound(1), value(), expr(c), ptr(&c, 4), c.n, (*counter).get(&c))

	var recursive func(n int) int
	recursive = func(n int) int {
		if n <= 1 {
			return 1
		}
		return n * recursive(n-1)
	}
	fmt.Println(recursive(6))

	var s set
	s.put("a")
	s.put("b")
	fmt.Println(len(s), s.has("a"), s.has("z"))
	var n number = 3
	n.inc()
	n.inc()
	inc := n.inc
	inc()
	fmt.Println(n, n.double())
	holder := struct {
		n number
		s set
	}{}
	holder.n.inc()
	holder.s.put("x")
	fmt.Println(holder.n, len(holder.s))
	ns := []number{1, 2}
	ns[1].inc()
	fmt.Println(ns)

	x := 1
	p := &x
	*p = 5
	inner := func() { x++; y := x; func() { y++; x += y }() }
	inner()
	fmt.Println(x, *p)
	table := map[string]func(int, int) int{"+": func(a, b int) int { return a + b }, "-": func(a, b int) int { return a - b }}
	fmt.Println(table["+"](2, 3), table["-"](2, 3))
	func() {
		x := x
		x++
		fmt.Println(x)
	}()
	fmt.Println(x)
	if f := func() bool { return x > 0 }; f() {
		fmt.Println("called")
	}
}
