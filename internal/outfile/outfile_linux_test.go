package outfile_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"lossproof/internal/outfile"
)

// TestMounted: a file that is mounted by itself, as into a container, cannot be replaced, and is written to.
func TestMounted(t *testing.T) {
	const variable = "LOSSPROOF_TEST_MOUNTED"
	if name := os.Getenv(variable); name != "" { // the child, in a mount namespace of its own
		if err := syscall.Mount(name+".outside", name, "", syscall.MS_BIND, ""); err != nil {
			t.Skip(err)
		}
		file, err := new(outfile.Paths).Output("--json", name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Put([]byte("the new content")); err != nil {
			t.Fatal(err)
		}
		return
	}
	name := filepath.Join(t.TempDir(), "result.json")
	write(t, name, "", 0o600)
	write(t, name+".outside", "the old content, which is longer", 0o600)
	child := exec.Command(os.Args[0], "-test.run=^TestMounted$", "-test.v")
	child.Env = append(os.Environ(), variable+"="+name)
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	text, err := child.CombinedOutput()
	got, readErr := os.ReadFile(name + ".outside")
	if readErr != nil {
		t.Fatal(readErr)
	}
	switch {
	case err != nil && len(text) == 0: // it could not be started
		t.Skip(err)
	case err != nil:
		t.Errorf("%v\n%s", err, text)
	case string(got) == "the old content, which is longer":
		t.Skipf("nothing can be mounted here:\n%s", text)
	case string(got) != "the new content":
		t.Errorf("the mounted file has %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".lossproof-*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}
