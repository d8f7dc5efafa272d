package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// simple calls visit for half of the statements of functions that only do something: no declaration, no jump, no defer.
func simple(m *module, p *pkg, visit func(f *file, function *ast.FuncDecl, statement ast.Stmt)) {
	for _, f := range p.files {
		for _, declared := range f.tree.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			ast.Inspect(function.Body, func(node ast.Node) bool {
				for _, statement := range body(node) {
					if m.dice.IntN(2) == 0 && does(p, statement) {
						visit(f, function, statement)
					}
				}
				return true
			})
		}
	}
}

func body(node ast.Node) []ast.Stmt {
	switch node := node.(type) {
	case *ast.BlockStmt:
		return node.List
	case *ast.CaseClause:
		return node.Body
	case *ast.CommClause:
		return node.Body
	}
	return nil
}

func does(p *pkg, statement ast.Stmt) bool {
	switch statement := statement.(type) {
	case *ast.AssignStmt:
		if statement.Tok == token.DEFINE {
			return false
		}
	case *ast.ExprStmt:
		call, ok := statement.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		if _, literal := call.Fun.(*ast.FuncLit); literal {
			return false
		}
	case *ast.IncDecStmt:
	default:
		return false
	}
	fine := true
	ast.Inspect(statement, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			fine = false
		case *ast.Ident:
			if _, builtin := p.info.Uses[node].(*types.Builtin); builtin && (node.Name == "panic" || node.Name == "recover") {
				fine = false
			}
		}
		return fine
	})
	return fine
}

// wrap puts statements into literals that are called at once.
func wrap(m *module, p *pkg) {
	simple(m, p, func(f *file, _ *ast.FuncDecl, statement ast.Stmt) { f.surround(statement, "func() { ", " }()") })
}

// extract puts statements into functions of their own, which are given the local variables.
func extract(m *module, p *pkg) {
	simple(m, p, func(f *file, function *ast.FuncDecl, statement ast.Stmt) {
		if function.Type.TypeParams != nil || function.Recv != nil && strings.Contains(f.text(function.Recv), "[") {
			return
		}
		parameters, arguments, ok := free(p, f, statement)
		if !ok {
			return
		}
		name := m.word()
		f.add("", f.line(statement.Pos()))
		for number, text := range strings.Split(fmt.Sprintf("func %s(%s) { %s }", name, parameters, f.text(statement)), "\n") {
			f.add(text, f.line(statement.Pos())+number)
		}
		f.replace(statement.Pos(), statement.End(), fmt.Sprintf("%s(%s)%s", name, arguments, strings.Repeat("\n", strings.Count(f.text(statement), "\n"))))
		f.changes++
	})
}

// free lists the local variables that a statement reads, as parameters and arguments; not ok when it changes one, or when one would
// be copied, or its type cannot be written here.
func free(p *pkg, f *file, statement ast.Stmt) (parameters, arguments string, ok bool) {
	seen, names, types_, fine := map[types.Object]bool{}, []string{}, []string{}, true
	changed := func(e ast.Expr) {
		if ident, is := ast.Unparen(e).(*ast.Ident); is && ident.Name != "_" {
			fine = false
		}
	}
	ast.Inspect(statement, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			for _, left := range node.Lhs {
				changed(left)
			}
		case *ast.IncDecStmt:
			changed(node.X)
		case *ast.UnaryExpr:
			if node.Op == token.AND {
				changed(node.X)
			}
		case *ast.Ident:
			variable, is := p.info.Uses[node].(*types.Var)
			if !is || variable.IsField() || variable.Parent() == p.types.Scope() || variable.Pkg() != p.types || seen[variable] {
				return true
			}
			seen[variable] = true
			switch variable.Type().Underlying().(type) {
			case *types.Struct, *types.Array:
				fine = false
			}
			text, is := written(p, f, variable.Type())
			fine = fine && is
			names, types_ = append(names, node.Name), append(types_, node.Name+" "+text)
		}
		return fine
	})
	return strings.Join(types_, ", "), strings.Join(names, ", "), fine
}

// written is a type as the file can write it.
func written(p *pkg, f *file, t types.Type) (string, bool) {
	fine := true
	text := types.TypeString(t, func(other *types.Package) string {
		if other == p.types {
			return ""
		}
		for _, spec := range f.tree.Imports {
			if strings.Trim(spec.Path.Value, `"`) == other.Path() {
				if spec.Name != nil {
					return spec.Name.Name
				}
				return other.Name()
			}
		}
		fine = false
		return other.Name()
	})
	return text, fine && global(t, map[types.Type]bool{})
}

// global says that a type names no type parameter and no type that a function declares.
func global(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.TypeParam:
		return false
	case *types.Alias:
		return t.Obj().Parent() == types.Universe || t.Obj().Parent() == t.Obj().Pkg().Scope()
	case *types.Named:
		for i := range t.TypeArgs().Len() {
			if !global(t.TypeArgs().At(i), seen) {
				return false
			}
		}
		return t.Obj().Pkg() == nil || t.Obj().Parent() == t.Obj().Pkg().Scope() || t.Origin() != t
	case *types.Pointer:
		return global(t.Elem(), seen)
	case *types.Slice:
		return global(t.Elem(), seen)
	case *types.Chan:
		return global(t.Elem(), seen)
	case *types.Map:
		return global(t.Key(), seen) && global(t.Elem(), seen)
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for i := range tuple.Len() {
				if !global(tuple.At(i).Type(), seen) {
					return false
				}
			}
		}
		return !t.Variadic()
	case *types.Basic:
		return t.Kind() != types.UntypedNil
	case *types.Interface:
		return t.NumMethods() == 0
	}
	return false
}
