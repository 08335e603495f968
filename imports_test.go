package tailrace_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/tailrace-io/tailrace"

// The root, engine, source, sink, converter, transform and offset packages
// import the standard library and one another, so that an application links
// only the drivers that it imports.
func TestTheCoreImportsNoDriverAndNoThirdParty(t *testing.T) {
	core := []string{".", "engine", "source", "sink", "converter", "transform", "offset"}
	allowed := map[string]bool{}
	for _, dir := range core {
		allowed[filepath.ToSlash(filepath.Join(module, dir))] = true
	}
	for _, dir := range core {
		p, err := build.ImportDir(dir, 0)
		require.NoError(t, err)
		for _, path := range p.Imports {
			if std := !strings.Contains(strings.Split(path, "/")[0], "."); !std && !allowed[path] {
				t.Errorf("package %s imports %s", dir, path)
			}
		}
	}
}

// No package does anything by being imported: there is no init function, and
// no import for its side effects outside tests, commands and the packages that
// exist to bring a database/sql driver. Importing embed does nothing; it allows a
// directive.
func TestNothingRegistersItself(t *testing.T) {
	bringsDriver := map[string]bool{"source/jdbc/sqlite": true}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", path)
			}
		}
		test := strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "examples/") || strings.HasPrefix(path, "internal/")
		for _, imp := range f.Imports {
			if imp.Name != nil && imp.Name.Name == "_" && imp.Path.Value != `"embed"` && !test && !bringsDriver[filepath.ToSlash(filepath.Dir(path))] {
				t.Errorf("%s imports %s for its side effects", path, imp.Path.Value)
			}
		}
		return nil
	})
	require.NoError(t, err)
}
