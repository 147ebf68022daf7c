// Package loss has the binary cross-entropy losses of logits.
package loss
