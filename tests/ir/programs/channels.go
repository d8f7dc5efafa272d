package main

import "fmt"

type event struct {
	id   int
	data map[string]int
}

func produce(n int) <-chan event {
	ch := make(chan event, n)
	for i := range n {
		ch <- event{i, map[string]int{"v": i * i}}
	}
	close(ch)
	return ch
}

func try(ch chan int, x int) bool {
	select {
	case ch <- x:
		return true
	default:
	}
	return false
}

type box struct {
	ch  chan int
	got int
}

func index(log *[]int, i int) int {
	*log = append(*log, i)
	return i
}

func main() {
	total := 0
	for e := range produce(4) {
		total += e.id + e.data["v"]
	}
	fmt.Println(total)
	ch := make(chan int, 1)
	b := box{ch: ch}
	select {
	case b.got = <-b.ch:
		fmt.Println("got")
	default:
		fmt.Println("empty")
	}
	ch <- 8
	select {
	case b.got = <-b.ch:
		fmt.Println("got", b.got, len(ch))
	}
	fmt.Println(b.got)
	var log []int
	chans := []chan int{make(chan int, 1), make(chan int, 1)}
	chans[1] <- 5
	select {
	case x := <-chans[index(&log, 0)]:
		fmt.Println(x)
	case x := <-chans[index(&log, 1)]:
		fmt.Println("second", x)
	}
	fmt.Println(log)
	fs := make(chan func() int, 2)
	fs <- func() int { return 3 }
	fmt.Println((<-fs)())
	ptrs := make(chan *event, 1)
	e := event{id: 1}
	ptrs <- &e
	(<-ptrs).id = 6
	fmt.Println(e.id)
	vals := make(chan event, 1)
	vals <- e
	e.id = 9
	fmt.Println((<-vals).id)
	func() {
		defer close(ch)
	}()
	_, open := <-ch
	fmt.Println(open)
}
