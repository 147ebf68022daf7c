package report

import (
	"encoding/json"
	"io"

	"lossproof/judge"
)

// JSON writes a result as one JSON object, indented.
func JSON(w io.Writer, result *judge.Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(result)
}
