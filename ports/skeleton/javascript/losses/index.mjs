// The four losses and their gradients. Put your own implementation in their place.
//
// All is computed in float64 and rounded once.
//
// An array is {dtype, shape, values}: values is a typed array, row-major; of float32 a Float32Array,
// of float64, float16 and bfloat16 a Float64Array, of int64 and uint8 (class indices) a BigInt64Array
// and a Uint8Array. Values of other dtypes are not looked at, only refused.

export { LossError } from './arguments.mjs';
export { bce } from './bce.mjs';
export { crossEntropy } from './cross_entropy.mjs';
export { bceWithLogits, multiLabelSoftMargin } from './logits.mjs';
