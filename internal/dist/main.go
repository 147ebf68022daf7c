// Command dist builds what a release has: static binaries for six platforms, the licences of what
// is in them, the archive of the fixtures, and SHA256SUMS. The same tree and the same Go make the same bytes,
// wherever it lies and whoever builds it.
//
//	go run ./internal/dist -o dist/release
//	go run ./internal/dist -o lossproof -platform linux/amd64    one binary alone
package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/version"
)

// platforms are GOOS/GOARCH of the binaries.
var platforms = []string{
	"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64",
}

func main() {
	out := flag.String("o", "dist/release", "the `folder` to write to; what dist wrote there before is replaced")
	platform := flag.String("platform", "", "build nothing but the binary of this `GOOS/GOARCH`, and -o is its file")
	notices := flag.String("licenses", "", "with -platform, the `file` for the licences of what is linked")
	flag.Parse()
	do := func() error { return build(*out) }
	if *platform != "" {
		do = func() error { return buildBinary(*out, *platform) }
		if *notices != "" {
			do = func() error { return errors.Join(buildBinary(*out, *platform), writeLicenses(*notices)) }
		}
	}
	if err := do(); err != nil {
		fmt.Fprintf(os.Stderr, "dist: %v\n", err)
		os.Exit(1)
	}
}

// build writes all files of a release.
func build(out string) error {
	if err := clear(out); err != nil {
		return err
	}
	var names []string
	for _, platform := range platforms {
		name := binaryName(platform)
		fmt.Println(name)
		if err := buildBinary(filepath.Join(out, name), platform); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		names = append(names, name)
	}
	name, err := archiveFixtures(out)
	if err != nil {
		return fmt.Errorf("the archive of the fixtures: %w", err)
	}
	names = append(names, name)
	name = fmt.Sprintf("lossproof-%s-licenses.txt", version.Tool)
	fmt.Println(name)
	if err := writeLicenses(filepath.Join(out, name)); err != nil {
		return fmt.Errorf("the licences: %w", err)
	}
	return writeSums(out, append(names, name))
}

const sums = "SHA256SUMS"

// clear makes the folder, and removes from it what a build before left.
func clear(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if name != sums && !strings.HasPrefix(name, "lossproof-") {
			return fmt.Errorf("%s has %s, which is not of a release: want a folder of its own", out, name)
		}
		if err := os.Remove(filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return nil
}

// binaryName is the file of the command for a platform.
func binaryName(platform string) string {
	goos, goarch, _ := strings.Cut(platform, "/")
	name := fmt.Sprintf("lossproof-%s-%s-%s", version.Tool, goos, goarch)
	if goos == "windows" {
		name += ".exe"
	}
	return name
}

// buildBinary builds the command for one platform.
func buildBinary(file, platform string) error {
	goos, goarch, _ := strings.Cut(platform, "/")
	// No path, no commit and no build id: nothing but the source and Go decide the bytes.
	cmd := exec.Command(goCommand(), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", file, "./cmd/lossproof")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// goCommand is the variable GO of make, or go.
func goCommand() string {
	if name := os.Getenv("GO"); name != "" {
		return name
	}
	return "go"
}

// archiveFixtures packs what "lossproof fixtures extract" writes, in a folder.
func archiveFixtures(out string) (name string, err error) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		return "", err
	}
	folder := "lossproof-fixtures-" + set.Version()
	temporary, err := os.MkdirTemp("", "lossproof-dist-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	tree := filepath.Join(temporary, folder)
	if err := fixtures.Extract(tree); err != nil {
		return "", err
	}
	name = folder + ".tar.gz"
	fmt.Println(name)
	file, err := os.Create(filepath.Join(out, name))
	if err != nil {
		return "", err
	}
	return name, errors.Join(pack(file, os.DirFS(tree), folder), file.Close())
}

// modified is the time of every file in the archive: the oldest that all formats know.
var modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack writes the files of tree, in the order of their names, below a folder.
func pack(w io.Writer, tree fs.FS, folder string) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		header := &tar.Header{Name: path.Join(folder, name), Mode: 0o644, ModTime: modified, Format: tar.FormatPAX}
		if entry.IsDir() {
			header.Typeflag, header.Mode, header.Name = tar.TypeDir, 0o755, header.Name+"/"
			return archive.WriteHeader(header)
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		header.Typeflag, header.Size = tar.TypeReg, int64(len(data))
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	return errors.Join(err, archive.Close(), zipped.Close())
}

// writeSums writes the sha256 of each file, as "sha256sum -c" reads it.
func writeSums(out string, names []string) error {
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(out, sums), []byte(text.String()), 0o644)
}
