"""A made-up Go repository of a wished size: packages with stores under locks, handlers, goroutines, calls across packages, a few bugs.

python tests/bench/generate.py 100000 /tmp/made
"""

import sys
from pathlib import Path

FILES = 6
_STORES = 6

_STORE = """
// Store{n} keeps items under a lock.
type Store{n} struct {{
	mu    sync.RWMutex
	items map[string]int
	names map[int]string
	next  *Store{other}
}}

func NewStore{n}() *Store{n} {{
	return &Store{n}{{items: map[string]int{{}}, names: map[int]string{{}}}}
}}

func (s *Store{n}) Get(key string) (int, bool) {{
	s.mu.RLock()
	defer s.mu.RUnlock()
	v, ok := s.items[key]
	return v, ok
}}

func (s *Store{n}) Put(key string, v int) {{
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[key] = v
	s.rename(v, key)
}}

func (s *Store{n}) rename(v int, key string) {{
	for i := v; i < v+3; i++ {{
		if old, ok := s.names[i]; ok && old == key {{
			continue
		}}
		s.names[i] = key
	}}
}}

func (s *Store{n}) Each(visit func(string, int) error) error {{
	s.mu.RLock()
	defer s.mu.RUnlock()
	for key, v := range s.items {{
		if err := visit(key, v); err != nil {{
			return fmt.Errorf("store {n}: %s: %w", key, err)
		}}
	}}
	return nil
}}

func (s *Store{n}) ServeHTTP(w http.ResponseWriter, r *http.Request) {{
	switch r.Method {{
	case http.MethodPut:
		s.Put(r.URL.Path, len(r.Host))
		{forward}
	default:
		if v, ok := s.Get(r.URL.Path); ok {{
			fmt.Fprintln(w, v)
		}}
	}}
	done := make(chan struct{{}})
	go func() {{
		defer close(done)
		_ = s.Each(func(key string, v int) error {{ return nil }})
	}}()
	<-done
}}
"""
_BUG = """
// Visits misses its lock.
type Visits struct {{
	mu     sync.Mutex
	byPath map[string]int
}}

func (v *Visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {{
	v.byPath[r.URL.Path]++
}}
"""


def package(root: Path, number: int) -> int:
    """Writes one package, which calls the one before it; returns its number of lines."""
    folder = root / f"p{number}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = 0
    for file in range(FILES):
        used = f'\t"example.com/made/p{number - 1}"\n' if number and not file else ""
        text = f'package p{number}\n\nimport (\n\t"fmt"\n\t"net/http"\n\t"sync"\n\n{used})\n'
        for k in range(_STORES):
            n = file * _STORES + k
            forward = f"p{number - 1}.NewStore{n}().Put(r.Host, {n})" if used else "_ = s.next"
            text += _STORE.format(n=n, other=(n + 1) % (FILES * _STORES), forward=forward)
        if file == 0 and number % 20 == 0:
            text += _BUG.format()
        (folder / f"f{file}.go").write_text(text)
        lines += text.count("\n")
    return lines


def generate(lines: int, root: Path) -> int:
    """Writes packages until there are ``lines`` lines; returns how many there are."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "go.mod").write_text("module example.com/made\n\ngo 1.24\n")
    made = number = 0
    while made < lines:
        made += package(root, number)
        number += 1
    return made


if __name__ == "__main__":
    print(generate(int(sys.argv[1]), Path(sys.argv[2])), "lines")
