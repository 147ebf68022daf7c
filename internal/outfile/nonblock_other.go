//go:build !unix

package outfile

// nonblock: there are no pipes with names in folders.
const nonblock = 0
