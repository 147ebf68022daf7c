package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lossproof/internal/report"
	"lossproof/judge"
)

// resultFile is the file of --json. From the start of the run on it holds a result that
// says that it is not complete, and that stays if lossproof is killed; the result of the
// run replaces it at once.
type resultFile struct {
	// name is the file itself, links resolved; empty without a file.
	name string
	// pipe is set instead where the file is none that can be replaced, such as /dev/null.
	pipe *os.File
}

// beginResult makes the result file before the run, which would be lost without it.
func beginResult(name string, unfinished *judge.Result) (*resultFile, error) {
	if name == "" || name == "-" {
		return &resultFile{}, nil
	}
	f, err := makeResult(name, unfinished)
	if err != nil {
		return nil, fmt.Errorf("--json: %w", err)
	}
	return f, nil
}

func makeResult(name string, unfinished *judge.Result) (*resultFile, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory, want a file", name)
	case !info.Mode().IsRegular():
		pipe, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &resultFile{pipe: pipe}, err
	default:
		if name, err = filepath.EvalSymlinks(name); err != nil {
			return nil, err
		}
	}
	f := &resultFile{name: name}
	return f, f.replace(unfinished)
}

// write writes the result of the run.
func (f *resultFile) write(result *judge.Result) error {
	switch {
	case f.pipe != nil:
		return errors.Join(report.JSON(f.pipe, result), f.pipe.Close())
	case f.name != "":
		return f.replace(result)
	}
	return nil
}

// replace replaces the file in one step: who reads it finds a whole result.
func (f *resultFile) replace(result *judge.Result) error {
	partial := f.name + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return err
	}
	if err := errors.Join(report.JSON(file, result), file.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Rename(partial, f.name)
}
