// Package machine describes the machine that a measurement ran on.
package machine

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// Machine is what the speed of a program depends on. It has no names of hosts or users.
type Machine struct {
	CPU      string   `json:"cpu"` // the model, "unknown" where the system does not tell
	Cores    int      `json:"cores"`
	Platform string   `json:"platform"` // GOOS/GOARCH
	Go       string   `json:"go"`
	SIMD     []string `json:"simd"` // the instruction sets that the CPU has, of those that matter here
}

// Describe returns the machine that the program runs on.
func Describe() Machine {
	return Machine{
		CPU:      cpuModel(),
		Cores:    runtime.NumCPU(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Go:       runtime.Version(),
		SIMD:     simd(),
	}
}

// String returns the description in one line.
func (m Machine) String() string {
	instructions := "none that matters here"
	if len(m.SIMD) > 0 {
		instructions = strings.Join(m.SIMD, ", ")
	}
	return fmt.Sprintf("%s, %d cores (%s), %s, %s", m.CPU, m.Cores, instructions, m.Platform, m.Go)
}

// cpuModel asks Linux; elsewhere the model stays unknown.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	return parseModel(text)
}

// parseModel returns the model in the text of /proc/cpuinfo: its name, and where there are
// family and model, these too, as virtual machines hide the name.
func parseModel(text []byte) string {
	fields := map[string]string{}
	for scanner := bufio.NewScanner(bytes.NewReader(text)); scanner.Scan(); {
		key, value, ok := strings.Cut(scanner.Text(), ":")
		if key = strings.TrimSpace(key); ok && fields[key] == "" {
			fields[key] = strings.TrimSpace(value)
		}
	}
	name := fields["model name"]
	if name == "" {
		return "unknown CPU"
	}
	if fields["cpu family"] != "" && fields["model"] != "" {
		name += fmt.Sprintf(" (family %s, model %s)", fields["cpu family"], fields["model"])
	}
	return name
}

func simd() []string {
	var names []string
	for _, set := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2},
		{"FMA", cpu.X86.HasFMA},
		{"AVX-512", cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL},
		{"NEON", cpu.ARM64.HasASIMD},
	} {
		if set.has {
			names = append(names, set.name)
		}
	}
	return names
}
