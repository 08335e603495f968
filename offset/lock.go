package offset

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
)

// fileName is a name as part of the name of a file: itself where every file
// system takes it, else something like it with a number that tells it apart.
func fileName(name string) string {
	plain := func(c rune) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' }
	safe := strings.Map(func(c rune) rune {
		if plain(c) {
			return c
		}
		return '_'
	}, name)
	if safe == name && name != "" && len(name) <= 64 {
		return name
	}
	sum := fnv.New64a()
	sum.Write([]byte(name))
	return fmt.Sprintf("%.64s-%016x", safe, sum.Sum64())
}

// signLock writes into a lock who holds it.
func signLock(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(signature()+"\n"), 0)
	return err
}

func signature() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// holder says who holds a lock.
func holder(path string) string {
	text, err := os.ReadFile(path)
	who := strings.TrimSpace(string(text))
	switch {
	case err != nil || !strings.HasPrefix(who, "process ") || len(who) > 200:
		return "another process"
	case who == signature():
		return "this process"
	}
	return who
}
