package property

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseJSON reads a configuration that is written as a JSON object: a flat one,
// or the {"name": …, "config": {…}} that Connect's REST API takes, whose name
// becomes the property "name". Numbers and booleans are taken as the text that
// they are written as; null, lists and objects are errors.
func ParseJSON(text []byte) (map[string]string, error) {
	var top map[string]json.RawMessage
	if err := decode(text, &top); err != nil {
		return nil, fmt.Errorf("the configuration is not a JSON object: %w", err)
	}
	nested, ok := top["config"]
	if !ok || !bytes.HasPrefix(bytes.TrimSpace(nested), []byte("{")) {
		return flatten(top)
	}
	var errs []error
	var name string
	for k, v := range top {
		switch k {
		case "config", "tasks", "type", "initial_state": // the latter three the REST API's answers and requests have
		case "name":
			if err := json.Unmarshal(v, &name); err != nil || name == "" {
				errs = append(errs, errors.New("name: must be a text that is not empty"))
			}
		default:
			errs = append(errs, fmt.Errorf("%s: has no place beside name and config%s", k, DidYouMean(k, []string{"name", "config"})))
		}
	}
	var inner map[string]json.RawMessage
	if err := decode(nested, &inner); err != nil {
		return nil, fmt.Errorf("config is not a JSON object: %w", err)
	}
	config, err := flatten(inner)
	if err != nil || errs != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	if has := config["name"]; name != "" && has != "" && has != name {
		return nil, fmt.Errorf("the name %q and the name %q in config differ", name, has)
	}
	if name != "" {
		config["name"] = name
	}
	return config, nil
}

// decode refuses what follows the value.
func decode(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(to); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
			return fmt.Errorf("line %d: %w", line, err)
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more text behind its end")
	}
	return nil
}

func flatten(object map[string]json.RawMessage) (map[string]string, error) {
	if object == nil {
		return nil, errors.New("the configuration is null")
	}
	out := make(map[string]string, len(object))
	var errs Errors
	for k, raw := range object {
		switch v := string(bytes.TrimSpace(raw)); {
		case v[0] == '"':
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				errs = append(errs, Error{k, err})
			}
			out[k] = text
		case v == "null" || v[0] == '{' || v[0] == '[':
			what := map[byte]string{'n': "null", '{': "an object", '[': "a list"}[v[0]]
			errs = append(errs, Error{k, fmt.Errorf("is %s; a property is a text, a number or a boolean", what)})
		default:
			out[k] = strings.Clone(v)
		}
	}
	if errs != nil {
		errs.sort()
		return nil, errs
	}
	return out, nil
}
