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
	providers := s.providers()
	for full, raw := range s.raw {
		s.values[full] = reference.ReplaceAllStringFunc(raw, func(ref string) string {
			m := reference.FindStringSubmatch(ref)
			get := providers[m[1]]
			if get == nil {
				names := slices.Sorted(maps.Keys(providers))
				s.Errorf(full, "%s: there is no provider %q, only %s", ref, m[1], strings.Join(names, ", "))
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

// providers are env, file and dir, and those that config.providers names.
func (s *Set) providers() map[string]provider {
	out := map[string]provider{"env": environment(nil), "file": properties(nil), "dir": folder(nil)}
	if s.raw["config.providers"] == "" {
		return out
	}
	const prefix = "org.apache.kafka.common.config.provider."
	classes := []string{prefix + "DirectoryConfigProvider", prefix + "EnvVarConfigProvider", prefix + "FileConfigProvider"}
	s.taken["config.providers"] = true
	for _, name := range parseList(s.raw["config.providers"]) {
		key := "config.providers." + name
		class, param := s.raw[key+".class"], ""
		s.taken[key+".class"] = true
		switch class {
		case classes[0]:
			param = key + ".param.allowed.paths"
			out[name] = folder(parseList(s.raw[param]))
		case classes[1]:
			param = key + ".param.allowlist.pattern"
			out[name] = environment(s.allowlist(param))
		case classes[2]:
			param = key + ".param.allowed.paths"
			out[name] = properties(parseList(s.raw[param]))
		case "":
			s.Errorf(key+".class", "is required and missing")
		default:
			s.Errorf(key+".class", "%s: no such config provider%s", class, DidYouMean(class, classes))
		}
		s.taken[param] = true
	}
	return out
}

func (s *Set) allowlist(key string) *regexp.Regexp {
	text, ok := s.raw[key]
	if !ok {
		return nil
	}
	re, err := CompileJava(text, Anchored)
	if err != nil {
		s.Errorf(key, "%w", err)
	}
	return re
}

// environment gives variables of the environment, those whose names match.
func environment(allowed *regexp.Regexp) provider {
	return func(path, name string) (string, error) {
		if path != "" {
			return "", errors.New("a reference to the environment is like ${env:NAME}")
		}
		if allowed != nil && !allowed.MatchString(name) {
			return "", errors.New("allowlist.pattern does not allow it")
		}
		text, ok := os.LookupEnv(name)
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		return text, nil
	}
}

// properties gives properties of files, of those that lie under the paths.
func properties(allowed []string) provider {
	return func(path, key string) (string, error) {
		if path == "" {
			return "", errors.New("a reference to a property in a file is like ${file:PATH:KEY}")
		}
		data, err := readFile(path, allowed)
		if err != nil {
			return "", err
		}
		m, err := Parse(data)
		if err != nil {
			return "", fmt.Errorf("%s is not a file of properties", path) // the cause would quote a secret
		}
		text, ok := m[key]
		if !ok {
			return "", fmt.Errorf("%s has no property %s", path, key)
		}
		return text, nil
	}
}

// folder gives whole files of folders, of those that lie under the paths.
func folder(allowed []string) provider {
	return func(path, name string) (string, error) {
		if path == "" {
			return "", errors.New("a reference to a file in a folder is like ${dir:PATH:FILE}")
		}
		if name == ".." || name != filepath.Base(name) {
			return "", fmt.Errorf("%q is not the name of a file", name)
		}
		data, err := readFile(filepath.Join(path, name), allowed)
		return string(data), err
	}
}

func readFile(path string, allowed []string) ([]byte, error) {
	under := func(dir string) bool {
		rel, err := filepath.Rel(dir, path)
		return err == nil && filepath.IsLocal(rel)
	}
	if len(allowed) > 0 && !slices.ContainsFunc(allowed, under) {
		return nil, fmt.Errorf("allowed.paths does not allow %s", path)
	}
	return os.ReadFile(path)
}
