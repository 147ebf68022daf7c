package judge

import (
	"cmp"

	"lossproof/internal/generated"
	"lossproof/internal/laws"
)

// Effort says how much generated checks ask.
type Effort = generated.Effort

// The efforts.
const (
	Quick    = generated.Quick
	Normal   = generated.Normal
	Thorough = generated.Thorough
)

// ParseEffort returns the effort of that name.
func ParseEffort(name string) (Effort, error) { return generated.ParseEffort(name) }

// Effort returns how much generated checks ask.
func (j *Judge) Effort() Effort { return cmp.Or(j.options.Effort, Normal) }

// Seed is what the inputs of relations are drawn from in this release.
const Seed = laws.Seed

// seedFrom says where the seed of a run comes from.
func (o Options) seedFrom() SeedFrom {
	switch {
	case o.Random:
		return Random
	case seedOr(o.Seed) == Seed:
		return Release
	}
	return Given
}

// seedOr returns a seed, or that of the release for 0.
func seedOr(seed uint32) uint32 { return cmp.Or(seed, Seed) }
