package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A module is all packages below a folder that belong to its module, with their types.
type module struct {
	fset     *token.FileSet
	packages []*pkg
	own      map[string]bool // import paths
	dice     *rand.Rand
	names    map[string]string // renamed identifiers
	keep     []string          // names of methods
	taken    map[string]bool
}

type pkg struct {
	files []*file
	extra extra
	types *types.Package
	info  *types.Info
}

type listed struct {
	ImportPath, Dir, Export string
	GoFiles, IgnoredGoFiles []string
	Module                  *struct{ Main bool }
	Standard, DepOnly       bool
}

func load(root string) (*module, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,IgnoredGoFiles,Module,Standard,DepOnly", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	m := &module{fset: token.NewFileSet(), own: map[string]bool{}, names: map[string]string{}, taken: map[string]bool{}}
	exports, wanted := map[string]string{}, []listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var one listed
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		exports[one.ImportPath] = one.Export
		if one.Module != nil && one.Module.Main && !one.DepOnly {
			m.own[one.ImportPath] = true
			if len(one.IgnoredGoFiles) == 0 { // what is built otherwise elsewhere has a second text that nothing here sees
				wanted = append(wanted, one)
			}
		}
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	imports := importer.ForCompiler(m.fset, "gc", lookup)
	for _, one := range wanted {
		p, err := m.check(root, one, imports)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.ImportPath, err)
		}
		m.packages = append(m.packages, p)
	}
	return m, nil
}

func (m *module) check(root string, one listed, imports types.Importer) (*pkg, error) {
	p := &pkg{info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	trees := []*ast.File{}
	for _, name := range one.GoFiles {
		path := filepath.Join(one.Dir, name)
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(m.fset, path, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		relative, err := filepath.Rel(absolute, path)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, &file{path: filepath.ToSlash(relative), source: source, tree: tree, fset: m.fset})
		trees = append(trees, tree)
	}
	config := types.Config{Importer: imports, GoVersion: "go1.25"}
	p.types, err = config.Check(one.ImportPath, m.fset, trees, p.info)
	return p, err
}

var starts, vowels = strings.Fields("b d f g h k l m n p r s t v z br dr gl kr pl tr"), strings.Fields("a e i o u")

// word is a name that means nothing and is used nowhere else.
func (m *module) word() string {
	for {
		made := ""
		for range 3 {
			made += starts[m.dice.IntN(len(starts))] + vowels[m.dice.IntN(len(vowels))]
		}
		if !m.taken[made] {
			m.taken[made] = true
			return made
		}
	}
}
