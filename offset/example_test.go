package offset_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tailrace-io/tailrace"
	"github.com/tailrace-io/tailrace/offset"
)

func ExampleFile() {
	dir, err := os.MkdirTemp("", "offsets")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store := offset.File(filepath.Join(dir, "shop.offsets"))
	offsets, err := store.Load(ctx, "inventory")
	fmt.Println(offsets, err)

	err = store.Save(ctx, "inventory", []tailrace.Offset{{
		Partition: `{"server":"shop"}`,
		Position:  `{"file":"binlog.000003","pos":1547}`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := os.ReadFile(string(store))
	fmt.Print(string(text))
	// Output:
	// [] <nil>
	// {
	//   "inventory": [
	//     {
	//       "partition": {"server":"shop"},
	//       "position": {"file":"binlog.000003","pos":1547}
	//     }
	//   ]
	// }
}

func ExampleMemory() {
	ctx := context.Background()
	store := new(offset.Memory)
	err := store.Save(ctx, "inventory", []tailrace.Offset{{Partition: `{"server":"shop"}`, Position: `{"lsn":24023128}`}})
	offsets, _ := store.Load(ctx, "inventory")
	fmt.Println(offsets, err)
	// Output: [{{"server":"shop"} {"lsn":24023128}}] <nil>
}
