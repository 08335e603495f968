package property

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// AppendMarkdown appends the table as a page of reference, sorted by key: what
// works first, then what is known and not supported yet, then what has no
// meaning here.
func (t Table) AppendMarkdown(dst []byte) []byte {
	sorted := slices.Clone(t)
	slices.SortFunc(sorted, func(a, b Property) int { return strings.Compare(a.Key, b.Key) })
	part := func(title, head string, has func(*Property) bool, row func(*Property) string) {
		first := true
		for i := range sorted {
			p := &sorted[i]
			if !has(p) {
				continue
			}
			if first && title != "" {
				dst = append(dst, "\n"+title+"\n\n"...)
			}
			if first {
				dst = append(dst, head...)
			}
			first = false
			dst = fmt.Appendf(dst, "| `%s` | %s |\n", p.Key, row(p))
		}
	}
	part("", "| property | form | default | |\n|---|---|---|---|\n",
		func(p *Property) bool { return p.Unsupported == "" && p.Ignored == "" },
		func(p *Property) string {
			return p.form() + " | " + p.defaultText() + " | " + cell(p.Doc+p.laterText()+p.oldText())
		})
	part("Known, and an error when set to another value than the default, because they are not supported yet:",
		"| property | default | not supported yet |\n|---|---|---|\n",
		func(p *Property) bool { return p.Unsupported != "" && p.Ignored == "" },
		func(p *Property) string { return p.defaultText() + " | " + cell(p.Unsupported) })
	part("Known, and taken without effect:", "| property | why |\n|---|---|\n",
		func(p *Property) bool { return p.Ignored != "" },
		func(p *Property) string {
			return cell(p.Ignored + strings.TrimSuffix(strings.Replace(p.oldText(), " Old", "; old", 1), "."))
		})
	return dst
}

func (p *Property) form() string {
	if p.Type == Enum {
		return cell("`" + strings.Join(p.Values, "`, `") + "`")
	}
	return p.Type.String()
}

func (p *Property) defaultText() string {
	switch {
	case p.Required:
		return "required"
	case p.Default == "":
		return ""
	}
	return cell("`" + p.Default + "`")
}

func (p *Property) laterText() string {
	if len(p.Later) == 0 {
		return ""
	}
	return " Not supported yet: `" + strings.Join(p.Later, "`, `") + "`."
}

func (p *Property) oldText() string {
	var text string
	if len(p.Was) > 0 {
		text = " Old names: `" + strings.Join(p.Was, "`, `") + "`."
	}
	for _, old := range slices.Sorted(maps.Keys(p.OldValues)) {
		text += " The old value `" + old + "` stands for `" + p.OldValues[old] + "`."
	}
	return text
}

// cell is text that does not end a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
