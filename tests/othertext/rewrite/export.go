package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"strings"
)

// export puts stores into maps and deletions into functions of a package of their own, generic in the type of the map.
func export(m *module, p *pkg) {
	other := m.word()
	lines := []line{{"package " + other, 0}}
	moved := map[*file]bool{}
	simple(m, p, func(f *file, function *ast.FuncDecl, statement ast.Stmt) {
		operands, body := store(p, statement)
		if operands == nil {
			return
		}
		name, given := m.word(), []string{}
		name = strings.ToUpper(name[:1]) + name[1:]
		for _, operand := range operands {
			if ast.Unparen(operand) != operand || strings.Contains(f.text(operand), "\n") {
				return
			}
			given = append(given, f.text(operand))
		}
		parameters := strings.Join([]string{"m M", "k K", "v V"}[:len(operands)], ", ")
		text := fmt.Sprintf("func %s[M ~map[K]V, K comparable, V any](%s) { %s }", name, parameters, body)
		lines = append(lines, line{text, f.line(statement.Pos())})
		p.extra.from = append(p.extra.from, f.path)
		f.replace(statement.Pos(), statement.End(), fmt.Sprintf("%s.%s(%s)", other, name, strings.Join(given, ", ")))
		f.changes++
		moved[f] = true
	})
	for f := range moved {
		f.replace(f.tree.Name.End(), f.tree.Name.End(), fmt.Sprintf("; import %q", p.types.Path()+"/"+other))
	}
	if len(moved) > 0 {
		p.extra.path, p.extra.lines = path.Join(path.Dir(p.files[0].path), other, other+".go"), lines
	}
}

// store is what a store or a deletion is about: the map, the key and the value, where their types are the map's own.
func store(p *pkg, statement ast.Stmt) (operands []ast.Expr, body string) {
	switch statement := statement.(type) {
	case *ast.AssignStmt:
		if statement.Tok != token.ASSIGN || len(statement.Lhs) != 1 || len(statement.Rhs) != 1 {
			return nil, ""
		}
		index, ok := statement.Lhs[0].(*ast.IndexExpr)
		if !ok {
			return nil, ""
		}
		operands, body = []ast.Expr{index.X, index.Index, statement.Rhs[0]}, "m[k] = v"
	case *ast.ExprStmt:
		call := statement.X.(*ast.CallExpr)
		ident, ok := call.Fun.(*ast.Ident)
		if !ok || p.info.Uses[ident] != types.Universe.Lookup("delete") {
			return nil, ""
		}
		operands, body = call.Args, "delete(m, k)"
	default:
		return nil, ""
	}
	of := p.info.Types[operands[0]].Type
	if _, generic := of.(*types.TypeParam); generic {
		return nil, ""
	}
	kind, ok := of.Underlying().(*types.Map)
	if !ok {
		return nil, ""
	}
	for number, wanted := range []types.Type{kind.Key(), kind.Elem()}[:len(operands)-1] {
		given := p.info.Types[operands[number+1]]
		if given.Value == nil && !given.IsNil() && !types.Identical(given.Type, wanted) {
			return nil, "" // it would be converted, and a store could take another order with what its operands do
		}
	}
	return operands, body
}
