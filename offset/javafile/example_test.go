package javafile_test

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tailrace-io/tailrace/offset/javafile"
)

// The offsets of a Connect worker are where an engine of the same name begins.
func Example() {
	offsets := javafile.Store(filepath.Join("testdata", "connect.offsets")) // for engine.Config.Offsets
	loaded, err := offsets.Load(context.Background(), "local-file-source")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(loaded[0].Partition, loaded[0].Position)
	// Output: {"filename":"test.txt"} {"position":8}
}
