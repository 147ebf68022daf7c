// Package bench times the losses: on tensors that any language can make from integers, with a
// given number of threads, through the methods that allocate nothing.
//
// A [Bench] keeps the tensors and a warm process between rounds, so that a driver can let the
// losses and another implementation take turns.
package bench
