package main

import "fmt"

type shape interface {
	area() int
	name() string
}

type square struct{ side int }

func (s square) area() int    { return s.side * s.side }
func (s square) name() string { return "square" }

type rect struct {
	w, h int
	used int
}

func (r *rect) area() int    { r.used++; return r.w * r.h }
func (r *rect) name() string { return "rect" }

type named struct {
	shape
	label string
}

func (n named) name() string { return n.label + "/" + n.shape.name() }

type ints []int

func (x ints) area() int    { return len(x) }
func (x ints) name() string { return "ints" }

type fn func() int

func (f fn) area() int    { return f() }
func (f fn) name() string { return "fn" }

type failure struct{ code int }

func (f *failure) Error() string { return "failure " + fmt.Sprint(f.code) }

type level int

func (l level) String() string { return "level" + fmt.Sprint(int(l)) }

func check(n int) error {
	if n > 1 {
		return &failure{n}
	}
	return nil
}

func describe(x any) string {
	switch v := x.(type) {
	case nil:
		return "nil"
	case int:
		return "int " + fmt.Sprint(v+1)
	case string, bool:
		return "text or bool " + fmt.Sprint(v)
	case shape:
		return v.name()
	case error:
		return v.Error()
	case []int:
		return "slice " + fmt.Sprint(len(v))
	case map[string]int:
		v["seen"]++
		return "map " + fmt.Sprint(len(v))
	case func() string:
		return v()
	case *int:
		*v += 5
		return "pointer"
	default:
		return "other"
	}
}

func pick(n int) shape {
	switch n {
	case 0:
		return square{3}
	case 1:
		return &rect{w: 2, h: 5}
	case 2:
		return ints{1, 2, 3}
	case 3:
		return fn(func() int { return 42 })
	case 4:
		return named{square{4}, "n"}
	}
	return nil
}

func main() {
	total := 0
	for i := range 6 {
		s := pick(i)
		if s == nil {
			fmt.Println("none")
			continue
		}
		total += s.area()
		area := s.area
		fmt.Println(s.name(), area(), total)
	}
	r := &rect{w: 1, h: 1}
	var s shape = r
	s.area()
	shape.area(s)
	get := shape.name
	fmt.Println(r.used, get(s), get(square{1}))
	sq := square{2}
	s = sq
	sq.side = 10
	fmt.Println(s.area(), s == shape(square{2}), s != shape(sq))
	if q, ok := s.(square); ok {
		fmt.Println("is square", q.side)
	}
	_, ok := s.(*rect)
	fmt.Println(ok)
	n := 1
	for _, x := range []any{nil, 4, "s", true, sq, &failure{7}, []int{1}, map[string]int{}, func() string { return "called" }, &n, 'x' == 'y', level(3)} {
		fmt.Println(describe(x))
	}
	fmt.Println(n)
	for i := range 3 {
		if err := check(i); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("fine", err)
		}
	}
	fmt.Println(level(2), []level{1, 2})
	var l ints = []int{4, 5}
	s = l
	fmt.Println(s.name(), s.area())
	promoted := named.area
	outer := named{ints{1}, "p"}
	fmt.Println(promoted(outer), outer.area(), outer.name())
	var e error
	fmt.Println(e == nil)
	switch y := pick(1); z := y.(type) {
	case *rect:
		z.w = 9
		fmt.Println(y.area())
	}
	switch any(n).(type) {
	case string:
		fmt.Println("string")
	case int:
		fmt.Println("an int")
	}
}
