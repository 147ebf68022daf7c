// Package plain makes text that others wrote harmless and short before lossproof shows it: what
// a port calls itself, what it says, what stands in its log. Such text can clear a terminal, hide
// what follows, forge a verdict on a line of its own, or command the log of a CI system.
package plain

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name bounds a name, Message what is said, in bytes.
const (
	Name    = 200
	Message = 4 << 10
)

// sequence is what a terminal takes for a color or a movement, which is left out: programs color
// their messages.
var sequence = regexp.MustCompile("\x1b\\[[0-9;:?]*[ -/]*[@-~]")

// Text returns a text of at most limit bytes, in its lines, that does nothing but be read, in
// memory of its own. What is cut off is counted.
func Text(text string, limit int) string {
	size := len(text)
	if size > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	text = sequence.ReplaceAllString(text, "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(visible, text)
	if strings.Contains(text, "::") || strings.Contains(text, "##[") {
		text = command.ReplaceAllString(text, "$1: :")
		text = strings.ReplaceAll(text, "##[", "# #[")
	}
	if size > limit {
		return fmt.Sprintf("%s… (%d bytes)", text, size)
	}
	return strings.Clone(text)
}

// Line is Text on one line.
func Line(text string, limit int) string {
	return strings.Join(strings.Fields(Text(text, limit)), " ")
}

// command is what GitHub takes for a command of its own where it begins a line.
var command = regexp.MustCompile(`(?m)^([\s\p{Z}]*)::`)

// visible replaces what cannot be seen, and acts: control characters, those that change the
// direction of the text or have no width, separators of lines.
func visible(r rune) rune {
	switch {
	case r == '\n', r == '\t', r == '\u200c', r == '\u200d': // the joiners belong to words
		return r
	case r == '\r': // as a progress bar moves to the start of its line
		return '\n'
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp), r == utf8.RuneError:
		return utf8.RuneError
	}
	return r
}

// All makes plain every string below a pointer: of a document that others may have written.
func All(pointer any) { all(reflect.ValueOf(pointer)) }

func all(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			all(v.Elem())
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			all(field)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			name, value := reflect.New(key.Type()).Elem(), reflect.New(v.Type().Elem()).Elem()
			name.Set(key)
			value.Set(v.MapIndex(key))
			all(name)
			all(value)
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(name, value)
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(Text(v.String(), Message))
		}
	}
}
