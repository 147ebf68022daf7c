package kernel

import (
	"encoding/binary"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// emulator runs the AVX-512 kernels of kernels_amd64.s instruction by instruction, so that they are tested on processors that lack it; where one has it, what it
// computes is compared with the processor. It knows the instructions that these kernels use, and no more.
type emulator struct {
	t         *testing.T
	functions map[string][]string // the lines of each
	memory    map[string][]byte   // of the constants, by name
	regions   [][]byte            // what pointers point to; a pointer is the index of its region, shifted, plus an offset
	frame     []byte
	gp        map[string]uint64
	vector    [32][64]byte
	mask      [8]uint16
	zero      bool
}

const regionShift = 40

func newEmulator(t *testing.T) *emulator {
	text, err := os.ReadFile("kernels_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	e := &emulator{t: t, functions: map[string][]string{}, memory: map[string][]byte{}}
	name, data := "", regexp.MustCompile(`^DATA (\w+)<>\+(\d+)\(SB\)/(\d+), \$(?:\((.*)\)|(.*))$`)
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "TEXT ·"):
			name = line[len("TEXT ·"):strings.Index(line, "(SB)")]
		case strings.HasPrefix(line, "DATA "):
			m := data.FindStringSubmatch(line)
			at, _ := strconv.Atoi(m[2])
			size, _ := strconv.Atoi(m[3])
			for len(e.memory[m[1]]) < at+size {
				e.memory[m[1]] = append(e.memory[m[1]], 0)
			}
			if v, err := strconv.ParseUint(m[5], 0, 64); err == nil {
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], v)
				copy(e.memory[m[1]][at:at+size], b[:])
			}
		case strings.HasPrefix(line, "GLOBL"):
			name = ""
		case name != "" && (strings.HasPrefix(line, "\t") || strings.HasSuffix(line, ":")):
			e.functions[name] = append(e.functions[name], strings.TrimSpace(line))
		}
	}
	return e
}

// call runs a function and returns its frame; results are behind the arguments, from the next multiple of 8 on.
func (e *emulator) call(name string, arguments ...any) (results []byte) {
	e.frame, e.regions, e.gp = nil, [][]byte{nil}, map[string]uint64{}
	word := func(v uint64) { e.frame = binary.LittleEndian.AppendUint64(e.frame, v) }
	region := func(p unsafe.Pointer, size int) {
		e.regions = append(e.regions, unsafe.Slice((*byte)(p), size))
		word(uint64(len(e.regions)-1) << regionShift)
	}
	for _, a := range arguments {
		switch a := a.(type) {
		case []float32:
			region(unsafe.Pointer(unsafe.SliceData(a)), 4*len(a))
			word(uint64(len(a)))
			word(uint64(len(a)))
		case *[48]float64:
			region(unsafe.Pointer(a), 8*len(a))
		case float32:
			e.frame = binary.LittleEndian.AppendUint32(e.frame, math.Float32bits(a))
		case bool:
			e.frame = append(e.frame, 0)
		}
	}
	start := (len(e.frame) + 7) &^ 7
	e.frame = append(e.frame, make([]byte, start-len(e.frame)+16)...)
	lines := e.functions[name]
	labels := map[string]int{}
	for i, line := range lines {
		if label, ok := strings.CutSuffix(line, ":"); ok {
			labels[label] = i
		}
	}
	for i := 0; i < len(lines); i++ {
		op, rest, _ := strings.Cut(lines[i], " ")
		switch rest = strings.TrimSpace(rest); op {
		case "", "//":
		case "RET":
			return e.frame[start:]
		case "JMP":
			i = labels[rest]
		case "JE", "JNE":
			if e.zero == (op == "JE") {
				i = labels[rest]
			}
		default:
			if !strings.HasSuffix(op, ":") {
				e.step(op, strings.Split(rest, ", "))
			}
		}
	}
	e.t.Fatalf("%s has no end", name)
	return nil
}

// at returns the memory that an operand means.
func (e *emulator) at(operand string, size int) []byte {
	if before, _, ok := strings.Cut(operand, "(FP)"); ok {
		_, offset, _ := strings.Cut(before, "+")
		n, _ := strconv.Atoi(offset)
		return e.frame[n:][:size]
	}
	if symbol, offset, ok := strings.Cut(strings.TrimSuffix(operand, "(SB)"), "<>+"); ok {
		n, _ := strconv.Atoi(offset)
		return e.memory[symbol][n:][:size]
	}
	offset, base, _ := strings.Cut(strings.TrimSuffix(operand, ")"), "(")
	n, _ := strconv.Atoi(offset)
	address := e.gp[base] + uint64(n)
	return e.regions[address>>regionShift][address&(1<<regionShift-1):][:size]
}

func isVector(operand string) bool { return strings.ContainsRune("XYZ", rune(operand[0])) }

func (e *emulator) register(operand string) *[64]byte {
	n, _ := strconv.Atoi(operand[1:])
	return &e.vector[n]
}

// width returns the size of a vector register in bytes.
func width(operand string) int { return map[byte]int{'X': 16, 'Y': 32, 'Z': 64}[operand[0]] }

// source returns the bytes of a vector operand, of one number repeated if broadcast is set.
func (e *emulator) source(operand string, size int, broadcast bool) (v [64]byte) {
	switch {
	case isVector(operand):
		return *e.register(operand)
	case broadcast:
		for i := 0; i < size; i += 4 {
			copy(v[i:], e.at(operand, 4))
		}
	default:
		copy(v[:], e.at(operand, size))
	}
	return v
}

func (e *emulator) set(operand string, v [64]byte) {
	clear(v[width(operand):]) // VEX and EVEX instructions clear what is above
	*e.register(operand) = v
}

func f32(v *[64]byte, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(v[4*i:]))
}

func f64(v *[64]byte, i int) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(v[8*i:]))
}

// fma32 returns a·b + c, rounded once: the sum of the product, which is exact in float64, is rounded to odd first.
func fma32(a, b, c float32) float32 {
	p, w := float64(a)*float64(b), float64(c)
	s := p + w
	z := s - p
	lost := (p - (s - z)) + (w - z)
	if b := math.Float64bits(s); lost != 0 && b&1 == 0 && !math.IsInf(s, 0) && s == s {
		if (lost > 0) == (s > 0) {
			b++
		} else {
			b--
		}
		s = math.Float64frombits(b)
	}
	return float32(s)
}

func (e *emulator) step(op string, o []string) {
	last := o[len(o)-1]
	base, broadcast := strings.CutSuffix(op, ".BCST")
	lanes32 := func(f func(a, b, d float32) float32) {
		a, b, d := e.source(o[0], width(last), broadcast), e.source(o[1], width(last), false), e.source(last, width(last), false)
		for i := range width(last) / 4 {
			binary.LittleEndian.PutUint32(d[4*i:], math.Float32bits(f(f32(&a, i), f32(&b, i), f32(&d, i))))
		}
		e.set(last, d)
	}
	lanes64 := func(f func(a, b, d float64) float64) {
		a, b, d := e.source(o[0], width(last), false), e.source(o[1], width(last), false), e.source(last, width(last), false)
		for i := range width(last) / 8 {
			binary.LittleEndian.PutUint64(d[8*i:], math.Float64bits(f(f64(&a, i), f64(&b, i), f64(&d, i))))
		}
		e.set(last, d)
	}
	words := func(f func(a, b uint32) uint32) {
		a, b := e.source(o[0], width(last), broadcast), e.source(o[1], width(last), false)
		for i := range width(last) / 4 {
			binary.LittleEndian.PutUint32(a[4*i:], f(binary.LittleEndian.Uint32(a[4*i:]), binary.LittleEndian.Uint32(b[4*i:])))
		}
		e.set(last, a)
	}
	integer := func() uint64 { // the first operand
		if v, ok := strings.CutPrefix(o[0], "$"); ok {
			n, _ := strconv.ParseUint(v, 0, 64)
			return n
		}
		if strings.HasSuffix(o[0], ")") {
			return binary.LittleEndian.Uint64(e.at(o[0], 8))
		}
		return e.gp[o[0]]
	}
	switch base {
	case "PREFETCHT0", "VZEROUPPER":
	case "MOVQ":
		e.gp[last] = integer()
	case "MOVBQZX":
		e.gp[last] = uint64(e.at(o[0], 1)[0])
	case "MOVL":
		binary.LittleEndian.PutUint32(e.at(last, 4), uint32(e.gp[o[0]]))
	case "MOVB":
		e.at(last, 1)[0] = byte(e.gp["AX"])
	case "ADDQ":
		e.gp[last] += integer()
	case "SUBQ":
		e.gp[last] -= integer()
		e.zero = e.gp[last] == 0
	case "ANDQ":
		e.gp[last] &= integer()
	case "XORQ":
		e.gp[last] ^= integer()
	case "TESTQ", "TESTL":
		e.zero = e.gp[last] == 0
	case "CMOVQNE":
		if !e.zero {
			e.gp[last] = e.gp[o[0]]
		}
	case "SETNE":
		e.gp["AX"] = map[bool]uint64{true: 0, false: 1}[e.zero]
	case "KMOVW":
		e.gp[last] = uint64(e.mask[o[0][1]-'0'])
	case "VMOVD":
		v := e.source(o[0], 16, false)
		e.gp[last] = uint64(binary.LittleEndian.Uint32(v[:]))
	case "VMOVUPS", "VMOVAPS", "VMOVUPD":
		if isVector(last) {
			e.set(last, e.source(o[0], width(last), false))
		} else {
			v := e.source(o[0], width(o[0]), false)
			copy(e.at(last, width(o[0])), v[:])
		}
	case "VBROADCASTSS":
		e.set(last, e.source(o[0], width(last), true))
	case "VCVTPS2PD":
		a := e.source(o[0], width(last)/2, false)
		var d [64]byte
		for i := range width(last) / 8 {
			binary.LittleEndian.PutUint64(d[8*i:], math.Float64bits(float64(f32(&a, i))))
		}
		e.set(last, d)
	case "VEXTRACTI64X4", "VEXTRACTI128":
		a := e.source(o[1], 64, false)
		var d [64]byte
		copy(d[:], a[width(last):])
		e.set(last, d)
	case "VPSRLDQ":
		n, _ := strconv.ParseUint(o[0][1:], 0, 8)
		a := e.source(o[1], 16, false)
		var d [64]byte
		copy(d[:], a[n:16])
		e.set(last, d)
	case "VPERMI2PS":
		second, first, d := e.source(o[0], 64, false), e.source(o[1], 64, false), e.source(last, 64, false)
		for i := range 16 {
			index := binary.LittleEndian.Uint32(d[4*i:])
			from := &first
			if index&16 != 0 {
				from = &second
			}
			copy(d[4*i:4*i+4], from[4*(index&15):])
		}
		e.set(last, d)
	case "VPMOVD2M":
		a, k := e.source(o[0], 64, false), uint16(0)
		for i := range 16 {
			k |= uint16(a[4*i+3]>>7) << i
		}
		e.mask[last[1]-'0'] = k
	case "VBLENDMPS":
		set, unset, k := e.source(o[0], 64, false), e.source(o[1], 64, false), e.mask[o[2][1]-'0']
		for i := range 16 {
			if k>>i&1 != 0 {
				copy(unset[4*i:4*i+4], set[4*i:])
			}
		}
		e.set(last, unset)
	case "VCMPPS":
		if o[0] != "$0x04" {
			e.t.Fatalf("VCMPPS %s", o[0])
		}
		a, b, k := e.source(o[1], 64, false), e.source(o[2], 64, false), uint16(0)
		for i := range 16 {
			if f32(&a, i) != f32(&b, i) {
				k |= 1 << i
			}
		}
		e.mask[last[1]-'0'] = k
	case "VPMAXUD":
		words(func(a, b uint32) uint32 { return max(a, b) })
	case "VPXORD", "VXORPS":
		words(func(a, b uint32) uint32 { return a ^ b })
	case "VORPS":
		words(func(a, b uint32) uint32 { return a | b })
	case "VANDPS":
		words(func(a, b uint32) uint32 { return a & b })
	case "VADDPS":
		lanes32(func(a, b, _ float32) float32 { return b + a })
	case "VSUBPS":
		lanes32(func(a, b, _ float32) float32 { return b - a })
	case "VMULPS":
		lanes32(func(a, b, _ float32) float32 { return b * a })
	case "VDIVPS":
		lanes32(func(a, b, _ float32) float32 { return b / a })
	case "VMINPS":
		lanes32(func(a, b, _ float32) float32 {
			if b < a {
				return b
			}
			return a
		})
	case "VMAXPS":
		lanes32(func(a, b, _ float32) float32 {
			if b > a {
				return b
			}
			return a
		})
	case "VSCALEFPS":
		lanes32(func(a, b, _ float32) float32 { return float32(math.Ldexp(float64(b), int(math.Floor(float64(a))))) })
	case "VFMADD213PS":
		lanes32(func(a, b, d float32) float32 { return fma32(b, d, a) })
	case "VFMSUB213PS":
		lanes32(func(a, b, d float32) float32 { return fma32(b, d, -a) })
	case "VFMADD231PS":
		lanes32(func(a, b, d float32) float32 { return fma32(a, b, d) })
	case "VFNMADD231PS":
		lanes32(func(a, b, d float32) float32 { return fma32(-a, b, d) })
	case "VFNMSUB231PS":
		lanes32(func(a, b, d float32) float32 { return fma32(-a, b, -d) })
	case "VADDPD":
		lanes64(func(a, b, _ float64) float64 { return b + a })
	case "VMAXPD":
		lanes64(func(a, b, _ float64) float64 {
			if b > a {
				return b
			}
			return a
		})
	case "VFMADD213PD":
		lanes64(func(a, b, d float64) float64 { return math.FMA(b, d, a) })
	case "VFNMADD231PD":
		lanes64(func(a, b, d float64) float64 { return math.FMA(-a, b, d) })
	default:
		e.t.Fatalf("the emulator does not know %s", op)
	}
}
