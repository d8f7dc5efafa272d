package main

import "fmt"

type number interface{ ~int | ~int64 }

type pair[K comparable, V any] struct {
	key   K
	value V
}

type stack[T any] struct{ items []T }

func (s *stack[T]) push(x T) { s.items = append(s.items, x) }

func (s *stack[T]) pop() (T, bool) {
	var zero T
	if len(s.items) == 0 {
		return zero, false
	}
	last := s.items[len(s.items)-1]
	s.items[len(s.items)-1] = zero
	return last, true
}

func sum[N number](xs ...N) N {
	var total N
	for _, x := range xs {
		total += x
	}
	return total
}

func apply[A, B any](xs []A, f func(A) B) []B {
	out := make([]B, 0, len(xs))
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}

func keys[M ~map[K]V, K comparable, V any](m M) int {
	n := 0
	for range m {
		n++
	}
	return n + len(m)
}

func set[M ~map[K]V, K comparable, V any](m M, k K, v V) M {
	m[k] = v
	return m
}

type cache[K comparable, V any] struct {
	entries map[K]V
	misses  int
}

func newCache[K comparable, V any]() *cache[K, V] { return &cache[K, V]{entries: make(map[K]V)} }

func (c *cache[K, V]) get(k K, make func() V) V {
	v, ok := c.entries[k]
	if !ok {
		c.misses++
		v = make()
		c.entries[k] = v
	}
	return v
}

type namer interface{ name() string }

type dog struct{ n string }

func (d dog) name() string { return d.n }

func names[T namer](xs ...T) (out []string) {
	for _, x := range xs {
		out = append(out, x.name())
	}
	return out
}

type months map[int]string

func main() {
	s := &stack[string]{}
	s.push("a")
	s.push("b")
	fmt.Println(s.pop())
	x, ok := s.pop()
	fmt.Println(x == "", ok, len(s.items))
	fmt.Println(sum(1, 2, 3), sum[int64](4, 5))
	fmt.Println(apply([]int{1, 2}, func(x int) string { return fmt.Sprint(x * 2) }))
	p := pair[string, []int]{"k", []int{1}}
	q := p
	q.value[0] = 5
	q.key = "z"
	fmt.Println(p, q)
	m := months{1: "jan"}
	set(m, 2, "feb")
	fmt.Println(keys(m), m)
	c := newCache[string, int]()
	made := 0
	for _, k := range []string{"a", "b", "a"} {
		made += c.get(k, func() int { return len(k) + c.misses })
	}
	fmt.Println(made, c.misses, c.entries)
	fmt.Println(names(dog{"rex"}, dog{"bo"}))
	f := sum[int]
	fmt.Println(f(7, 8))
	ps := []pair[string, int]{{"a", 1}, {"b", 2}}
	for _, each := range ps {
		each.value++
	}
	ps[1].value += 40
	fmt.Println(ps)
}
