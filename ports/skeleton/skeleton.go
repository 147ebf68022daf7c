// Package skeleton writes a port of lossproof to begin with, in one of several languages.
//
// A skeleton computes the four losses and the gradient of the input in the straightforward
// right way, and is conformant in what it claims. The folders beside this file are the
// skeletons as they are written.
package skeleton

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"lossproof/internal/outfile"
	"lossproof/internal/suggest"
)

// The files are named by their endings, since a pattern for a folder would embed what was built
// in it, and leave out what begins with a dot.
//
//go:embed javascript/.github/workflows/conformance.yml javascript/.gitignore javascript/README.md
//go:embed javascript/package.json javascript/*.mjs javascript/losses/*.mjs
//go:embed python/.github/workflows/conformance.yml python/.gitignore python/README.md
//go:embed python/pyproject.toml python/uv.lock python/*.py python/losses/*.py
//go:embed rust/.github/workflows/conformance.yml rust/.gitignore rust/README.md
//go:embed rust/Cargo.lock rust/*.toml rust/src/*.rs rust/src/losses/*.rs
var files embed.FS

// skeletons has the commands that build and check a skeleton, in its folder, by language.
var skeletons = map[string][]string{
	"javascript": {"lossproof run -- node port.mjs"},
	"python":     {"uv sync --locked", "lossproof run -- .venv/bin/python port.py"},
	"rust":       {"cargo build --release --locked", "lossproof run -- target/release/my-losses"},
}

// Languages returns the languages that there are skeletons in, sorted.
func Languages() []string {
	languages := make([]string, 0, len(skeletons))
	for language := range skeletons {
		languages = append(languages, language)
	}
	slices.Sort(languages)
	return languages
}

// withoutUV is what stands for the first step of the skeleton in Python where there is no uv.
var withoutUV = []string{"python3 -m venv .venv", ".venv/bin/python -m pip install ml-dtypes==0.5.4 numpy==2.4.6"}

// Steps returns the commands that build a skeleton and check it, to be run in its folder;
// nil for an unknown language. has reports whether a program is there.
func Steps(language string, has func(program string) bool) []string {
	steps := slices.Clone(skeletons[language])
	if language == "python" && !has("uv") {
		steps = append(slices.Clone(withoutUV), steps[1:]...)
	}
	return steps
}

// Write writes the skeleton in language to the folder dir, which it makes where there is
// none. The error says so where the language is unknown, where dir is no folder, and where
// it is not empty; then nothing is written.
func Write(language, dir string) error {
	if _, ok := skeletons[language]; !ok {
		languages := Languages()
		return fmt.Errorf("there is no skeleton in %q%s (there are %s)", language, suggest.Hint(language, languages), strings.Join(languages, ", "))
	}
	root, err := fs.Sub(files, language)
	if err != nil {
		return err
	}
	return outfile.Folder(dir, root, func(name string) string { return name })
}
