package builtin

import (
	"strings"

	"github.com/tailrace-io/tailrace/engine/connect/smt"
)

// transforms are the sections of the transforms' page.
func transforms() (sections []section) {
	for _, s := range smt.Reference() {
		behind := ", behind `transforms.<name>.`"
		if strings.HasPrefix(s.Class, "predicates.") {
			behind = ", behind `predicates.<name>.`"
		}
		sections = append(sections, section{s.Class + behind, s.Properties})
	}
	return sections
}
