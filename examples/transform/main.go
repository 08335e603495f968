// Transform tries a transform or a predicate before it is deployed:
//
//	go run ./examples/transform < lines.jsonl
//
// It reads lines of JSON and answers each with one. This line has a field left
// out, and answers with the record that comes of it:
//
//	{"transform": {"type": "org.apache.kafka.connect.transforms.ReplaceField$Value", "exclude": "note"},
//	 "record": {"topic": "orders", "value": {"schema": null, "payload": {"id": 7, "note": "x"}}}}
//
// The other answers are {"record": null} for a record that is dropped,
// {"test": true} or {"test": false} of a "predicate" in the transform's place,
// and {"error": "…"}, for wrong options as well. smt.Try says more of the form.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/tailrace-io/tailrace/engine/connect/smt"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "transform:", err)
		os.Exit(1)
	}
}

// run answers each line that is neither blank nor a comment, which begins with
// two slashes.
func run(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	answers := bufio.NewWriter(out)
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			answers.Write(append(smt.Try(line), '\n'))
		}
		if lines.Buffered() == 0 || err != nil {
			// Whoever types the lines sees each answer.
			if err := answers.Flush(); err != nil {
				return fmt.Errorf("write the answers: %w", err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the lines: %w", err)
		}
	}
}
