package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"lossproof/internal/plain"
)

// object is a JSON object whose members are not decoded yet. Go's own decoding into
// structs is too lenient for a protocol: it ignores the case of names and takes null
// for anything. The members are parts of the line, not copies: a line can be long.
type object struct {
	// where and path begin what errors say of the object, and the names of its members.
	where, path string
	members     map[string]json.RawMessage
	// err is the first error of a member; behind it nothing is decoded.
	err error
}

// maxMembers is the greatest number of members of an object and of elements of an array.
// The protocol needs far fewer; each costs many times its bytes on the line.
const maxMembers = 1000

// decoder decodes a value that is called name in errors. raw is valid JSON.
type decoder[T any] func(raw json.RawMessage, name string) (T, error)

// decodeObject decodes an object.
func decodeObject(raw json.RawMessage, name string) (*object, error) {
	if kind := kindOf(raw); kind != "an object" {
		return nil, fmt.Errorf("%s: got %s, want an object", name, kind)
	}
	parts, err := split(raw, name)
	if err != nil {
		return nil, err
	}
	o := &object{where: name + ": ", path: name + ".", members: make(map[string]json.RawMessage, len(parts)/2)}
	for i := 0; i+1 < len(parts); i += 2 {
		member, err := str[string](parts[i], name)
		if err != nil {
			return nil, err
		}
		member = plain.Line(member, plain.Name) // errors have it
		if o.has(member) {
			return nil, fmt.Errorf("%s: member %q stands twice", name, member)
		}
		o.members[member] = parts[i+1]
	}
	return o, nil
}

// objectOf decodes an object by its members.
func objectOf[T any](members func(o *object) T) decoder[T] {
	return func(raw json.RawMessage, name string) (value T, err error) {
		o, err := decodeObject(raw, name)
		if err != nil {
			return value, err
		}
		value = members(o)
		return value, o.err
	}
}

// mapOf decodes an object whose members are alike.
func mapOf[T any](decode decoder[T]) decoder[map[string]T] {
	return func(raw json.RawMessage, name string) (map[string]T, error) {
		o, err := decodeObject(raw, name)
		if err != nil {
			return nil, err
		}
		values := make(map[string]T, len(o.members))
		for member := range o.members {
			values[member] = get(o, member, decode)
		}
		return values, o.err
	}
}

// get decodes a member; the zero value stands for one that is not there.
func get[T any](o *object, member string, decode decoder[T]) (value T) {
	if raw, ok := o.members[member]; ok && o.err == nil {
		value, o.err = decode(raw, o.path+member)
	}
	return value
}

func (o *object) has(member string) bool {
	_, ok := o.members[member]
	return ok
}

// fail sets err, unless there is one.
func (o *object) fail(format string, arguments ...any) {
	if o.err == nil {
		o.err = fmt.Errorf(format, arguments...)
	}
}

// need fails unless there are these members.
func (o *object) need(members ...string) {
	for _, member := range members {
		if !o.has(member) {
			o.fail("%smember %q is missing", o.where, member)
		}
	}
}

// decodeLine decodes one message.
func decodeLine(line []byte) (*object, error) {
	if len(line) > MaxLine {
		return nil, fmt.Errorf("the line has %d bytes, at most %d are allowed", len(line), MaxLine)
	}
	if !utf8.Valid(line) {
		return nil, fmt.Errorf("the line is not UTF-8: got %s, want an object", excerpt(line))
	}
	if !json.Valid(line) {
		var any json.RawMessage
		return nil, fmt.Errorf("the line is not JSON (%w): got %s, want an object", json.Unmarshal(line, &any), excerpt(line))
	}
	o, err := decodeObject(line, "the message")
	if err == nil {
		o.where, o.path = "", ""
	}
	return o, err
}

// str decodes a string.
func str[T ~string](raw json.RawMessage, name string) (T, error) {
	if kind := kindOf(raw); kind != "a string" {
		return "", fmt.Errorf("%s: got %s, want a string", name, kind)
	}
	var s T
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// message decodes a text for people.
func message(raw json.RawMessage, name string) (string, error) {
	text, err := str[string](raw, name)
	return plain.Text(text, plain.Message), err
}

// boolean decodes true or false.
func boolean(raw json.RawMessage, name string) (bool, error) {
	switch string(raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%s: got %s, want true or false", name, kindOf(raw))
}

// integer decodes an integer from 0 to limit, written without fraction or exponent.
func integer[T int | int64](limit T) decoder[T] {
	return func(raw json.RawMessage, name string) (T, error) {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < 0 || n > int64(limit) {
			return 0, fmt.Errorf("%s: got %s, want an integer from 0 to %d", name, value(raw), limit)
		}
		return T(n), nil
	}
}

// list decodes an array of at most most elements.
func list[T any](raw json.RawMessage, name string, most int, decode decoder[T]) ([]T, error) {
	if kind := kindOf(raw); kind != "an array" {
		return nil, fmt.Errorf("%s: got %s, want an array", name, kind)
	}
	elements, err := split(raw, name)
	if err == nil && len(elements) > most {
		err = fmt.Errorf("%s: got %d dimensions, want at most %d", name, len(elements), most)
	}
	if err != nil {
		return nil, err
	}
	values := make([]T, len(elements))
	for i, element := range elements {
		if values[i], err = decode(element, fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// strs decodes an array of strings.
func strs[T ~string](raw json.RawMessage, name string) ([]T, error) {
	return list(raw, name, math.MaxInt, str[T])
}

// split returns the parts of a JSON object (name, value, name, value, …) or array: what
// stands between its commas and colons. raw is valid JSON.
func split(raw []byte, name string) ([]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	var parts []json.RawMessage
	depth, start := 0, 1
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
			continue
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
			if depth > 0 {
				continue
			}
		case ',', ':':
			if depth > 1 {
				continue
			}
		default:
			continue
		}
		part := bytes.TrimSpace(raw[start:i])
		start = i + 1
		if len(part) > 0 { // not {} or []
			parts = append(parts, part)
		}
		if len(parts) > 2*maxMembers {
			return nil, fmt.Errorf("%s: it has more than %d members", name, maxMembers)
		}
	}
	return parts, nil
}

// kindOf names the kind of a JSON value for an error message.
func kindOf(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 'n':
		return "null"
	case 't', 'f':
		return string(raw)
	}
	return "the number " + strings.Trim(excerpt(raw), `"`) // it has no quotes of its own
}

// value names the kind of a JSON value, and a string with its text.
func value(raw []byte) string {
	var s string
	if kindOf(raw) == "a string" && json.Unmarshal(raw, &s) == nil {
		return "the string " + excerpt([]byte(s))
	}
	return kindOf(raw)
}

// excerpt quotes the beginning of what was found, so that a message stays short.
func excerpt(b []byte) string {
	const limit = 60
	if len(b) <= limit {
		return strconv.Quote(string(b))
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(b[cut]) {
		cut--
	}
	return fmt.Sprintf("%q… (%d bytes)", b[:cut], len(b))
}

// marshal encodes one message as a line without its line feed.
func marshal(message any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return nil, err
	}
	line := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	if len(line) > MaxLine {
		return nil, fmt.Errorf("the message takes %d bytes, a line may have %d", len(line), MaxLine)
	}
	return line, nil
}

// quoteList writes names as an error message lists them.
func quoteList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}
