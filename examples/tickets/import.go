package main

import "sync"

// importAll fetches tickets at the same time; all goroutines write one map.
func importAll(ids []string, fetch func(string) *Ticket) map[string]*Ticket {
	found := map[string]*Ticket{}
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Add(1)
		go func() {
			defer wg.Done()
			found[id] = fetch(id)
		}()
	}
	wg.Wait()
	return found
}

// importGuarded is right: a lock around the map, and the map is returned after the Wait.
func importGuarded(ids []string, fetch func(string) *Ticket) map[string]*Ticket {
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	found := map[string]*Ticket{}
	for _, id := range ids {
		wg.Add(1)
		go func() {
			defer wg.Done()
			t := fetch(id)
			mu.Lock()
			defer mu.Unlock()
			found[id] = t
		}()
	}
	wg.Wait()
	return found
}
