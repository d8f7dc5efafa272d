package main

import "fmt"

type inner struct {
	hits map[string]int
	n    int
}

type registry struct {
	byName map[string]*inner
	groups map[string]map[string]int
	lists  map[string][]int
}

type header map[string][]string

func (h header) add(k, v string) { h[k] = append(h[k], v) }

func (r *registry) hit(name, key string) {
	in, ok := r.byName[name]
	if !ok {
		in = &inner{hits: map[string]int{}}
		r.byName[name] = in
	}
	in.hits[key]++
	in.n += 2
	if _, there := r.groups[name]; !there {
		r.groups[name] = make(map[string]int)
	}
	r.groups[name][key] += 3
	r.lists[name] = append(r.lists[name], len(r.lists[name]))
}

func fill(m map[int]string, n int) map[int]string {
	for i := 0; i < n; i++ {
		m[i] = fmt.Sprint(i)
	}
	return m
}

var table = map[string]int{"one": 1, "two": 2}

var size, start = len(table), func() int { return table["two"] * 5 }()

var grid [2]map[int]int

func init() {
	grid[1] = map[int]int{5: 6}
	table["three"] = size + 1
}

func main() {
	m := map[string]int{}
	m["a"] = 1
	m["b"] += 2
	m["b"]++
	delete(m, "none")
	v, ok := m["a"]
	_, no := m["z"]
	fmt.Println(m, v, ok, no, len(m), m["z"])
	delete(m, "a")
	fmt.Println(m)
	alias := m
	alias["c"] = 5
	fmt.Println(len(m))
	clear(m)
	fmt.Println(m, len(alias))

	r := &registry{map[string]*inner{}, map[string]map[string]int{}, map[string][]int{}}
	r.hit("x", "k")
	r.hit("x", "l")
	r.hit("y", "k")
	fmt.Println(r.byName["x"].hits, r.byName["x"].n, r.groups, r.lists)
	r.byName["y"].hits["new"] = 9
	r.byName["y"].n--
	fmt.Println(r.byName["y"].hits["new"], r.byName["y"].n, len(r.byName["y"].hits))

	h := header{}
	h.add("a", "1")
	h.add("a", "2")
	plain := map[string][]string(h)
	plain["b"] = []string{"3"}
	back := header(plain)
	back.add("b", "4")
	fmt.Println(h, len(plain["a"]))

	sum, keys := 0, 0
	for k, v := range fill(map[int]string{}, 5) {
		sum += k
		keys += len(v)
	}
	fmt.Println(sum, keys)
	squares := fill(make(map[int]string, 10), 8)
	for k := range squares {
		if k%2 == 0 {
			delete(squares, k)
		}
	}
	fmt.Println(squares)
	fmt.Println(table, size, start, grid[1], grid[0] == nil, grid[0][3])

	nested := map[string]map[string]map[int]bool{"a": {"b": {1: true}}}
	nested["a"]["c"] = map[int]bool{}
	nested["a"]["c"][4] = true
	fmt.Println(nested, len(nested["x"]["y"]))
	ms := []map[string]int{{"a": 1}, {}, nil}
	ms[1]["q"] = 7
	ms = append(ms, map[string]int{"last": 1})
	for i, m := range ms {
		fmt.Println(i, len(m))
	}
	p := &m
	(*p)["via"] = 1
	fmt.Println(m, len(*p))
	anyKeys := map[any]string{1: "int", "1": "string", true: "bool"}
	fmt.Println(anyKeys[1], anyKeys["1"], anyKeys[true], anyKeys[false] == "")
	chans := map[string]chan int{"c": make(chan int, 1)}
	chans["c"] <- 4
	fmt.Println(<-chans["c"])
	func() {
		defer delete(m, "via")
		defer func() { m["seen"] = len(m) }()
	}()
	fmt.Println(m)
	fmt.Println(min(3, 1, 2), max(4, 9), len("four"), cap(make([]int, 3)) >= 3)
}
