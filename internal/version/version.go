// Package version has the version of the tool, which is apart from those of the
// fixtures and of the wire protocol.
package version

// Tool is the semantic version of lossproof, built-in losses included.
const Tool = "0.1.0-dev"
