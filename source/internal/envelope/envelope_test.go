package envelope_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/source/internal/envelope"
)

func TestNamesOfTopicsHaveNoLettersButKafkas(t *testing.T) {
	assert.Equal(t, "srv.public.Mixed_Case", envelope.TopicName("srv.public.Mixed Case"))
	assert.Equal(t, "srv.a-b_c.__", envelope.TopicName("srv.a-b_c.😀"))
}

func TestTheEnvelopesFieldsStandAtTheirPlaces(t *testing.T) {
	row := tailrace.NewSchema(tailrace.TypeStruct).Optional().MustBuild()
	schema, err := envelope.Schema("srv.t.Envelope", row, row)
	require.NoError(t, err)
	require.Len(t, schema.Fields(), envelope.Fields)
	for name, place := range map[string]int{"before": envelope.Before, "after": envelope.After, "source": envelope.Source,
		"transaction": envelope.Transaction, "op": envelope.Op, "ts_ms": envelope.Millis, "ts_us": envelope.Micros, "ts_ns": envelope.Nanos} {
		assert.Equal(t, name, schema.Fields()[place].Name)
	}
}

func TestARunIsKnownByAUUIDOfItsMoment(t *testing.T) {
	headers := envelope.ContextHeaders("postgresql", "srv")
	require.Len(t, headers, 4)
	assert.Regexp(t, regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`), headers[3].Value.Text())
}
