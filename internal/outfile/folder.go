package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Folder writes the files of root into dir, a folder that is empty, or that it makes. Where it
// fails, it leaves what it found. place says where a file goes in dir.
func Folder(dir string, root fs.FS, place func(name string) string) (err error) {
	if dir == "" { // as a variable that is not set
		return errors.New("got an empty name, want a new or an empty folder")
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("%s: want a new or an empty folder: %w", dir, err)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty (it has %s): want a new or an empty folder", dir, entries[0].Name())
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, name := range slices.Backward(made) {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(place(name)))
		folders, err := makeFolders(filepath.Dir(target))
		made = append(made, folders...)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		made = append(made, target)
		_, err = file.Write(data)
		return errors.Join(err, file.Close())
	})
}

// makeFolders makes a folder and those above it, and returns those that it made.
func makeFolders(dir string) ([]string, error) {
	err := os.Mkdir(dir, 0o777)
	if err == nil {
		return []string{dir}, nil
	}
	if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
		return nil, nil
	}
	if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
		made, err := makeFolders(parent)
		if err == nil {
			if err = os.Mkdir(dir, 0o777); err == nil {
				made = append(made, dir)
			}
		}
		return made, err
	}
	return nil, err
}
