package main

import (
	"bufio"
	"fmt"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/internal/prose"
	"lossproof/internal/snippets"
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
	fmt.Fprintf(w, "%s%s. Found by lossproof %s (fixtures %s), which compares with PyTorch %s and with the exact result.\n",
		strings.TrimSpace(port.Name+" "+port.Version), language, version.Tool, set.Version(), set.TorchVersion())
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
	if text := snippets.Fill(description.Snippets[call.Module], call); text != "" {
		fmt.Fprintf(w, "\nThe call, by the library itself:\n\n```%s\n%s\n```\n", port.Language, text)
	}
	fmt.Fprintf(w, "\nThe same call in PyTorch:\n\n```python\n")
	torchSnippet(w, []ports.Call{call}, nil)
	fmt.Fprintf(w, "```\n\n## What is right\n\n")
	if cause.Right != "" {
		fmt.Fprintf(w, "    %s\n\n", cause.Right)
	}
	rule, broken := check.Rule, cause.Rule
	if cause.Kind == judge.Delimited && cause.Right != "" { // numbers are wrong: what the case is about is another matter
		broken = ports.ModuleOf(check.Module).Prefix + "-FORMULA"
	}
	if r, err := set.Rule(broken); err == nil {
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

// writeSnippets writes programs of the port's own language that make calls.
func writeSnippets(w *bufio.Writer, description ports.Description, calls []ports.Call) error {
	for i, call := range calls {
		snippet := description.Snippets[call.Module]
		if snippet == "" {
			return fmt.Errorf("--snippet: %s gives no snippet for %s (docs/protocol.md)", description.Port.Name, call.Module)
		}
		text := snippets.Fill(snippet, call)
		if text == "" {
			return fmt.Errorf("--snippet: an input of the call has more than %d elements, want one that can be written down", snippets.MaxLiteral)
		}
		if len(calls) > 1 {
			fmt.Fprintf(w, "# call %d\n", i+1)
		}
		fmt.Fprintln(w, text)
	}
	return nil
}

// exactValues writes the exact elements of an output of a small call, "" where there are none.
func exactValues(call ports.Call, output string) string {
	call.Want = []string{output}
	all, err := definition.Of(call.Module).Exact(call)
	exact, ok := all[output]
	if err != nil || !ok || exact.Len() == 0 || exact.Len() > snippets.MaxLiteral/8 {
		return ""
	}
	numbers := make([]string, exact.Len())
	for i := range numbers {
		high, _ := exact.Pair(i)
		numbers[i] = tensor.FormatNumber(high, tensor.Float64)
	}
	return strings.Join(numbers, ", ")
}
