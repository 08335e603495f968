package property

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// provider gives the text of a reference ${name:path:key}.
type provider func(path, key string) (string, error)

// reference is the form that Connect knows a reference by.
var reference = regexp.MustCompile(`\$\{([^}]*?):(([^}]*?):)?([^}]*?)\}`)

// resolve puts the texts that references stand for in their place. Those texts
// are not looked at for references again.
func (s *Set) resolve() {
	providers := map[string]provider{"env": fromEnv, "file": fromFile, "dir": fromDir}
	for full, raw := range s.raw {
		s.values[full] = reference.ReplaceAllStringFunc(raw, func(ref string) string {
			m := reference.FindStringSubmatch(ref)
			get := providers[m[1]]
			if get == nil {
				s.Errorf(full, "%s: there is no provider %q%s; the known ones are env, file and dir",
					ref, m[1], DidYouMean(m[1], slices.Collect(maps.Keys(providers))))
				return ref
			}
			text, err := get(m[3], m[4])
			if err != nil {
				s.Errorf(full, "%s cannot be resolved: %w", ref, err)
				return ref
			}
			return text
		})
	}
}

func fromEnv(path, name string) (string, error) {
	if path != "" {
		return "", errors.New("a reference to the environment is ${env:NAME}")
	}
	text, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("the environment has no variable %s", name)
	}
	return text, nil
}

func fromFile(path, key string) (string, error) {
	if path == "" {
		return "", errors.New("a reference to a file of properties is ${file:PATH:KEY}")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	m, err := Parse(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	text, ok := m[key]
	if !ok {
		return "", fmt.Errorf("%s has no property %s", path, key)
	}
	return text, nil
}

func fromDir(path, name string) (string, error) {
	if path == "" {
		return "", errors.New("a reference to a file of a folder is ${dir:PATH:FILE}")
	}
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, "..") {
		return "", fmt.Errorf("%q is not the name of a file in a folder", name)
	}
	data, err := os.ReadFile(filepath.Join(path, name))
	if err != nil {
		return "", err
	}
	return string(data), nil
}
