package property_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tailrace-io/tailrace/engine/connect/property"
)

func TestReplacementsAreThoseOfJava(t *testing.T) {
	re := regexp.MustCompile(`^(?P<db>\w+)\.(\w+)$`)
	for java, want := range map[string]string{
		"$1-$2": "shop-orders", "$2": "orders", "$0": "shop.orders", "${db}_x": "shop_x", "$12": "shop2", `\$1`: "$1", `a\\b\c`: `a\bc`, "": "", "é": "é",
	} {
		template, err := property.Replacement(re, java)
		if assert.NoError(t, err, java) {
			assert.Equal(t, want, re.ReplaceAllString("shop.orders", template), java)
		}
	}
	for java, want := range map[string]string{
		"$3": "refers to the group 3, and the expression has 2", "$": `has a $ that no group follows; an ordinary $ is \$`, "${no}": `refers to the group "no", which the expression does not have`,
		"${db": "has a ${ without its }", `a\`: `ends in a single \`,
	} {
		_, err := property.Replacement(re, java)
		assert.EqualError(t, err, want, java)
	}
}
