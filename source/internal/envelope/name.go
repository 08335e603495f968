package envelope

import "github.com/tailrace-io/tailrace/internal/avroname"

// Names is how names of schemas or fields are made to fit Avro: none, avro or
// avro_unicode. "" is as none.
type Names = avroname.Mode
