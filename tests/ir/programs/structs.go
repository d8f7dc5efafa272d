package main

import "fmt"

type point struct{ x, y int }

type line struct {
	from, to point
	names    [2]string
}

type tree struct {
	left, right *tree
	at          point
}

func (p point) moved(dx int) point { p.x += dx; return p }

func (p *point) move(dx int) { p.x += dx }

func change(l line) line {
	l.from.x = 70
	l.names[0] = "changed"
	return l
}

func changeIn(l *line) {
	l.from.x = 80
	l.to = point{8, 8}
	l.names[1] = "in"
}

type wrapper struct {
	point
	*tree
	tags map[string]int
}

func build(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{left: build(depth - 1), at: point{depth, depth}}
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return t.at.x + t.left.sum() + t.right.sum()
}

func main() {
	l := line{from: point{1, 2}, names: [2]string{"a", "b"}}
	m := l
	m.from.x = 9
	m.names[1] = "z"
	fmt.Println(l, m, l == m)
	fmt.Println(change(l), l)
	changeIn(&l)
	fmt.Println(l)
	k := m
	fmt.Println(k == m, k.from == point{9, 2}, k.from != m.to)

	p := point{}
	p.move(3)
	q := p.moved(4)
	fmt.Println(p, q)
	pp := &p
	pp.move(1)
	(*pp).x += 10
	r := *pp
	pp.x = 0
	fmt.Println(p, r, pp.moved(2))

	ps := []point{{1, 1}, {2, 2}}
	for _, each := range ps {
		each.x = 50
	}
	for i := range ps {
		ps[i].move(i)
		ps[i].y *= 10
	}
	fmt.Println(ps)
	at := &ps[1]
	at.x = 33
	fmt.Println(ps[1])

	ptrs := []*point{{1, 2}, &p}
	for _, each := range ptrs {
		each.x = 44
	}
	fmt.Println(*ptrs[0], p)

	arr := [3]int{1, 2, 3}
	brr := arr
	brr[0] = 10
	fmt.Println(arr, brr, arr == brr)
	for i, x := range arr {
		arr[2] = 30
		fmt.Println(i, x)
	}
	slice := arr[:]
	slice[1] = 20
	fmt.Println(arr)
	grid := [2][2]int{{1, 2}, {3, 4}}
	row := grid[1]
	row[0] = 60
	grid[0][1] = 21
	fmt.Println(grid, row)

	w := wrapper{point{1, 2}, build(2), map[string]int{"a": 1}}
	w.move(5)
	w.tree.at.x = 7
	w.at.y = 6
	w.tags["b"]++
	v := w
	v.point.x = 90
	v.left.at.x = 11
	v.tags["c"] = 3
	fmt.Println(w.x, w.at, w.sum(), len(w.tags), v.x, v.sum(), w.moved(1))

	var any1 any = p
	p.x = 1
	fmt.Println(any1, any1 == any(point{44, 0}), any1 == any(p))
	got := any1.(point)
	got.x = 2
	fmt.Println(any1, got)
	anon := struct {
		a int
		b []string
	}{3, []string{"x"}}
	copied := anon
	copied.a = 4
	copied.b[0] = "y"
	fmt.Println(anon.a, anon.b, copied.a)
	m2 := map[point]string{{1, 2}: "one", {3, 4}: "two"}
	key := point{3, 4}
	fmt.Println(m2[key], m2[point{1, 2}], len(m2))
	ms := map[string]point{"k": {1, 1}}
	val := ms["k"]
	val.x = 77
	fmt.Println(ms["k"], val, ms["none"], ms["k"].x)
}
