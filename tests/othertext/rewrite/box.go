package main

import (
	"fmt"
	"go/ast"
	"go/types"
)

// box makes one parameter of private functions the field of a struct that they are given instead.
func box(m *module, p *pkg) {
	for _, f := range p.files {
		for _, declared := range f.tree.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || function.Recv != nil || function.Type.TypeParams != nil || function.Name.IsExported() || function.Body == nil {
				continue
			}
			if calls := callsOnly(p, p.info.Defs[function.Name]); len(calls) > 0 {
				boxParameter(m, p, f, function, calls)
			}
		}
	}
}

type call struct {
	file *file
	node *ast.CallExpr
}

// callsOnly are the calls of a function, or nothing when it is used in another way, or given what another call returns.
func callsOnly(p *pkg, function types.Object) (calls []call) {
	uses := 0
	for _, f := range p.files {
		ast.Inspect(f.tree, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.Ident:
				if p.info.Uses[node] == function {
					uses++
				}
			case *ast.CallExpr:
				if ident, ok := node.Fun.(*ast.Ident); ok && p.info.Uses[ident] == function {
					calls = append(calls, call{f, node})
				}
			}
			return true
		})
	}
	if uses != len(calls) {
		return nil
	}
	return calls
}

func boxParameter(m *module, p *pkg, f *file, function *ast.FuncDecl, calls []call) {
	for index, parameter := range function.Type.Params.List {
		if len(parameter.Names) != 1 {
			return // the index of the argument would be another
		}
		name := parameter.Names[0].Name
		object := p.info.Defs[parameter.Names[0]]
		if _, variadic := parameter.Type.(*ast.Ellipsis); variadic || name == "_" {
			continue
		}
		switch object.Type().Underlying().(type) {
		case *types.Basic, *types.Signature, *types.Struct, *types.Array:
			continue
		}
		for _, one := range calls {
			if len(one.node.Args) <= index || nests(one, calls) {
				return
			}
		}
		kind, held := m.word(), m.word()
		f.add(fmt.Sprintf("\ntype %s struct{ %s %s }", kind, name, f.text(parameter.Type)), f.line(parameter.Pos()))
		f.replace(parameter.Pos(), parameter.End(), held+" "+kind)
		for ident, used := range p.info.Uses {
			if used == object {
				f.replace(ident.Pos(), ident.End(), held+"."+name)
			}
		}
		for _, one := range calls {
			one.file.surround(one.node.Args[index], kind+"{", "}")
		}
		return
	}
}

// nests says that a call stands in the arguments of another one of the same function: its text would change twice.
func nests(one call, calls []call) bool {
	for _, other := range calls {
		if other.node != one.node && other.node.Pos() <= one.node.Pos() && one.node.End() <= other.node.End() {
			return true
		}
	}
	return false
}
