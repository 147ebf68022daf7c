// Package outfile writes the files that a command makes, and nothing else: a file is replaced by
// a whole one or stays as it is, under its own name, with its mode, where its link points. What
// the command reads, and what something else made, is not overwritten.
package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Paths are the paths that a run was given. No two of them may be one file: the one would
// replace the other.
type Paths struct {
	// Streams are stdout and stderr of the run. A path that leads to one, such as /dev/stdout or
	// the file that it is redirected to, is written to through it.
	Streams []*os.File

	list []place
}

// place is where a path leads.
type place struct {
	flag, name string
	path       string      // without links
	info       fs.FileInfo // nil where there is nothing
}

// Input adds a path that is read. What is wrong with the file is for its reader to say.
func (p *Paths) Input(flag, name string) error {
	at, err := find(flag, name)
	if err != nil {
		return nil //nolint:nilerr // as said
	}
	if err := p.add(at); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// add returns an error for a place that was named before.
func (p *Paths) add(at place) error {
	if at.info != nil && at.info.Mode()&fs.ModeDevice != 0 { // such as /dev/null
		return nil
	}
	for _, other := range p.list {
		same := at.path == other.path || foldsCase && strings.EqualFold(at.path, other.path)
		if same || at.info != nil && other.info != nil && os.SameFile(at.info, other.info) {
			return fmt.Errorf("%s is the file of %s too, want another", at.name, other.flag)
		}
	}
	p.list = append(p.list, at)
	return nil
}

// foldsCase is set where file systems usually do not tell a from A.
const foldsCase = runtime.GOOS == "windows" || runtime.GOOS == "darwin"

// find follows a path.
func find(flag, name string) (place, error) {
	at := place{flag: flag, name: name, path: name}
	var err error
	if at.info, err = os.Stat(name); err == nil {
		if at.info.Mode().IsRegular() {
			at.path, err = filepath.EvalSymlinks(name)
		}
	} else if errors.Is(err, fs.ErrNotExist) {
		at.path, err = missing(name)
	}
	if err == nil {
		at.path, err = filepath.Abs(at.path)
	}
	return at, err
}

// missing returns where a file is made that is not there: a link may lead to nothing.
func missing(name string) (string, error) {
	if name == "" {
		return "", errors.New("got an empty name, want a file")
	}
	for range 40 {
		target, err := os.Readlink(name)
		if err != nil {
			dir, err := filepath.EvalSymlinks(filepath.Dir(name))
			if err != nil {
				err = fmt.Errorf("%s: its folder is not there: %w", name, err)
			}
			return filepath.Join(dir, filepath.Base(name)), err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(name), target)
		}
		name = target
	}
	return "", fmt.Errorf("%s: too many links", name)
}

// File is a file to be written.
type File struct {
	flag, path string
	mode       fs.FileMode // of the file that is replaced; 0 for a new one
	// stream is set where nothing is replaced: a pipe, a device, stdout, a file of many commands.
	stream io.WriteCloser
}

// Output adds a path that is to be written. made reports whether the file that is there may be
// one that this program wrote, by its beginning. What cannot be written is found now: the run
// would be lost.
func (p *Paths) Output(flag, name string, made func(begin []byte) bool) (*File, error) {
	f, err := p.output(flag, name, made)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return f, nil
}

func (p *Paths) output(flag, name string, made func(begin []byte) bool) (*File, error) {
	at, err := find(flag, name)
	if err != nil {
		return nil, err
	}
	f := &File{flag: flag, path: at.path}
	switch {
	case at.info == nil:
	case at.info.IsDir():
		return nil, fmt.Errorf("%s is a folder, want a file", name)
	case p.streamOf(at.info) != nil:
		f.stream = nopCloser{p.streamOf(at.info)}
		return f, p.add(at)
	case !at.info.Mode().IsRegular():
		// A pipe that nobody reads is an error, and no reason to wait.
		f.stream, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND|nonblock, 0)
		if err != nil {
			return nil, err
		}
		return f, p.add(at)
	default:
		f.mode = at.info.Mode().Perm()
	}
	if err := p.add(at); err != nil {
		return nil, err
	}
	if at.info != nil {
		if err := checkMade(at, made); err != nil {
			return nil, err
		}
	}
	beside, err := f.beside()
	if err != nil {
		return nil, err
	}
	return f, errors.Join(beside.Close(), os.Remove(beside.Name()))
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// streamOf returns the stream of the run that is the file; nil if none is.
func (p *Paths) streamOf(info fs.FileInfo) *os.File {
	for _, stream := range p.Streams {
		if own, err := stream.Stat(); err == nil && info.Mode()&fs.ModeDevice == 0 && os.SameFile(own, info) {
			return stream
		}
	}
	return nil
}

// Append adds a path whose file other commands write to as well, such as the summary of a CI job:
// what is put there stands behind what is there.
func (p *Paths) Append(flag, name string) (*File, error) {
	at, err := find(flag, name)
	if err == nil {
		err = p.add(at)
	}
	f := &File{flag: flag, path: at.path}
	if err == nil {
		f.stream, err = os.OpenFile(at.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return f, nil
}

// checkMade returns an error for a file that is not to be overwritten.
func checkMade(at place, made func(begin []byte) bool) error {
	file, err := os.OpenFile(at.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	begin := make([]byte, 200)
	n, err := io.ReadFull(file, begin)
	_ = file.Close() // it was only read
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case made != nil && !made(begin[:n]):
		return fmt.Errorf("%s has something that is not of this kind, and would be lost: remove it first, or name another file", at.name)
	}
	return nil
}

// beside makes a file in the folder of f, with a name that nobody else has.
func (f *File) beside() (*os.File, error) {
	for {
		name := filepath.Join(filepath.Dir(f.path), fmt.Sprintf(".lossproof-%016x.partial", rand.Uint64()))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// Draft writes what is to stand in the file until Put; nothing where that replaces nothing.
func (f *File) Draft(content []byte) error {
	if f.stream != nil {
		return nil
	}
	return f.Put(content)
}

// Put writes the content of the file.
func (f *File) Put(content []byte) error {
	if err := f.put(content); err != nil {
		return fmt.Errorf("%s: %w", f.flag, err)
	}
	return nil
}

// Open empties the file, for what is written bit by bit and wanted where the run is killed.
func (f *File) Open() (io.WriteCloser, error) {
	if f.stream != nil {
		return f.stream, nil
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.flag, err)
	}
	return file, nil
}

// Update is Put for a file that has been read: was is what stood there, nil where there was none. If it
// is another by now, it stays, and Update returns an error.
func (f *File) Update(was, content []byte) error {
	if err := f.update(was, content); err != nil {
		return fmt.Errorf("%s: %w", f.flag, err)
	}
	return nil
}

func (f *File) update(was, content []byte) error {
	if f.stream != nil {
		return fmt.Errorf("%s is no file that can be replaced", f.path)
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	is, err := os.ReadFile(f.path)
	if err != nil && (was != nil || !errors.Is(err, fs.ErrNotExist)) {
		return err
	}
	if !bytes.Equal(was, is) {
		return fmt.Errorf("%s was changed by another while this run went on, and is as that left it: run again", f.path)
	}
	return f.put(content)
}

// lockWait is how long another run may take to replace a file, which is no work.
const lockWait = 10 * time.Second

// lock keeps other runs from updating the file until unlock is called.
func (f *File) lock() (unlock func(), err error) {
	name := f.path + ".lock"
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return func() { _ = os.Remove(name) }, file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if time.Since(start) > lockWait {
			return nil, fmt.Errorf("%s is there: another run updates the file; if none does, remove it", name)
		}
	}
}

// overwrite writes the content into the file that is there. What is longer than the content is cut off last.
func (f *File) overwrite(content []byte) error {
	file, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Truncate(int64(len(content)))
	}
	return errors.Join(err, file.Close())
}

func (f *File) put(content []byte) error {
	if f.stream != nil {
		_, err := f.stream.Write(content)
		return errors.Join(err, f.stream.Close())
	}
	beside, err := f.beside()
	if err != nil {
		return err
	}
	_, err = beside.Write(content)
	if f.mode != 0 {
		err = errors.Join(err, beside.Chmod(f.mode))
	}
	if err = errors.Join(err, beside.Close()); err == nil {
		err = os.Rename(beside.Name(), f.path)
	}
	if errors.Is(err, syscall.EBUSY) { // as where the file is mounted by itself into a container: it can only be written to
		return errors.Join(f.overwrite(content), os.Remove(beside.Name()))
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside.Name()))
	}
	return nil
}
