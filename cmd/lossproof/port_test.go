package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestPortOfADivergence: the port is the wrong one that was asked for, and there is no other.
func TestPortOfADivergence(t *testing.T) {
	call := func(args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		p := &program{stdin: strings.NewReader(`{"cmd":"hello","protocol":1}` + "\n"), stdout: &out, stderr: &errs}
		code = p.main(t.Context(), args)
		return code, out.String(), errs.String()
	}
	code, stdout, stderr := call("port", "--divergence", "class-sum")
	if code != 0 || !strings.Contains(stdout, `"name":"class-sum"`) || strings.Contains(stdout, "BCEWithLogitsLoss") {
		t.Errorf("code %d, answer %s %s", code, stdout, stderr)
	}
	code, stdout, stderr = call("port", "--divergence", "class-sun")
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, `--divergence: there is no "class-sun", did you mean "class-sum"?`) {
		t.Errorf("code %d, %s%s", code, stdout, stderr)
	}
	if code, stdout, _ = call("port"); code != 0 || !strings.Contains(stdout, `"name":"lossproof"`) {
		t.Errorf("without --divergence: code %d, answer %s", code, stdout)
	}
}
