package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A file collects changes of its text. Changes keep to their lines; what is added as lines of its own comes at the end.
type file struct {
	path    string // below the module's root
	moved   string // its new name, when it gets one
	source  []byte
	tree    *ast.File
	fset    *token.FileSet
	edits   []edit
	added   []line
	order   []line // the whole text instead, when its lines have moved
	changes int
}

type edit struct {
	start, end int
	text       string
}

type origin struct {
	Path string `json:"path"`
	Line int    `json:"line"`
}

// An extra file holds what has moved to another package; from names the file that each line but the first comes from.
type extra struct {
	path  string
	lines []line
	from  []string
}

type line struct {
	text string
	from int
}

func (f *file) offset(pos token.Pos) int { return f.fset.Position(pos).Offset }
func (f *file) line(pos token.Pos) int   { return f.fset.Position(pos).Line }

func (f *file) text(node ast.Node) string {
	return string(f.source[f.offset(node.Pos()):f.offset(node.End())])
}

func (f *file) replace(pos, end token.Pos, text string) {
	f.edits = append(f.edits, edit{f.offset(pos), f.offset(end), text})
}

// surround puts text before and after a node.
func (f *file) surround(node ast.Node, before, after string) {
	f.replace(node.Pos(), node.Pos(), before)
	f.replace(node.End(), node.End(), after)
	f.changes++
}

// add appends a declaration whose lines come from the given one.
func (f *file) add(text string, from int) {
	for _, one := range strings.Split(text, "\n") {
		f.added = append(f.added, line{one, from})
	}
}

func (f *file) edited() (string, error) {
	sort.SliceStable(f.edits, func(i, j int) bool {
		a, b := f.edits[i], f.edits[j]
		return a.start < b.start || a.start == b.start && a.end < b.end // what is put before a change of the same place
	})
	var out strings.Builder
	at := 0
	for _, e := range f.edits {
		if e.start < at {
			return "", fmt.Errorf("%s: two changes of one place: %q", f.path, e.text)
		}
		out.Write(f.source[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(f.source[at:])
	return out.String(), nil
}

// write puts the changed files of the package into the copy and tells what it did.
func (p *pkg) write(from, to string, told *result) error {
	for _, f := range p.files {
		text, err := f.edited()
		if err != nil {
			return err
		}
		name, lines := f.path, map[string]origin{}
		if f.moved != "" {
			name = path.Join(path.Dir(f.path), f.moved)
		}
		if f.order != nil {
			text = ""
			for number, one := range f.order {
				text += one.text + "\n"
				lines[strconv.Itoa(number+1)] = origin{f.path, one.from}
			}
		} else {
			count := strings.Count(text, "\n")
			for number, one := range f.added {
				text += one.text + "\n"
				lines[strconv.Itoa(count+number+1)] = origin{f.path, one.from}
			}
		}
		told.Changes[path.Dir(f.path)] += f.changes
		if len(lines) > 0 {
			told.Lines[name] = lines
		}
		if err := os.Remove(filepath.Join(to, f.path)); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return p.writeExtra(to, told)
}

func (p *pkg) writeExtra(to string, told *result) error {
	if p.extra.path == "" {
		return nil
	}
	text, lines := "", map[string]origin{}
	for number, one := range p.extra.lines {
		text += one.text + "\n"
		if number > 0 {
			lines[strconv.Itoa(number+1)] = origin{p.extra.from[number-1], one.from}
		}
	}
	told.Lines[p.extra.path] = lines
	name := filepath.Join(to, p.extra.path)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
