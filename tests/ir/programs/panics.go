package main

import "fmt"

var log []string

func note(s string) { log = append(log, s) }

func safe(n int) {
	defer note("last")
	defer func() {
		if r := recover(); r != nil {
			note("recovered")
		}
	}()
	risky(n)
	note("after")
}

func risky(n int) {
	defer note("risky")
	if n > 1 {
		panic("too much")
	}
	note("fine")
}

func index(xs []int, i int) {
	defer func() {
		recover()
		note("index")
	}()
	xs[i]++
}

func nested() {
	defer func() {
		defer func() {
			note(fmt.Sprint(recover() != nil))
		}()
		panic("second")
	}()
	note("nested")
}

func locals() (out []int) {
	x := 1
	defer func() { out = append(out, x) }()
	defer func(y int) { out = append(out, y) }(x)
	x = 2
	if x > 5 {
		defer note("never")
	}
	for i := range 2 {
		defer func() { out = append(out, i*10) }()
	}
	x = 3
	return append(out, 7)
}

func main() {
	safe(1)
	safe(2)
	xs := []int{1}
	index(xs, 0)
	index(xs, 4)
	nested()
	fmt.Println(xs, log)
	fmt.Println(locals())
}
