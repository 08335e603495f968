package script

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/tailrace-io/tailrace"
)

// program is a script that can be run, by any number of goroutines.
type program struct{ root node }

// node is a part of a script.
type node func(r *tailrace.Record) (any, error)

// errChain says that a chain of ?. met null, to which JavaScript is null as a whole.
var errChain = errors.New("null in a chain")

func (p *program) eval(r *tailrace.Record) (any, error) { return p.root(r) }

func compile(text string, language Language) (*program, error) {
	if language > JavaScript {
		return nil, fmt.Errorf("must be in Groovy or JavaScript")
	}
	source, err := translate(text, language)
	if err != nil {
		return nil, fmt.Errorf("%q %w", text, err)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("%q is no expression: %s", text, strings.SplitN(err.Error(), " (", 2)[0])
	}
	c := compiler{language}
	root, err := c.node(tree.Node)
	if err != nil {
		return nil, fmt.Errorf("%q %w", text, err)
	}
	return &program{root}, nil
}

type compiler struct{ language Language }

func constant(v any) node { return func(*tailrace.Record) (any, error) { return v, nil } }

func (c compiler) nodes(ns []ast.Node) ([]node, error) {
	out := make([]node, len(ns))
	for i, n := range ns {
		var err error
		if out[i], err = c.node(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c compiler) node(n ast.Node) (node, error) {
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(nil), nil
	case *ast.BoolNode:
		return constant(n.Value), nil
	case *ast.StringNode:
		return constant(n.Value), nil
	case *ast.IntegerNode:
		return constant(integer{int64(n.Value), tailrace.TypeInt32}), nil
	case *ast.IdentifierNode:
		return c.name(n.Value)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.ChainNode:
		return c.chain(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.ArrayNode:
		elems, err := c.nodes(n.Nodes)
		if err != nil {
			return nil, err
		}
		return func(r *tailrace.Record) (any, error) {
			out := make([]any, len(elems))
			for i, e := range elems {
				var err error
				if out[i], err = e(r); err != nil {
					return nil, err
				}
			}
			return out, nil
		}, nil
	}
	return nil, fmt.Errorf("has a form that cannot be run here: %s", n)
}

func (c compiler) name(name string) (node, error) {
	switch name {
	case "key":
		return func(r *tailrace.Record) (any, error) { return wrap(r.KeySchema, r.Key), nil }, nil
	case "value":
		return func(r *tailrace.Record) (any, error) { return wrap(r.ValueSchema, r.Value), nil }, nil
	case "keySchema":
		return func(r *tailrace.Record) (any, error) { return schemaOrNil(r.KeySchema), nil }, nil
	case "valueSchema":
		return func(r *tailrace.Record) (any, error) { return schemaOrNil(r.ValueSchema), nil }, nil
	case "topic":
		return func(r *tailrace.Record) (any, error) { return r.Topic, nil }, nil
	case "header":
		return func(r *tailrace.Record) (any, error) { return headers(r.Headers), nil }, nil
	}
	return nil, fmt.Errorf("names %s, which is none of key, value, keySchema, valueSchema, topic and header", name)
}

func (c compiler) unary(n *ast.UnaryNode) (node, error) {
	of, err := c.node(n.Node)
	if err != nil {
		return nil, err
	}
	switch n.Operator {
	case "!", "not":
		return func(r *tailrace.Record) (any, error) {
			v, err := of(r)
			return !c.truth(v), err
		}, nil
	case "-", "+":
		return func(r *tailrace.Record) (any, error) {
			v, err := of(r)
			if err != nil || n.Operator == "+" && isNumber(v) {
				return v, err
			}
			return arithmetic("-", integer{0, tailrace.TypeInt32}, v)
		}, nil
	}
	return nil, fmt.Errorf("has the operator %s, which cannot be run here", n.Operator)
}

func (c compiler) binary(n *ast.BinaryNode) (node, error) {
	left, err := c.node(n.Left)
	if err != nil {
		return nil, err
	}
	right, err := c.node(n.Right)
	if err != nil {
		return nil, err
	}
	if n.Operator == "&&" || n.Operator == "||" {
		return c.logic(n.Operator == "||", left, right), nil
	}
	apply, err := c.operator(n)
	if err != nil {
		return nil, err
	}
	return func(r *tailrace.Record) (any, error) {
		a, err := left(r)
		if err != nil {
			return nil, err
		}
		b, err := right(r)
		if err != nil {
			return nil, err
		}
		return apply(a, b)
	}, nil
}

// logic is && and ||: a boolean in Groovy, the operand that decides in JavaScript.
func (c compiler) logic(or bool, left, right node) node {
	return func(r *tailrace.Record) (any, error) {
		a, err := left(r)
		if err != nil {
			return nil, err
		}
		if c.truth(a) != or {
			if a, err = right(r); err != nil {
				return nil, err
			}
		}
		if c.language == JavaScript {
			return a, nil
		}
		return c.truth(a), nil
	}
}

func (c compiler) operator(n *ast.BinaryNode) (func(a, b any) (any, error), error) {
	switch n.Operator {
	case "==":
		return func(a, b any) (any, error) { return c.equal(a, b), nil }, nil
	case "!=":
		return func(a, b any) (any, error) { return !c.equal(a, b), nil }, nil
	case "<", ">", "<=", ">=":
		return func(a, b any) (any, error) { return c.ordered(n.Operator, a, b) }, nil
	case "+", "-", "*", "/", "%":
		return func(a, b any) (any, error) {
			if _, ok := a.(string); ok && n.Operator == "+" {
				return concat(a, b)
			}
			if _, ok := b.(string); ok && n.Operator == "+" {
				return concat(a, b)
			}
			return arithmetic(n.Operator, a, b)
		}, nil
	case "in":
		if c.language == JavaScript {
			return nil, errors.New("has the operator in, which in JavaScript asks for a member; use includes")
		}
		return isIn, nil
	case "??":
		return func(a, b any) (any, error) {
			if a == nil {
				return b, nil
			}
			return a, nil
		}, nil
	case "matches", "contains":
		return c.matching(n)
	}
	return nil, fmt.Errorf("has the operator %s, which cannot be run here", n.Operator)
}

// matching is ==~, of the whole text, and =~, which finds a part.
func (c compiler) matching(n *ast.BinaryNode) (func(a, b any) (any, error), error) {
	literal, ok := n.Right.(*ast.StringNode)
	if !ok {
		return nil, errors.New("has a regular expression that is no literal, which cannot be run here")
	}
	re, err := javaPattern(literal.Value, n.Operator == "matches")
	if err != nil {
		return nil, err
	}
	return func(a, _ any) (any, error) {
		text, ok := a.(string)
		if !ok {
			return nil, fmt.Errorf("a regular expression matches text and not %s", typeName(a))
		}
		if n.Operator == "contains" {
			return found(re.MatchString(text)), nil
		}
		return re.MatchString(text), nil
	}, nil
}

// found is Groovy's Matcher: true where something was found, and no boolean.
type found bool

func (c compiler) conditional(n *ast.ConditionalNode) (node, error) {
	parts, err := c.nodes([]ast.Node{n.Cond, n.Exp1, n.Exp2})
	if err != nil {
		return nil, err
	}
	if n.Cond == n.Exp1 { // a ?: b
		return func(r *tailrace.Record) (any, error) {
			v, err := parts[0](r)
			if err != nil || c.truth(v) {
				return v, err
			}
			return parts[2](r)
		}, nil
	}
	return func(r *tailrace.Record) (any, error) {
		v, err := parts[0](r)
		switch {
		case err != nil:
			return nil, err
		case c.truth(v):
			return parts[1](r)
		}
		return parts[2](r)
	}, nil
}

func (c compiler) chain(n *ast.ChainNode) (node, error) {
	of, err := c.node(n.Node)
	if err != nil || c.language == Groovy {
		return of, err
	}
	return func(r *tailrace.Record) (any, error) {
		v, err := of(r)
		if err == errChain {
			return nil, nil
		}
		return v, err
	}, nil
}

// onNull is what a member of null is.
func (c compiler) onNull(optional bool, member string) (any, error) {
	switch {
	case optional && c.language == JavaScript:
		return nil, errChain
	case optional:
		return nil, nil
	}
	return nil, fmt.Errorf("null has no %s; use ?. where it may be null", member)
}

func (c compiler) member(n *ast.MemberNode) (node, error) {
	of, err := c.node(n.Node)
	if err != nil {
		return nil, err
	}
	property, err := c.node(n.Property)
	if err != nil {
		return nil, err
	}
	return func(r *tailrace.Record) (any, error) {
		v, err := of(r)
		if err != nil {
			return nil, err
		}
		name, err := property(r)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return c.onNull(n.Optional, fmt.Sprint(name))
		}
		return c.get(v, name)
	}, nil
}

func (c compiler) call(n *ast.CallNode) (node, error) {
	if f, ok := n.Callee.(*ast.IdentifierNode); ok {
		return literalOf(f.Value, n.Arguments)
	}
	callee, ok := n.Callee.(*ast.MemberNode)
	if !ok {
		return nil, errors.New("calls what is no method, which cannot be run here")
	}
	name, ok := callee.Property.(*ast.StringNode)
	if !ok {
		return nil, errors.New("calls what is no method, which cannot be run here")
	}
	if !knownMethod(name.Value, len(n.Arguments)) {
		return nil, fmt.Errorf("calls the method %s with %d arguments, which cannot be run here", name.Value, len(n.Arguments))
	}
	of, err := c.node(callee.Node)
	if err != nil {
		return nil, err
	}
	if name.Value == "matches" {
		literal, ok := n.Arguments[0].(*ast.StringNode)
		if !ok {
			return nil, errors.New("has a regular expression that is no literal, which cannot be run here")
		}
		return c.binary(&ast.BinaryNode{Operator: "matches", Left: callee.Node, Right: literal})
	}
	args, err := c.nodes(n.Arguments)
	if err != nil {
		return nil, err
	}
	return func(r *tailrace.Record) (any, error) {
		v, err := of(r)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return c.onNull(callee.Optional, name.Value)
		}
		vs := make([]any, len(args))
		for i, a := range args {
			if vs[i], err = a(r); err != nil {
				return nil, err
			}
		}
		return c.invoke(v, name.Value, vs)
	}, nil
}

// literalOf gives the number that the translator wrote as a call.
func literalOf(name string, args []ast.Node) (node, error) {
	text := ""
	if len(args) == 1 {
		if s, ok := args[0].(*ast.StringNode); ok {
			text = s.Value
		}
	}
	switch name {
	case doubleFunc:
		f, err := strconv.ParseFloat(text, 64)
		return constant(f), err
	case longFunc:
		i, err := strconv.ParseInt(text, 10, 64)
		return constant(integer{i, tailrace.TypeInt64}), err
	case decimalFunc:
		d, ok := parseDecimal(text)
		if !ok {
			return nil, fmt.Errorf("has the number %s, which cannot be read here", text)
		}
		return constant(d), nil
	}
	return nil, fmt.Errorf("calls the function %s, which cannot be run here", name)
}

func parseDecimal(text string) (decimal, bool) {
	rat, ok := new(big.Rat).SetString(text)
	return decimal{rat: rat, text: text}, ok && len(text) < 1000 && !strings.ContainsAny(text, "eE")
}
