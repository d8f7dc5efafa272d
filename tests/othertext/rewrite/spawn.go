package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// spawn starts goroutines by a literal that calls what was started, where its arguments are the same then.
func spawn(m *module, p *pkg) {
	for _, f := range p.files {
		changed := assigned(p, f)
		ast.Inspect(f.tree, func(node ast.Node) bool {
			start, ok := node.(*ast.GoStmt)
			if ok && constant(p, start.Call, changed) {
				f.surround(start.Call, "func() { ", " }()")
				return false
			}
			return true
		})
	}
}

// assigned are the variables of a file that are changed after their declaration, or whose address is taken.
func assigned(p *pkg, f *file) map[types.Object]bool {
	changed := map[types.Object]bool{}
	mark := func(e ast.Expr) {
		if ident, ok := ast.Unparen(e).(*ast.Ident); ok {
			changed[p.info.Uses[ident]] = true
		}
	}
	ast.Inspect(f.tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			for _, left := range node.Lhs {
				mark(left)
			}
		case *ast.IncDecStmt:
			mark(node.X)
		case *ast.UnaryExpr:
			if node.Op == token.AND {
				mark(node.X)
			}
		case *ast.RangeStmt:
			mark(node.Key)
			mark(node.Value)
		}
		return true
	})
	return changed
}

// constant says that a call does the same whenever it is made.
func constant(p *pkg, call *ast.CallExpr, changed map[types.Object]bool) bool {
	fixed := func(e ast.Expr) bool {
		switch e := ast.Unparen(e).(type) {
		case *ast.BasicLit, *ast.FuncLit:
			return true
		case *ast.Ident:
			obj := p.info.Uses[e]
			variable, isVariable := obj.(*types.Var)
			if !isVariable {
				return true
			}
			switch variable.Type().Underlying().(type) {
			case *types.Struct, *types.Array:
				return false // a copy is made when the goroutine starts
			}
			return variable.Parent() != p.types.Scope() && !changed[obj]
		}
		return false
	}
	for _, argument := range call.Args {
		if !fixed(argument) {
			return false
		}
	}
	if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
		selection := p.info.Selections[selector]
		if selection == nil || selection.Kind() != types.MethodVal {
			return false
		}
		pointer := selection.Obj().(*types.Func).Signature().Recv()
		_, byPointer := types.Unalias(pointer.Type()).(*types.Pointer)
		return byPointer && fixed(selector.X)
	}
	return fixed(call.Fun)
}
