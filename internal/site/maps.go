package site

import (
	"bytes"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"

	"lossproof/internal/halves"
	"lossproof/internal/matrix"
	"lossproof/tensor"
)

// Map is the picture of an output at all numbers of a dtype of 16 bits: a pixel for each, 256 in a row, the largest
// on top. Rows of which no number was asked are left out.
type Map struct {
	Title string
	// Path is that of the picture, PNG what it holds.
	Path   string
	PNG    []byte
	Height int
	// Labels name the numbers of some rows.
	Labels []Label
	// Words say how many numbers are how accurate.
	Words string
}

// Label is a text beside a row of a map.
type Label struct {
	Y    int
	Text string
}

const (
	mapWidth = 256
	// labels are as far apart as a line of text is high.
	labelHeight = 12
)

// accuracies are in the order of halves.Accuracy; the colors stand out from a light and a dark background, and
// differ in lightness too.
var accuracies = []struct {
	word  string
	color color.RGBA
}{
	halves.NotAsked:   {"not asked", color.RGBA{}},
	halves.Precise:    {"within an ULP", color.RGBA{R: 0x9c, G: 0xc9, B: 0xa8, A: 255}},
	halves.Rough:      {"within 16 ULP", color.RGBA{R: 0x4f, G: 0x8f, B: 0xd6, A: 255}},
	halves.Wrong:      {"farther away", color.RGBA{R: 0xd9, G: 0x8c, B: 0x00, A: 255}},
	halves.Vanished:   {"zero, where the nearest number is not", color.RGBA{R: 0x8a, G: 0x3f, B: 0xb0, A: 255}},
	halves.WrongClass: {"wrongly NaN or infinite, or wrongly not", color.RGBA{R: 0xd0, G: 0x1c, B: 0x1c, A: 255}},
}

// newMap draws a map.
func newMap(id string, m matrix.Map) Map {
	out := Map{
		Title: fmt.Sprintf("%s in %s, %s", m.Module, m.DType, m.Output),
		Path:  "maps/" + strings.ToLower(fmt.Sprintf("%s-%s-%s-%s.png", id, m.Module, m.DType, m.Output)),
	}
	var palette color.Palette
	counts := make([]int, len(accuracies))
	for _, a := range accuracies {
		palette = append(palette, a.color)
	}
	picture := image.NewPaletted(image.Rect(0, 0, mapWidth, mapWidth), palette)
	value := func(k int) float64 {
		return tensor.FromBits16(m.DType, []uint16{halves.Ascending(k)}).Float64(0)
	}
	lastLabel, lastText := -labelHeight, ""
	for row := mapWidth - 1; row >= 0; row-- {
		numbers := m.Accuracy[row*mapWidth : (row+1)*mapWidth]
		if !slices.ContainsFunc(numbers, func(a halves.Accuracy) bool { return a != halves.NotAsked }) {
			continue
		}
		for x, a := range numbers {
			picture.Pix[out.Height*picture.Stride+x] = uint8(a)
			counts[a]++
		}
		text := fmt.Sprintf("%.2g", value(row*mapWidth+mapWidth/2))
		if out.Height >= lastLabel+labelHeight && text != lastText && !strings.Contains(text, "N") {
			out.Labels = append(out.Labels, Label{out.Height, text})
			lastLabel, lastText = out.Height, text
		}
		out.Height++
	}
	var words []string
	for a, n := range counts {
		if n > 0 && halves.Accuracy(a) != halves.NotAsked {
			words = append(words, fmt.Sprintf("%d %s", n, accuracies[a].word))
		}
	}
	out.Words = strings.Join(words, "; ")
	var encoded bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&encoded, picture.SubImage(image.Rect(0, 0, mapWidth, max(1, out.Height)))); err != nil {
		return out // a buffer takes everything
	}
	out.PNG = encoded.Bytes()
	return out
}

// Maps are maps on a page, from which Root leads home.
type Maps struct {
	Root string
	Maps []Map
}

// Legend is an entry of the legend of the maps.
type Legend struct {
	Word  string
	Color template.CSS
}

// MapLegend is that of all maps.
func (*Site) MapLegend() []Legend {
	var list []Legend
	for _, a := range accuracies[halves.Precise:] {
		list = append(list, Legend{a.word, template.CSS(fmt.Sprintf("#%02x%02x%02x", a.color.R, a.color.G, a.color.B))})
	}
	return list
}
