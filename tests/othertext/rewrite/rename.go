package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// Methods that libraries look for without naming an interface of theirs in a signature.
var known = strings.Fields("String GoString Format Error Is As Unwrap MarshalJSON UnmarshalJSON MarshalText UnmarshalText " +
	"Read Write Close Len Less Swap Push Pop Lock Unlock")

// Functions that models know by the shape of their names, as generated code has them.
var generated = regexp.MustCompile(`^Register\w+(Server|Handler)$`)

// rename gives every identifier that the module declares a name that means nothing: the same one the same everywhere, and exported
// where it was. Methods keep a name that an interface of an imported package has.
func rename(m *module, p *pkg) {
	kept := interfaceMethods(m, p)
	for _, f := range p.files {
		clause := f.tree.Name
		renamed := map[string]string{}
		ast.Inspect(f.tree, func(node ast.Node) bool {
			ident, ok := node.(*ast.Ident)
			if !ok || ident == clause {
				return true
			}
			if to := renaming(m, p, ident, kept); to != "" {
				f.replace(ident.Pos(), ident.End(), to)
				f.changes++
				renamed[ident.Name] = to
			}
			return true
		})
		for _, group := range f.tree.Comments {
			for _, comment := range group.List {
				if text := guardsRenamed(comment.Text, renamed); text != comment.Text {
					f.replace(comment.Pos(), comment.End(), text)
				}
			}
		}
	}
}

func renaming(m *module, p *pkg, ident *ast.Ident, kept map[string]bool) string {
	obj, defined := p.info.Defs[ident]
	if !defined {
		obj = p.info.Uses[ident]
		if obj == nil {
			return ""
		}
	}
	if ident.Name == "_" || ident.Name == "." {
		return ""
	}
	if obj != nil { // it is nil for the variable of a type switch
		if obj.Pkg() == nil || !m.own[obj.Pkg().Path()] {
			return ""
		}
		switch obj := obj.(type) {
		case *types.PkgName:
			return ""
		case *types.Func:
			method := obj.Signature().Recv() != nil
			if method && (kept[obj.Name()] || slices.Contains(m.keep, obj.Name()) && m.foreign(obj.Signature())) || !method && (obj.Name() == "main" || obj.Name() == "init" || generated.MatchString(obj.Name())) {
				return ""
			}
		case *types.Var:
			if named := namedOf(obj.Type()); obj.Embedded() && (named == nil || named.Obj().Pkg() == nil || !m.own[named.Obj().Pkg().Path()]) {
				return ""
			}
		}
	}
	if m.names[ident.Name] == "" {
		made := m.word()
		if token.IsExported(ident.Name) {
			made = strings.ToUpper(made[:1]) + made[1:]
		}
		m.names[ident.Name] = made
	}
	return m.names[ident.Name]
}

// foreign says that a signature names a type of another module, as methods do that a library calls.
func (m *module) foreign(signature *types.Signature) bool {
	found := false
	types.TypeString(signature, func(other *types.Package) string {
		found = found || !m.own[other.Path()]
		return ""
	})
	return found
}

func namedOf(t types.Type) *types.Named {
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok {
		t = pointer.Elem()
	}
	named, _ := types.Unalias(t).(*types.Named)
	return named
}

// interfaceMethods are the names of the methods of all interfaces of imported packages that are not the module's own.
func interfaceMethods(m *module, p *pkg) map[string]bool {
	kept := map[string]bool{}
	for _, name := range known {
		kept[name] = true
	}
	seen := map[*types.Package]bool{}
	var visit func(*types.Package)
	visit = func(imported *types.Package) {
		if seen[imported] {
			return
		}
		seen[imported] = true
		if m.own[imported.Path()] {
			for _, further := range imported.Imports() {
				visit(further)
			}
			return
		}
		for _, name := range imported.Scope().Names() {
			if face, ok := imported.Scope().Lookup(name).Type().Underlying().(*types.Interface); ok {
				for i := range face.NumMethods() {
					kept[face.Method(i).Name()] = true
				}
			}
		}
	}
	for _, imported := range p.types.Imports() {
		visit(imported)
	}
	return kept
}

var guarding = regexp.MustCompile(`(?i)(guard(ed|s)?|protect(ed|s)?|held|hold(s|ing)?|checklocks|checklocksread|GUARDED_BY)(\s+by|:)?[\s(]+[\w., ]+`)
var identifier = regexp.MustCompile(`\w+`)

// guardsRenamed follows a renaming in the part of a comment that declares a guard.
func guardsRenamed(text string, renamed map[string]string) string {
	return guarding.ReplaceAllStringFunc(text, func(part string) string {
		return identifier.ReplaceAllStringFunc(part, func(name string) string {
			if to := renamed[name]; to != "" {
				return to
			}
			return name
		})
	})
}
