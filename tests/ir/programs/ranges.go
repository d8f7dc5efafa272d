package main

import "fmt"

type list struct {
	items []int
	log   []string
}

func (l *list) all(yield func(int, int) bool) {
	l.log = append(l.log, "in")
	defer func() { l.log = append(l.log, "out") }()
	for i, x := range l.items {
		if !yield(i, x) {
			l.log = append(l.log, "stopped")
			return
		}
	}
}

func count(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

func twice(yield func() bool) {
	_ = yield() && yield()
}

func find(l *list, wanted int) (int, bool) {
	for i, x := range l.all {
		if x == wanted {
			return i, true
		}
	}
	return -1, false
}

func namedFind(l *list, wanted int) (at int, s string) {
	at = -1
	for i, x := range l.all {
		if x < 0 {
			continue
		}
		if x == wanted {
			at, s = i, "found"
			return
		}
	}
	return at, "no"
}

func pairs(n int) (out []int) {
outer:
	for i := range count(n) {
		for j := range count(n) {
			switch {
			case j > i:
				continue outer
			case i+j > 5:
				break outer
			case i == 2 && j == 1:
				break
			}
			out = append(out, i*10+j)
		}
		out = append(out, 99)
	}
	return out
}

func deep(n int) string {
	for i := range count(n) {
		for range twice {
			for j := range 3 {
				if i+j == 4 {
					return fmt.Sprint(i, j)
				}
			}
		}
	}
	return "none"
}

func deferring() (out []string) {
	for i := range count(3) {
		defer func() { out = append(out, fmt.Sprint("defer", i)) }()
		out = append(out, fmt.Sprint("body", i))
	}
	out = append(out, "end")
	return out
}

func jump(n int) int {
	total := 0
	for i := range count(n) {
		total += i
		if total > 5 {
			goto over
		}
	}
	return total
over:
	return 50 + total
}

func main() {
	l := &list{items: []int{5, 6, -1, 7}}
	fmt.Println(find(l, 6))
	fmt.Println(find(l, 60))
	fmt.Println(namedFind(l, 7))
	fmt.Println(namedFind(l, 70))
	fmt.Println(l.log)
	fmt.Println(pairs(3), pairs(5))
	fmt.Println(deep(2), deep(9))
	fmt.Println(deferring(), jump(3), jump(30))
	total, rounds := 0, 0
	for range twice {
		rounds++
	}
	var fs []func() int
	for i := range count(4) {
		if i == 1 {
			continue
		}
		total += i
		fs = append(fs, func() int { i++; return i + total })
	}
	fmt.Println(total, rounds, fs[0](), fs[1](), fs[0]())
	var k int
	for k = range count(3) {
	}
	fmt.Println(k)
	for i, x := range "ab" {
		fmt.Println(i, x)
	}
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	for x := range ch {
		fmt.Println(x)
	}
	x, ok := <-ch
	fmt.Println(x, ok)
	var i8 int8 = 3
	for i := range i8 {
		fmt.Println(i)
	}
	for i := range [3]string{} {
		_ = i
	}
	arr := &[2]int{7, 8}
	for i, x := range arr {
		arr[1] = 80
		fmt.Println(i, x)
	}
	for range l.items {
		rounds++
	}
	var last string
	var at int
	for at, last = range []string{"p", "q"} {
	}
	fmt.Println(rounds, at, last)
	func() {
		for i := range count(3) {
			if i == 1 {
				return
			}
			fmt.Println("once", i)
		}
		fmt.Println("never")
	}()
}
