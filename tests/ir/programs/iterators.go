package main

import (
	"fmt"
	"iter"
)

type list[T any] struct {
	items  []T
	locked int
}

func (l *list[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		l.locked++
		defer func() { l.locked-- }()
		for _, x := range l.items {
			if !yield(x) {
				return
			}
		}
	}
}

func (l *list[T]) pairs() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i, x := range l.items {
			if !yield(i, x) {
				return
			}
		}
	}
}

func filter[T any](seq iter.Seq[T], keep func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for x := range seq {
			if keep(x) && !yield(x) {
				return
			}
		}
	}
}

func collect[T any](seq iter.Seq[T]) (out []T) {
	for x := range seq {
		out = append(out, x)
	}
	return out
}

func first[K, V any](seq iter.Seq2[K, V]) (k K, v V, ok bool) {
	for k, v := range seq {
		return k, v, true
	}
	return
}

func main() {
	l := &list[int]{items: []int{1, 2, 3, 4}}
	seen := map[int]int{}
	for x := range l.all() {
		seen[x] = l.locked
		if x == 3 {
			break
		}
	}
	fmt.Println(seen, l.locked)
	fmt.Println(collect(filter(l.all(), func(x int) bool { return x%2 == 0 })))
	fmt.Println(first(l.pairs()))
	fmt.Println(first((&list[string]{}).pairs()))
}
