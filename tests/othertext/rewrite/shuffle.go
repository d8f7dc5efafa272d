package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// shuffle puts the declarations of each file in another order, and gives the files names that sort otherwise.
func shuffle(m *module, p *pkg) {
	for _, f := range p.files {
		if !strings.Contains(strings.TrimSuffix(f.path, "_test.go"), "_") {
			f.moved = m.word() + ".go"
		}
		f.changes++
		chunks, head, tail := declarations(f)
		m.dice.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
		f.order = head
		for _, chunk := range chunks {
			f.order = append(f.order, chunk...)
		}
		f.order = append(f.order, tail...)
	}
}

// declarations are the lines of each declaration with what stands above it; none when two share a line or several init functions
// depend on their order.
func declarations(f *file) (chunks [][]line, head, tail []line) {
	all := []line{}
	for number, text := range strings.Split(strings.TrimSuffix(string(f.source), "\n"), "\n") {
		all = append(all, line{text, number + 1})
	}
	last, inits := f.line(f.tree.Name.End()), 0
	for _, declared := range f.tree.Decls {
		if general, ok := declared.(*ast.GenDecl); ok && general.Tok == token.IMPORT {
			last = f.line(general.End())
			continue
		}
		if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
			inits++
		}
		if head == nil {
			head = all[:last:last]
		}
		end := f.line(declared.End())
		if end <= last || f.line(declared.Pos()) <= last || inits > 1 {
			return nil, all, nil
		}
		chunks = append(chunks, all[last:end:end])
		last = end
	}
	if head == nil {
		return nil, all, nil
	}
	return chunks, head, all[last:]
}
