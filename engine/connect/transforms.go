package connect

import (
	"maps"
	"slices"
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/property"
	"github.com/tailrace-io/tailrace/transform"
)

// predicated is a predicate that the configuration names. Its test is nil when
// it could not be made.
type predicated struct{ test transform.Predicate }

func (b *build) predicates() {
	b.predicated = make(map[string]predicated)
	names := b.aliases("predicates")
	for _, name := range names {
		p := b.all.Sub("predicates." + name + ".").Use(property.Table{typeProperty("predicate")})
		var test transform.Predicate
		if from, ok := lookup(p, "type", kind{"predicate", "Predicate"}, b.registry.Predicates); ok {
			test = from(p)
		} else {
			p.Take()
		}
		b.predicated[name] = predicated{test}
	}
	b.unlisted("predicates", names)
}

func (b *build) transforms() {
	names := b.aliases("transforms")
	for _, name := range names {
		p := b.all.Sub("transforms." + name + ".").Use(transformProperties())
		from, ok := lookup(p, "type", kind{"transform", "Transformation"}, b.registry.Transforms)
		if !ok {
			p.Take()
			continue
		}
		b.cfg.Transforms = append(b.cfg.Transforms, b.when(p, from(p)))
	}
	b.unlisted("transforms", names)
}

// when puts a transform behind its predicate, where it has one.
func (b *build) when(p *property.Set, t transform.Transform) transform.Transform {
	name, negate := p.String("predicate"), p.Bool("negate")
	if name == "" {
		if negate {
			p.Errorf("negate", "needs a predicate")
		}
		return t
	}
	found, ok := b.predicated[name]
	if !ok {
		p.Errorf("predicate", "%s is not among predicates%s", name, property.DidYouMean(name, slices.Collect(maps.Keys(b.predicated))))
	}
	if found.test == nil {
		return t
	}
	if negate {
		return transform.When(transform.Not(found.test), t)
	}
	return transform.When(found.test, t)
}

// aliases gives the names in a list, and keeps as an error those that are there
// twice.
func (b *build) aliases(key string) []string {
	var names []string
	for _, name := range b.own.List(key) {
		if slices.Contains(names, name) {
			b.own.Errorf(key, "%s is there twice", name)
			continue
		}
		names = append(names, name)
	}
	return names
}

// unlisted accounts for the options of what the list does not name. To take a
// name out of the list is a usual way of switching something off, so that this
// is worth no more than a note, unless the name looks misspelt.
func (b *build) unlisted(list string, names []string) {
	for _, m := range b.own.Matches(list + ".*") {
		name, _, _ := strings.Cut(m.Args[0], ".")
		if slices.Contains(names, name) {
			continue
		}
		p := b.all.Sub(list + "." + name + ".")
		if p.Take(); property.DidYouMean(name, names) != "" {
			b.own.Errorf(m.Key, "%s is not among %s%s", name, list, property.DidYouMean(name, names))
		} else {
			b.own.Notef(list+"."+name, "has no effect: %s does not name it", list)
		}
	}
}
