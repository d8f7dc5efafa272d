package main

import "fmt"

func classify(n int) string {
	switch {
	case n < 0:
		return "negative"
	case n == 0:
		return "zero"
	case n%2 == 0:
		return "even"
	}
	return "odd"
}

func fall(n int) (out []string) {
	switch n {
	case 1:
		out = append(out, "one")
		fallthrough
	case 2:
		out = append(out, "two")
	case 3, 4:
		out = append(out, "three or four")
		if n == 4 {
			break
		}
		out = append(out, "three")
	default:
		out = append(out, "many")
	}
	return
}

func search(rows [][]int, wanted int) (int, int) {
outer:
	for i, row := range rows {
		for j, x := range row {
			if x < 0 {
				continue outer
			}
			if x == wanted {
				return i, j
			}
			if x > 50 {
				break outer
			}
		}
	}
	return -1, -1
}

func jumps(n int) int {
	steps := 0
again:
	if n > 0 {
		n--
		steps += n
		if steps > 20 {
			goto done
		}
		goto again
	}
	steps += 50
done:
	return steps
}

func conditions(a, b, c bool) int {
	x := 0
	if a && b || !c {
		x += 1
	}
	y := a || b && !c
	if y != (a && c) {
		x += 2
	}
	for i := 0; i < 3 && !(b && i == 1); i++ {
		x += 4
	}
	return x
}

func next(log *[]string, name string, result bool) bool {
	*log = append(*log, name)
	return result
}

func order() []string {
	var log []string
	if next(&log, "a", false) && next(&log, "b", true) || next(&log, "c", true) {
		log = append(log, "then")
	}
	_ = next(&log, "d", true) || next(&log, "e", true)
	return log
}

func shadows(x int) (int, int) {
	y := x
	if x := x * 2; x > 5 {
		y = x
		x := "inner"
		_ = x
	} else if y := 3; y > x {
		x = y
	}
	{
		x, z := 7, 8
		y += x + z
	}
	return x, y
}

func loops() []int {
	var out []int
	for i := range 4 {
		out = append(out, i)
	}
	for range 2 {
		out = append(out, 99)
	}
	i := 0
	for i < 3 {
		i++
		if i == 2 {
			continue
		}
		out = append(out, i)
	}
	for {
		i += 3
		if i > 9 {
			break
		}
	}
	for i, j := 0, 9; i < j; i, j = i+1, j-2 {
		out = append(out, i*j)
	}
	return append(out, i)
}

func main() {
	for i := -2; i < 3; i++ {
		fmt.Println(i, classify(i))
	}
	for i := 0; i < 6; i++ {
		fmt.Println(fall(i))
	}
	rows := [][]int{{1, 2}, {3, -1, 4}, {5, 60, 7}}
	fmt.Println(search(rows, 3))
	fmt.Println(search(rows, 4))
	fmt.Println(search(rows, 5))
	fmt.Println(search(rows, 7))
	fmt.Println(jumps(3), jumps(9), jumps(0))
	for i := range 8 {
		fmt.Println(conditions(i&1 != 0, i&2 != 0, i&4 != 0))
	}
	fmt.Println(order())
	fmt.Println(shadows(2))
	fmt.Println(shadows(4))
	fmt.Println(loops())
}
