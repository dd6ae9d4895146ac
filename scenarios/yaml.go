package scenarios

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxBytes is the most that a scenario file may have.
const MaxBytes = 1 << 20

// The YAML library's time grows with the square of a line's length and of the
// number of tokens: within these limits it stays at a second or two. A scenario
// with all the phases that are allowed has some 20,000 tokens.
const (
	maxLine   = 1 << 16
	maxTokens = 100_000
)

// maxNesting is the depth of lists and mappings in each other. A scenario needs
// five; the limit keeps the YAML parser's recursion shallow.
const maxNesting = 16

// A node is a value of the file and where it stands. It is the YAML tree cut
// down to what a scenario may have, so that overrides can be grafted into it.
type node struct {
	kind   kind
	text   string // of a scalar
	quoted bool   // a scalar in quotes is text, never a number
	// at is the value's own place, and that of its key for a list or a
	// mapping that begins below its key.
	at      position
	path    string // load.phases[0].rate
	label   string // the last part of path: rate
	members []member
	items   []*node
}

type kind string

const (
	scalar   kind = "a single value"
	mapping  kind = "a mapping of keys to values"
	sequence kind = "a list"
	null     kind = "nothing"
)

// A position is a place in a file, or a flag, whose line is 0.
type position struct {
	file         string
	line, column int
}

// A member is one key of a mapping. A file may have a key twice, which is a
// problem to report, not to resolve.
type member struct {
	key   string
	at    position
	value *node
}

// get returns the first value of a key, or nil.
func (n *node) get(key string) *node {
	if n != nil {
		for _, m := range n.members {
			if m.key == key {
				return m.value
			}
		}
	}
	return nil
}

// A source reads the YAML of one file or of one override.
type source struct {
	file     string
	flag     bool   // positions inside a flag's value say nothing to its user
	what     string // the file is, for messages; a scenario if empty
	problems Errors
}

func (s *source) noun() string { return cmp.Or(s.what, "scenario") }

// foreign says that something is YAML, and still has no place in the file.
func (s *source) foreign(what string) string {
	return what + " not part of the " + s.noun() + " format"
}

func (s *source) position(line, column int) position {
	if s.flag {
		return position{file: s.file}
	}
	return position{s.file, max(line, 1), max(column, 1)}
}

func (s *source) report(at position, path, message, hint string) {
	s.problems = append(s.problems, complain(message, hint).at(at, path))
}

// read turns the YAML into a tree whose root has the given path and label. The
// root is nil when there is none to be had; the problems then say why.
func (s *source) read(data []byte, path, label string) *node {
	if len(data) > MaxBytes {
		s.report(s.position(1, 1), "", fmt.Sprintf("the file has more than %d bytes", MaxBytes),
			"a "+s.noun()+" has a few dozen lines; is this the right file?")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !s.plainText(data) {
		return nil
	}
	s.secrets(data)

	tokens := lexer.Tokenize(string(data))
	if !s.plainYAML(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		s.syntax(err)
		return nil
	}
	at := s.position(1, 1)
	for _, doc := range file.Docs {
		if doc.Body != nil {
			return s.convert(doc.Body, path, label, at, false, 0)
		}
	}
	return &node{kind: null, at: at, path: path, label: label}
}

// plainText refuses what is not text, or too long a line of it.
func (s *source) plainText(data []byte) bool {
	line, column := 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			s.report(s.position(line, column), "", "not UTF-8 text", "save the file as UTF-8")
			return false
		}
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			s.report(s.position(line, column), "", fmt.Sprintf("control character %U", r), "remove it")
			return false
		}
		if column++; column > maxLine {
			s.report(s.position(line, 1), "", fmt.Sprintf("a line of more than %d characters", maxLine), "is this the right file?")
			return false
		}
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return true
}

// secrets refuses secret keys wherever they are, comments included: a run keeps
// its scenario word for word.
func (s *source) secrets(data []byte) {
	for _, found := range secretKey.FindAllIndex(data, -1) {
		before := data[:found[0]]
		start := bytes.LastIndexByte(before, '\n') + 1
		at := s.position(bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(before[start:])+1)
		s.report(at, "", "a secret key is written here, and a "+s.noun()+" must never hold one",
			"move it into an environment variable (key: env:NAME) or a file of mode 0600 (key: file:PATH); if others have seen it, it is not secret any more")
	}
}

// plainYAML refuses the parts of YAML that a scenario has no use for, and depth
// that would cost the parser its stack.
func (s *source) plainYAML(tokens token.Tokens) bool {
	before := len(s.problems)
	refuse := func(tk *token.Token, message, hint string) {
		s.report(s.position(tk.Position.Line, tk.Position.Column), "", message, hint)
	}
	if len(tokens) > maxTokens {
		refuse(tokens[maxTokens], fmt.Sprintf("more than %d values and signs", maxTokens), "is this the right file?")
		return false
	}
	content, depth, dashes := false, 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.CommentType:
			continue
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			refuse(tk, s.foreign("anchors, aliases and merge keys are"),
				"write the value out in each place; put text that begins with & or * in quotes")
		case token.TagType:
			refuse(tk, s.foreign("tags are"), "leave it out; put text that begins with ! in quotes")
		case token.DirectiveType:
			refuse(tk, s.foreign("directives are"), "leave it out; put text that begins with % in quotes")
			return false
		case token.MappingKeyType:
			refuse(tk, s.foreign(`keys marked with "?" are`), "write key: value")
		case token.DocumentHeaderType, token.DocumentEndType:
			if content || tk.Type == token.DocumentEndType {
				refuse(tk, "a "+s.noun()+" file has one document", "put each "+s.noun()+" in a file of its own")
				return false
			}
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth = max(depth-1, 0)
		}
		content = true
		if tk.Type == token.SequenceEntryType {
			dashes++
		} else {
			dashes = 0
		}
		if depth > maxNesting || dashes > maxNesting {
			refuse(tk, fmt.Sprintf("lists and mappings are nested more than %d deep", maxNesting), "is this the right file?")
			return false
		}
	}
	return len(s.problems) == before
}

// syntax reports what the YAML parser refused.
func (s *source) syntax(err error) {
	message, at := err.Error(), s.position(1, 1)
	if e, ok := errors.AsType[yaml.Error](err); ok {
		message = e.GetMessage()
		if tk := e.GetToken(); tk != nil && tk.Position != nil {
			at = s.position(tk.Position.Line, tk.Position.Column)
		}
	}
	hint := "check the indentation, the brackets and the quotes of this line and of the one above it"
	if s.flag {
		hint = "check the value's brackets and quotes, and put the whole argument in single quotes"
	}
	switch {
	case strings.Contains(message, "\t"):
		message, hint = "a tab in the indentation", "indent with spaces"
	case strings.Contains(message, "mapping value is not allowed"):
		hint = `put text that has ": " in it in quotes`
	case strings.Contains(message, "reserved character"):
		hint = "put the text in quotes"
	}
	s.report(at, "", "not valid YAML: "+message, hint)
}

// convert turns a value of the parsed file into a node. keyed says that at is
// the place of the value's key.
func (s *source) convert(v ast.Node, path, label string, at position, keyed bool, depth int) *node {
	n := &node{kind: scalar, at: at, path: path, label: label}
	if tk := v.GetToken(); tk != nil && tk.Position != nil && !(keyed && tk.Type == token.ImplicitNullType) {
		n.at = s.position(tk.Position.Line, tk.Position.Column)
	}
	if depth > maxNesting {
		s.report(n.at, path, fmt.Sprintf("lists and mappings are nested more than %d deep", maxNesting), "is this the right file?")
		return n
	}
	switch v := v.(type) {
	case *ast.MappingNode:
		if text, ok := plainScalar(v); ok {
			n.text = text
			n.at = s.position(firstKey(v).Position.Line, firstKey(v).Position.Column)
			break
		}
		n.kind = mapping
		if !v.IsFlowStyle {
			n.at = at
			if tk := firstKey(v); !keyed && tk != nil {
				n.at = s.position(tk.Position.Line, tk.Position.Column)
			}
		}
		for _, pair := range v.Values {
			s.member(n, pair, depth)
		}
	case *ast.SequenceNode:
		n.kind = sequence
		if keyed && !v.IsFlowStyle {
			n.at = at
		}
		for i, item := range v.Values {
			index := "[" + strconv.Itoa(i) + "]"
			n.items = append(n.items, s.convert(item, path+index, label+index, n.at, false, depth+1))
		}
	case *ast.NullNode:
		n.kind = null
	case *ast.LiteralNode:
		n.text, n.quoted = v.Value.Value, true
	case ast.ScalarNode:
		tk := v.GetToken()
		n.text = tk.Value
		n.quoted = tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
	default:
		s.report(n.at, path, s.foreign("YAML that is"), "write plain values, lists and mappings")
	}
	return n
}

// plainScalar returns the text of what is no mapping: a colon without a space
// after it is a part of a word (YAML 1.2, 7.3.3), and the parser takes one for a
// mapping in a list within braces, as in {keys: [env:KEY]}.
func plainScalar(m *ast.MappingNode) (text string, ok bool) {
	if len(m.Values) != 1 || m.Start != nil && m.Start.Type == token.MappingStartType {
		return "", false
	}
	key, value := m.Values[0].Key.GetToken(), m.Values[0].Value.GetToken()
	if key == nil || value == nil || key.Type != token.StringType || value.Type != token.StringType ||
		value.Position.Line != key.Position.Line || value.Position.Column != key.Position.Column+utf8.RuneCountInString(key.Value)+1 {
		return "", false
	}
	return key.Value + ":" + value.Value, true
}

func firstKey(m *ast.MappingNode) *token.Token {
	if len(m.Values) == 0 {
		return nil
	}
	return m.Values[0].Key.GetToken()
}

func (s *source) member(n *node, pair *ast.MappingValueNode, depth int) {
	tk := pair.Key.GetToken()
	at := s.position(tk.Position.Line, tk.Position.Column)
	if _, ok := pair.Key.(ast.ScalarNode); !ok {
		s.report(at, n.path, "a key must be a single word", "write key: value")
		return
	}
	label := plainKey(tk.Value)
	value := s.convert(pair.Value, join(n.path, label), label, at, true, depth+1)
	n.members = append(n.members, member{tk.Value, at, value})
}

// plainKey is a key as it is shown in a path.
func plainKey(key string) string {
	for _, r := range key {
		if r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || len(key) > 40 {
			return show(key)
		}
	}
	return key
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
