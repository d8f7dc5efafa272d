package main

import "fmt"

type pair struct{ a, b int }

func two() (int, string) { return 4, "four" }

func three() (int, int, error) { return 1, 2, nil }

func sum(xs ...int) int {
	total := 0
	for _, x := range xs {
		total += x
	}
	return total
}

func named(fail bool) (n int, err error) {
	n, m := 5, 6
	_ = m
	if fail {
		n = 7
		return
	}
	return n + m, nil
}

func parameter(x int) int {
	x, y := x+1, x+2
	return x * y
}

func swap(xs []int, i, j int) { xs[i], xs[j] = xs[j], xs[i] }

type node struct {
	value int
	next  *node
}

func reverse(n *node) *node {
	var done *node
	for n != nil {
		n, n.next, done = n.next, done, n
	}
	return done
}

const (
	first = iota + 1
	second
	third
)

const word, yes = "const", true

func main() {
	a, b := 1, 2
	a, b = b, a
	fmt.Println(a, b)
	n, s := two()
	fmt.Println(n, s)
	x, y, err := three()
	fmt.Println(x, y, err == nil)
	x, z := 9, 10
	fmt.Println(x, z)
	fmt.Println(two())
	fmt.Println(sum(), sum(1), sum(1, 2, 3), sum([]int{4, 5}...))
	fmt.Println(named(false))
	fmt.Println(named(true))
	fmt.Println(parameter(3))
	xs := []int{1, 2, 3}
	swap(xs, 0, 2)
	i := 0
	i, xs[i] = 2, 50
	fmt.Println(xs, i)
	list := &node{1, &node{2, &node{3, nil}}}
	for n := reverse(list); n != nil; n = n.next {
		fmt.Println(n.value)
	}
	p, q := pair{1, 2}, pair{3, 4}
	p, q = q, p
	p.a, q.b = q.b, p.a
	fmt.Println(p, q)
	fmt.Println(first, second, third, word, yes)
	var u, v = 5, "v"
	var w int
	w += u
	w <<= 2
	w |= 1
	w &^= 4
	w--
	fmt.Println(u, v, w, -w, ^w, 17/5, -17/5, -17%5, 1<<5, 7&3, 6^3)
	var small uint8 = 99
	small *= 3
	fmt.Println(small, small-50+10)
}
