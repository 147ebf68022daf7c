package main

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/internal/prose"
	"lossproof/internal/version"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

// writeIssue writes a report of a failure for those who maintain the library behind a port, in Markdown: a
// title, the versions, a call that shows it, what it gave and what is right, and why. result is that of the
// check, one has its diagnosis.
func writeIssue(w *bufio.Writer, set *fixtures.Set, description ports.Description, check *judge.Check, result judge.CheckResult, one *judge.Result, calls []ports.Call) error {
	port := description.Port
	title, cause := check.Rule.Statement, judge.Cause{}
	if len(one.Causes) > 0 {
		cause = one.Causes[0]
		title = prose.CauseSentence(cause)
	}
	fmt.Fprintf(w, "# %s: %s\n\n", check.Module, strings.TrimSuffix(title, "."))
	language := strings.TrimSpace(port.Language + " " + port.LanguageVersion)
	if language != "" {
		language = ", " + language
	}
	fmt.Fprintf(w, "%s %s%s. Found by lossproof %s (fixtures %s), which compares with PyTorch %s and with the exact result.\n",
		port.Name, port.Version, language, version.Tool, set.Version(), set.TorchVersion())
	call := calls[len(calls)-1]
	if r := cause.Reproduction; r != nil {
		request, err := wire.DecodeRequest(r.Request)
		if err != nil {
			return err
		}
		call = request.Call
		fmt.Fprintf(w, "\n## What happens\n\n`%s` of\n\n    %s\n\nis `%s`, and should be `%s`.\n", r.Output, r.Call, r.Got, r.Want)
		if exact := exactValues(call, r.Output); exact != "" {
			fmt.Fprintf(w, "The exact value is %s.\n", exact)
		}
	} else {
		fmt.Fprintf(w, "\n## What happens\n\n```\n%s\n```\n", prose.Failure(result, "lossproof show "+check.ID))
	}
	if text := filledIn(description.Snippets[call.Module], call); text != "" {
		fmt.Fprintf(w, "\nThe call, by the library itself:\n\n```%s\n%s\n```\n", port.Language, text)
	}
	fmt.Fprintf(w, "\nThe same call in PyTorch:\n\n```python\n")
	torchSnippet(w, []ports.Call{call}, nil)
	fmt.Fprintf(w, "```\n\n## What is right\n\n")
	if cause.Right != "" {
		fmt.Fprintf(w, "    %s\n\n", cause.Right)
	}
	rule := check.Rule
	if r, err := set.Rule(cause.Rule); err == nil {
		rule = *r
	}
	fmt.Fprintf(w, "%s\n", rule.Statement)
	if rule.Basis.Text != "" {
		fmt.Fprintf(w, "Basis (%s): %s\n", rule.Basis.Kind, rule.Basis.Text)
	}
	if rule.Basis.Link != "" {
		fmt.Fprintf(w, "%s\n", rule.Basis.Link)
	}
	if cause.Why != "" {
		fmt.Fprintf(w, "\n## Why it may be so\n\n%s\n", cause.Why)
		for _, link := range cause.Met {
			fmt.Fprintf(w, "- %s: %s\n", link.URL, link.Title)
		}
	}
	line, err := wire.EncodeRun(1, call)
	if err != nil {
		return err
	}
	if len(line) <= maxRequest {
		fmt.Fprintf(w, "\n## Again\n\nThe call as a request of lossproof's protocol:\n\n```json\n%s\n```\n", line)
	}
	return nil
}

// placeholder is a word in braces of a snippet.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// filledIn is a snippet with the numbers of a call: {input} and the other inputs are lists of numbers, {reduction} and
// the other options their values. A line that asks for what the call lacks is left out.
func filledIn(snippet string, call ports.Call) string {
	values := map[string]string{}
	for name, t := range call.Inputs {
		if t.Len() > maxLiteral {
			return ""
		}
		values[name], values[name+"_dtype"] = "[]", string(t.DType)
		if t.Len() > 0 {
			values[name] = nested(t, 0, t.Shape)
		}
	}
	o := call.Options
	if o.Reduction != nil {
		values["reduction"] = *o.Reduction
	}
	if o.IgnoreIndex != nil {
		values["ignore_index"] = strconv.FormatInt(*o.IgnoreIndex, 10)
	}
	if o.LabelSmoothing != nil {
		values["label_smoothing"] = strconv.FormatFloat(*o.LabelSmoothing, 'g', -1, 64)
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimRight(snippet, "\n"), "\n") {
		lacks := false
		line = placeholder.ReplaceAllStringFunc(line, func(word string) string {
			value, ok := values[strings.Trim(word, "{}")]
			lacks = lacks || !ok
			return value
		})
		if !lacks {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// exactValues writes the exact elements of an output of a small call, "" where there are none.
func exactValues(call ports.Call, output string) string {
	call.Want = []string{output}
	all, err := definition.Of(call.Module).Exact(call)
	exact, ok := all[output]
	if err != nil || !ok || exact.Len() == 0 || exact.Len() > maxLiteral/8 {
		return ""
	}
	numbers := make([]string, exact.Len())
	for i := range numbers {
		high, _ := exact.Pair(i)
		numbers[i] = tensor.FormatNumber(high, tensor.Float64)
	}
	return strings.Join(numbers, ", ")
}
