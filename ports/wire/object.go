package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"lossproof/internal/plain"
)

// object is a JSON object whose members are not decoded yet. Go's own decoding into
// structs is too lenient for a protocol: it ignores the case of names and takes null
// for anything. The members are parts of the line, not copies: a line can be long.
type object map[string]json.RawMessage

// maxMembers is the greatest number of members of an object and of elements of an array.
// The protocol needs far fewer; each costs many times its bytes on the line.
const maxMembers = 1000

// decodeObject decodes the object that is called name in errors. raw is valid JSON.
func decodeObject(raw []byte, name string) (object, error) {
	if kind := kindOf(raw); kind != "an object" {
		return nil, fmt.Errorf("%s: got %s, want an object", name, kind)
	}
	parts, err := split(raw, name)
	if err != nil {
		return nil, err
	}
	o := make(object, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		member, err := str(parts[i], name)
		if err != nil {
			return nil, err
		}
		member = plain.Line(member, plain.Name) // errors have it
		if _, again := o[member]; again {
			return nil, fmt.Errorf("%s: member %q stands twice", name, member)
		}
		o[member] = parts[i+1]
	}
	return o, nil
}

// decodeLine decodes one message.
func decodeLine(line []byte) (object, error) {
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
	return decodeObject(line, "the message")
}

// str decodes a string.
func str(raw json.RawMessage, name string) (string, error) {
	if kind := kindOf(raw); kind != "a string" {
		return "", fmt.Errorf("%s: got %s, want a string", name, kind)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// message decodes a text for people, which may be absent.
func (o object) message(member, name string) (string, error) {
	raw, ok := o[member]
	if !ok {
		return "", nil
	}
	text, err := str(raw, name+"."+member)
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
func integer(raw json.RawMessage, name string, limit int64) (int64, error) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 || n > limit {
		return 0, fmt.Errorf("%s: got %s, want an integer from 0 to %d", name, value(raw), limit)
	}
	return n, nil
}

// list decodes an array whose elements are not decoded yet. raw is valid JSON.
func list(raw json.RawMessage, name string) ([]json.RawMessage, error) {
	if kind := kindOf(raw); kind != "an array" {
		return nil, fmt.Errorf("%s: got %s, want an array", name, kind)
	}
	return split(raw, name)
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

// strs decodes an array of strings.
func strs(raw json.RawMessage, name string) ([]string, error) {
	elements, err := list(raw, name)
	if err != nil {
		return nil, err
	}
	values := make([]string, len(elements))
	for i, element := range elements {
		if values[i], err = str(element, fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return nil, err
		}
	}
	return values, nil
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
