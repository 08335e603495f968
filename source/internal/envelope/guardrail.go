package envelope

import (
	"fmt"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

// Guardrail bounds how many tables are captured.
type Guardrail struct {
	Max  int  // 0 for no bound
	Warn bool // beyond it is a warning rather than an error
}

// Check gives the error of so many tables.
func (g Guardrail) Check(tables int) error {
	if g.Max == 0 || tables <= g.Max {
		return nil
	}
	return fmt.Errorf("%d tables are captured, and at most %d may be: choose fewer of them, or allow more", tables, g.Max)
}

// GuardrailProperties are those of a Guardrail.
func GuardrailProperties() property.Table {
	return property.Table{
		{Key: "guardrail.collections.max", Type: property.Int, Default: "0", Check: property.AtLeast(0), Doc: "How many tables may be captured; 0 for any number."},
		{Key: "guardrail.collections.limit.action", Type: property.Enum, Default: "warn", Values: []string{"warn", "fail"}, Doc: "What becomes of more: a warning, or an error at the start."},
	}
}

// GuardrailOf reads GuardrailProperties.
func GuardrailOf(p *property.Set) Guardrail {
	return Guardrail{Max: p.Int("guardrail.collections.max"), Warn: p.Enum("guardrail.collections.limit.action") == "warn"}
}
