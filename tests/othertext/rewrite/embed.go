package main

import (
	"go/ast"
	"go/types"
)

// embed makes the mutex that is a private field of a struct an embedded one.
func embed(m *module, p *pkg) {
	chosen := map[types.Object]string{} // field to its new name
	for _, f := range p.files {
		ast.Inspect(f.tree, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok && lockless(p, spec) {
				embedIn(p, f, structure, chosen)
			}
			return true
		})
	}
	for _, f := range p.files {
		ast.Inspect(f.tree, func(node ast.Node) bool {
			if ident, ok := node.(*ast.Ident); ok {
				if name := chosen[declaredField(p.info.Uses[ident])]; name != "" {
					f.replace(ident.Pos(), ident.End(), name)
				}
			}
			return true
		})
		for _, group := range f.tree.Comments {
			for _, comment := range group.List {
				renamed := map[string]string{}
				for field, name := range chosen {
					renamed[field.Name()] = name
				}
				if text := guardsRenamed(comment.Text, renamed); text != comment.Text {
					f.replace(comment.Pos(), comment.End(), text)
				}
			}
		}
	}
}

// embedIn changes the declaration of the only mutex of a struct.
func embedIn(p *pkg, f *file, structure *ast.StructType, chosen map[types.Object]string) {
	var found *ast.Field
	var name string
	for _, field := range structure.Fields.List {
		named := namedOf(p.info.Types[field.Type].Type)
		if named == nil || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "sync" {
			continue
		}
		if of := named.Obj().Name(); of == "Mutex" || of == "RWMutex" || of == "Locker" {
			if found != nil || len(field.Names) != 1 || field.Names[0].IsExported() {
				return
			}
			found, name = field, of
		}
	}
	if found == nil || found.Tag != nil || found.Names[0].Name == "_" {
		return
	}
	chosen[p.info.Defs[found.Names[0]]] = name
	f.replace(found.Pos(), found.Type.Pos(), "")
	f.changes++
}

// lockless says that the type has no method or embedded field that a mutex would hide or clash with.
func lockless(p *pkg, spec *ast.TypeSpec) bool {
	named, ok := p.info.Defs[spec.Name].Type().(*types.Named)
	if !ok {
		return false
	}
	for _, name := range []string{"Lock", "Unlock", "TryLock", "RLock", "RUnlock", "TryRLock", "RLocker", "Mutex", "RWMutex", "Locker"} {
		if found, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, p.types, name); found != nil {
			return false
		}
	}
	return true
}

func declaredField(obj types.Object) types.Object {
	if field, ok := obj.(*types.Var); ok {
		return field.Origin()
	}
	return obj
}
