// Command rewrite copies a Go module with other text and the same meaning.
//
//	rewrite -kind rename -seed 1 -from DIR -to DIR
//
// It prints JSON: how many changes it made in each folder, and for lines that have moved where they come from.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strings"
)

// A rewriter changes the files of one package.
type rewriter func(m *module, p *pkg)

var kinds = map[string]rewriter{
	"rename":  rename,
	"shuffle": shuffle,
	"wrap":    wrap,
	"extract": extract,
	"spawn":   spawn,
	"embed":   embed,
	"box":     box,
	"export":  export,
}

type result struct {
	Changes map[string]int               `json:"changes"` // by folder
	Lines   map[string]map[string]origin `json:"lines"`   // by file and line of the copy
}

func main() {
	kind := flag.String("kind", "", "what to change")
	seed := flag.Uint64("seed", 1, "for names and choices")
	keep := flag.String("keep", "", "names of methods that libraries look for, with commas between")
	from, to := flag.String("from", "", "the module"), flag.String("to", "", "the copy, a new folder")
	flag.Parse()
	if err := run(*kind, *seed, *keep, *from, *to); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kind string, seed uint64, keep, from, to string) error {
	change, ok := kinds[kind]
	if !ok {
		return fmt.Errorf("no such kind: %q", kind)
	}
	m, err := load(from)
	if err != nil {
		return err
	}
	m.keep = strings.Split(keep, ",")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	told := result{Changes: map[string]int{}, Lines: map[string]map[string]origin{}}
	for _, p := range m.packages {
		digest := fnv.New64()
		digest.Write([]byte(p.types.Path()))
		m.dice = rand.New(rand.NewPCG(seed, digest.Sum64())) // what other packages there are changes nothing
		change(m, p)
		if err := p.write(from, to, &told); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}
