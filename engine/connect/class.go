package connect

import (
	"maps"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// kind is a kind of class: what messages call it, and what Connect leaves out
// of the class's name for its shortest alias.
type kind struct{ name, suffix string }

// lookup finds what a class name, the value of the key, stands for. An unknown
// name is kept as an error of the key. If there is a near one, that is used
// further on, so that what else is wrong comes to light with it; ok says
// whether there is anything.
func lookup[T any](p *property.Set, key string, k kind, known map[string]T) (found T, ok bool) {
	name := p.String(key)
	if name == "" {
		return found, false // which Required has said
	}
	classes := slices.Sorted(maps.Keys(known))
	var match []string
	for _, class := range classes {
		if class == name {
			return known[class], true
		}
		if simple := simpleName(class); simple == name || strings.TrimSuffix(simple, k.suffix) == name {
			match = append(match, class)
		}
	}
	switch {
	case len(match) == 1:
		return known[match[0]], true
	case len(match) > 1:
		p.Errorf(key, "%s stands for %s; give the whole name of the class", name, strings.Join(match, " and "))
		return known[match[0]], true
	}
	near, ok := nearest(name, classes)
	switch {
	case ok:
		p.Errorf(key, "%s: no such %s; did you mean %s?", name, k.name, near)
	case len(classes) == 0:
		p.Errorf(key, "%s: no such %s; the registry has none", name, k.name)
	case len(classes) <= 12:
		p.Errorf(key, "%s: no such %s; the known ones are %s", name, k.name, strings.Join(classes, ", "))
	default:
		p.Errorf(key, "%s: no such %s", name, k.name)
	}
	return known[near], ok
}

// nearest finds the class that one would most likely have meant: by its whole
// name, or by its name without the package, where only the package is wrong or
// was left out.
func nearest(name string, classes []string) (string, bool) {
	if near, ok := property.Nearest(name, classes); ok {
		return near, true
	}
	simple := make(map[string]string, len(classes))
	for _, class := range classes {
		simple[simpleName(class)] = class
	}
	if class, ok := simple[simpleName(name)]; ok {
		return class, true
	}
	near, ok := property.Nearest(simpleName(name), slices.Collect(maps.Keys(simple)))
	return simple[near], ok
}

func simpleName(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }
