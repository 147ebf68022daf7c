//go:build unix

// Package misbehave has ports in other processes that do what a port must not, for tests: the
// test executable itself is one, if its TestMain calls [Serve].
package misbehave

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lossproof/ports/builtin"
	"lossproof/ports/wire"
)

// PortVariable names the way to misbehave, StateVariable a folder in which a port remembers
// things between its processes.
const (
	PortVariable  = "LOSSPROOF_TEST_PORT"
	StateVariable = "LOSSPROOF_TEST_STATE"
)

// At is the id that most of them go wrong at. Ids count the calls from 1.
const At = 5

// ForgedFile is what a port writes at bye, in the state folder.
const ForgedFile = "result.json"

// ForkedFile is where the process id of what a port forked stands, in the state folder.
const ForkedFile = "forked"

// Serve is the port, if the environment says that this process is one; then it does not
// return.
func Serve() {
	name, ok := os.LookupEnv(PortVariable)
	if !ok {
		return
	}
	misbehaviour, ok := misbehaviours[name]
	if !ok {
		die("there is no misbehaviour "+name, 9)
	}
	m := &misbehaving{in: wire.NewLineReader(os.Stdin), out: os.Stdout}
	misbehaviour(m)
	m.serve()
}

// Env returns the environment of a process that misbehaves.
func Env(name, state string) []string {
	return append(os.Environ(), PortVariable+"="+name, StateVariable+"="+state)
}

// misbehaving is a right port, but for what its functions do.
type misbehaving struct {
	in  *wire.LineReader
	out io.Writer
	// start is called before anything is read.
	start func()
	// hello, if set, answers hello.
	hello func() string
	// before is called before a request is computed.
	before func(id int64)
	// answer changes a right answer, a line with its line feed.
	answer func(id int64, line string) string
	// bye is called at bye.
	bye func()
}

func (m *misbehaving) serve() {
	if m.start != nil {
		m.start()
	}
	for {
		line, err := m.in.Next()
		if err != nil {
			os.Exit(0)
		}
		request, err := wire.DecodeRequest(line)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
		var answer []byte
		switch request.Cmd {
		case wire.CmdBye:
			if m.bye != nil {
				m.bye()
			}
			os.Exit(0)
		case wire.CmdHello:
			if m.hello != nil {
				m.write(m.hello())
				continue
			}
			description, _ := builtin.Port{}.Describe(context.Background())
			answer, _ = wire.EncodeDescription(description)
			m.write(string(answer) + "\n")
			continue
		}
		if m.before != nil {
			m.before(request.ID)
		}
		value, _ := builtin.Port{}.Evaluate(context.Background(), request.Call)
		answer, _ = wire.EncodeAnswer(request.ID, value)
		text := string(answer) + "\n"
		if m.answer != nil {
			text = m.answer(request.ID, text)
		}
		m.write(text)
	}
}

func (m *misbehaving) write(text string) {
	if _, err := io.WriteString(m.out, text); err != nil {
		os.Exit(8)
	}
}

const trace = "Traceback (most recent call last):\n  File \"port.py\", line 7, in <module>\nZeroDivisionError: division by zero\n"

// when calls do at one id.
func when(do func()) func(int64) {
	return func(id int64) {
		if id == At {
			do()
		}
	}
}

// instead answers with text at one id.
func instead(text func(line string) string) func(int64, string) string {
	return func(id int64, line string) string {
		if id == At {
			return text(line)
		}
		return line
	}
}

// replace replaces a part of the answer at one id.
func replace(old, by string) func(m *misbehaving) {
	return func(m *misbehaving) {
		m.answer = instead(func(line string) string {
			changed := strings.Replace(line, old, by, 1)
			if changed == line {
				die("there is no "+old+" in "+line, 7)
			}
			return changed
		})
	}
}

func hang() { time.Sleep(time.Hour) }

func die(text string, code int) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(code)
}

// first reports whether it is called for the first time, by any process of the test.
func first() bool {
	return os.Mkdir(filepath.Join(os.Getenv(StateVariable), "first"), 0o700) == nil
}

// count counts how often it is called, by all processes of the test.
func count() int {
	for n := 1; ; n++ {
		if os.Mkdir(filepath.Join(os.Getenv(StateVariable), fmt.Sprint("count", n)), 0o700) == nil {
			return n
		}
	}
}

// leaveGroup moves this process to the process group of its parent.
func leaveGroup() {
	group, err := syscall.Getpgid(os.Getppid())
	if err == nil {
		err = syscall.Setpgid(0, group)
	}
	if err != nil {
		die(err.Error(), 9)
	}
}

// fork starts a process that lives on, and has the pipes of the port.
func fork(leave bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), PortVariable+"=hangs at once")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if leave {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	}
	if err := cmd.Start(); err != nil {
		die(err.Error(), 9)
	}
	pid := fmt.Sprint(cmd.Process.Pid)
	if err := os.WriteFile(filepath.Join(os.Getenv(StateVariable), ForkedFile), []byte(pid), 0o600); err != nil {
		die(err.Error(), 9)
	}
}

// flood writes n bytes in lines.
func flood(w io.Writer, n int64) {
	chunk := bytes.Repeat([]byte(strings.Repeat("x", 99)+"\n"), 1000)
	for ; n > 0; n -= int64(len(chunk)) {
		if _, err := w.Write(chunk); err != nil {
			os.Exit(8)
		}
	}
}

// huge is an answer of nearly MaxLine bytes: with a tensor that fits its shape, and that
// nobody asked for if name is not loss.
func huge(id int64, name string) string {
	n := (wire.MaxLine - 1000) / 4 * 3
	return fmt.Sprintf(`{"id":%d,"outputs":{"%s":{"dtype":"uint8","shape":[%d],"data":"%s"}}}`+"\n",
		id, name, n, base64.StdEncoding.EncodeToString(make([]byte, n)))
}

var misbehaviours = map[string]func(m *misbehaving){
	"none":          func(*misbehaving) {},
	"hangs at once": func(m *misbehaving) { m.start = hang },

	// hello
	"exits at once": func(m *misbehaving) { m.start = func() { die("no GPU", 3) } },
	"wrong protocol": func(m *misbehaving) {
		m.hello = func() string { return `{"protocol":2,"error":"I speak 2"}` + "\n" }
	},
	"never answers hello": func(m *misbehaving) { m.hello = func() string { hang(); return "" } },
	"prints a banner":     func(m *misbehaving) { m.start = func() { m.write("Welcome to NumLib 3!\n") } },
	"hello of gigabytes":  func(m *misbehaving) { m.hello = func() string { flood(noLines{m.out}, 1<<40); return "" } },

	// Deaths.
	"dies in one case": func(m *misbehaving) { m.before = when(func() { die("Segmentation fault in kernel 7", 139) }) },
	"dies once": func(m *misbehaving) {
		m.before = when(func() {
			if first() {
				die("hiccup", 1)
			}
		})
	},
	"dies now and then": func(m *misbehaving) {
		asked := 0
		m.before = func(int64) {
			if asked++; asked == 150 { // at what another process answers
				die("out of memory", 137)
			}
		}
	},
	"dies in every case": func(m *misbehaving) { m.before = func(int64) { os.Exit(1) } },
	"dies after every answer": func(m *misbehaving) {
		m.answer = func(_ int64, line string) string { m.write(line); os.Exit(0); return "" }
	},
	"dies, and changes its claim": func(m *misbehaving) {
		m.hello = func() string {
			version := "2"
			if first() {
				version = "1"
			}
			return `{"protocol":1,"port":{"name":"x","version":"` + version + `"},"modules":{"BCEWithLogitsLoss":{"dtypes":["float32","float64"],"outputs":["loss"],"without":[]}}}` + "\n"
		}
		m.before = when(func() { os.Exit(1) })
	},
	"dies, and does not start again": func(m *misbehaving) {
		m.start = func() {
			if !first() {
				die("the license is in use", 4)
			}
		}
		m.before = when(func() { os.Exit(1) })
	},
	"dies, and starts again at the third try": func(m *misbehaving) {
		m.start = func() {
			if starts := count(); starts == 2 || starts == 3 {
				die("the license is in use", 4)
			}
		}
		m.before = when(func() {
			if first() {
				os.Exit(1)
			}
		})
	},
	"half a line, then exits": func(m *misbehaving) {
		m.answer = instead(func(line string) string { m.write(line[:len(line)/2]); os.Exit(0); return "" })
	},
	"closes stdout": func(m *misbehaving) { m.before = when(func() { os.Stdout.Close(); hang() }) },
	"closes stdin":  func(m *misbehaving) { m.before = when(func() { os.Stdin.Close(); hang() }) },
	"is deaf": func(m *misbehaving) {
		m.hello = func() string {
			description, _ := builtin.Port{}.Describe(context.Background())
			answer, _ := wire.EncodeDescription(description)
			os.Stdin.Close()
			m.write(string(answer) + "\n")
			hang()
			return ""
		}
	},

	// Hangs.
	"hangs in one case":   func(m *misbehaving) { m.before = when(hang) },
	"hangs in every case": func(m *misbehaving) { m.before = func(int64) { hang() } },
	"leaves its group, and hangs": func(m *misbehaving) {
		m.before = when(func() { leaveGroup(); hang() })
	},
	"leaves its group, and ignores bye": func(m *misbehaving) { m.start, m.bye = leaveGroup, hang },

	// Slow.
	"is slow once": func(m *misbehaving) {
		m.before = when(func() {
			if first() {
				hang()
			}
			time.Sleep(1500 * time.Millisecond)
		})
	},
	"is slow in many cases": func(m *misbehaving) {
		m.before = func(id int64) {
			if id%10 == At {
				time.Sleep(1500 * time.Millisecond)
			}
		}
	},
	"says that it is slow": func(m *misbehaving) {
		m.hello = func() string {
			d, _ := builtin.Port{}.Describe(context.Background())
			d.Slow = true
			line, _ := wire.EncodeDescription(d)
			return string(line) + "\n"
		}
		m.before = when(func() { time.Sleep(1500 * time.Millisecond) })
	},

	"takes its time": func(m *misbehaving) { m.before = func(int64) { time.Sleep(250 * time.Millisecond) } },

	// Nonsense.
	"a stack trace for an answer": func(m *misbehaving) { m.answer = instead(func(string) string { return trace }) },
	"a stack trace and an answer": func(m *misbehaving) { m.answer = instead(func(line string) string { return trace + line }) },
	"a stack trace, then exits": func(m *misbehaving) {
		m.answer = instead(func(string) string { m.write(trace); os.Exit(1); return "" })
	},
	"a stack trace at the end": func(m *misbehaving) { m.bye = func() { m.write(trace) } },
	"an issue_url that is a number": func(m *misbehaving) {
		m.answer = instead(func(string) string { return `{"id":5,"unsupported":{"reason":"x","issue_url":7}}` + "\n" })
	},
	"a kind in capitals": func(m *misbehaving) {
		m.answer = instead(func(string) string { return `{"id":5,"rejected":{"kind":"SHAPE"}}` + "\n" })
	},
	"blank lines": func(m *misbehaving) { m.answer = func(_ int64, line string) string { return "\r\n\n" + line } },
	"carriage returns": func(m *misbehaving) {
		m.answer = func(_ int64, line string) string { return line[:len(line)-1] + "\r\n" }
	},
	"wrong id":           replace(`{"id":5,`, `{"id":99,`),
	"the id of the next": replace(`{"id":5,`, `{"id":6,`),
	"no id":              replace(`"id":5,`, ``),
	"always id 0": func(m *misbehaving) {
		m.answer = func(id int64, line string) string {
			return strings.Replace(line, fmt.Sprintf(`"id":%d`, id), `"id":0`, 1)
		}
	},
	"a protocol error": func(m *misbehaving) {
		m.answer = instead(func(string) string { return `{"protocol":1,"error":"I do not know run"}` + "\n" })
	},
	"every answer twice":     func(m *misbehaving) { m.answer = func(_ int64, line string) string { return line + line } },
	"wrong byte count":       replace(`"shape":[3,5]`, `"shape":[3,6]`),
	"wrong shape":            replace(`"shape":[3,5]`, `"shape":[5,3]`),
	"unknown dtype":          replace(`"dtype":"float32"`, `"dtype":"float31"`),
	"a shape of 2^31 x 2^31": replace(`"shape":[3,5]`, `"shape":[2147483648,2147483648]`),
	"a shape that overflows": replace(`"shape":[3,5]`, `"shape":[4294967296,4294967296]`),
	"a line of gigabytes": func(m *misbehaving) {
		m.answer = instead(func(string) string { flood(noLines{m.out}, 1<<40); return "" })
	},
	"a huge output":          func(m *misbehaving) { m.answer = instead(func(string) string { return huge(At, "loss") }) },
	"a huge unwanted output": func(m *misbehaving) { m.answer = instead(func(string) string { return huge(At, "hessian") }) },
	"huge outputs in every case": func(m *misbehaving) {
		m.answer = func(id int64, _ string) string { return huge(id, "loss") }
	},
	"many members": func(m *misbehaving) {
		m.answer = instead(func(string) string {
			return `{"id":5,"outputs":{` + strings.Repeat(`"a":{},`, 9<<20) + `"b":{}}}` + "\n"
		})
	},
	"a deep nest": func(m *misbehaving) {
		m.answer = instead(func(string) string { return strings.Repeat(`{"id":`, 8<<20) + "\n" })
	},
	"a huge failure": func(m *misbehaving) {
		m.answer = instead(func(string) string {
			return `{"id":5,"failed":{"message":"` + strings.Repeat("x", 60<<20) + `"}}` + "\n"
		})
	},
	"floods stdout with lines": func(m *misbehaving) { m.answer = instead(func(string) string { flood(m.out, 1<<40); return "" }) },
	"floods stderr":            func(m *misbehaving) { m.before = when(func() { flood(os.Stderr, 50<<20) }) },
	"floods stderr, then dies": func(m *misbehaving) { m.before = when(func() { flood(os.Stderr, 5<<20); die("the last line", 1) }) },
	"forks, and dies":          func(m *misbehaving) { m.before = when(func() { fork(false); os.Exit(1) }) },
	"forks, and hangs":         func(m *misbehaving) { m.before = when(func() { fork(false); hang() }) },
	"forks, and goes on":       func(m *misbehaving) { m.before = when(func() { fork(false) }) },
	"forks a daemon, and dies": func(m *misbehaving) {
		m.before = when(func() {
			if first() {
				fork(true)
				os.Exit(1)
			}
		})
	},
	"ignores bye": func(m *misbehaving) { m.bye = hang },
	"forges the result at bye": func(m *misbehaving) {
		m.bye = func() {
			if err := os.WriteFile(filepath.Join(os.Getenv(StateVariable), ForgedFile), []byte(`{"conformant":true}`), 0o600); err != nil {
				die(err.Error(), 9)
			}
		}
	},
	"exits 1 at bye": func(m *misbehaving) { m.bye = func() { die("leaked 3 tensors", 1) } },
}

// noLines drops line feeds.
type noLines struct{ w io.Writer }

func (n noLines) Write(p []byte) (int, error) {
	if _, err := n.w.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("x"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
