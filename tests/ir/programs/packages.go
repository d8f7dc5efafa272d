package main

import "fmt"

type config struct {
	limit int
	on    bool
}

type option func(*config)

func withLimit(n int) option { return func(c *config) { c.limit = n } }

var base = config{limit: 3}

var handlers = map[string]func(*config) int{
	"limit": func(c *config) int { return c.limit },
	"twice": double,
}

var (
	order  []string
	a      = note("a", b+1)
	b      = note("b", 2)
	matrix = [2][2]int{{1, 2}, {3, 4}}
	ptr    = &base
	x, y   = split(7)
)

func split(n int) (int, int) { return n / 2, n - n/2 }

func note(s string, n int) int { return n }

func double(c *config) int { return c.limit * 2 }

func build(opts ...option) *config {
	c := base
	for _, o := range opts {
		o(&c)
	}
	return &c
}

func len2(s []int) int {
	len := func(x []int) int { return 42 }
	return len(s)
}

func shadow() string {
	fmt := func(s string) string { return "local " + s }
	string := "s"
	return fmt(string)
}

type queue struct {
	items []int
	hook  func(int)
}

func (q *queue) push(xs ...int) *queue {
	for _, x := range xs {
		if q.hook != nil {
			q.hook(x)
		}
	}
	q.items = append(q.items, xs...)
	return q
}

func main() {
	fmt.Println(build(), *build(withLimit(9), func(c *config) { c.on = true }), base)
	fmt.Println(handlers["limit"](ptr), handlers["twice"](&base))
	ptr.limit = 12
	base.on = true
	matrix[1][0] += 10
	local := matrix
	local[0][0] = 90
	fmt.Println(base, *ptr, matrix, local, x, y, b)
	fmt.Println(len2(nil), shadow())
	seen := 0
	q := &queue{hook: func(x int) { seen += x }}
	q.push(1, 2).push().push([]int{3}...)
	fmt.Println(q.items, seen)
	base = config{}
	fmt.Println(ptr.limit)
	bs := []byte("abc")
	bs[0] = 'x'
	fmt.Println(len(bs), string(bs[:]) == "xbc", string(bs[1]))
	text := ""
	for i := range 3 {
		text += fmt.Sprint(i)
	}
	fmt.Println(text, text[1] == '1', text < "1")
	dst := make([]int, 2)
	n := copy(dst, []int{5, 6, 7})
	fmt.Println(dst, n)
	two := new(int)
	*two += 2
	pp := &two
	**pp = 4
	fmt.Println(*two)
}
