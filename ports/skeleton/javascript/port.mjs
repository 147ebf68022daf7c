// The losses of the folder losses as a port of lossproof.
//
//   lossproof run -- node port.mjs
//
// This file is the adapter: it says what is implemented (the claim), and translates calls, arrays
// and exceptions. It computes nothing.

import { LossError, bce, bceWithLogits, crossEntropy, multiLabelSoftMargin } from './losses/index.mjs';
import { HALVES, Rejected, Unsupported, fromHalf, serve, toHalf } from './wire.mjs';

const dtypes = ['float16', 'bfloat16', 'float32', 'float64'];
const outputs = ['loss', 'grad_input']; // there are also grad_target and grad_weight
// What is not implemented; lossproof does not ask for it. An empty list claims everything.
const without = ['legacy_reduction', 'mixed_dtype'];
const CLAIM = { dtypes, outputs, without: [...without, 'integer_targets'] };

const DESCRIPTION = {
  port: {
    name: 'my-losses',
    version: '0.1.0',
    language: 'javascript',
    language_version: process.versions.node,
  },
  modules: {
    BCEWithLogitsLoss: CLAIM,
    MultiLabelSoftMarginLoss: CLAIM,
    BCELoss: CLAIM,
    CrossEntropyLoss: { dtypes, outputs, without }, // class indices are integer targets
  },
};

const LOSSES = {
  BCEWithLogitsLoss: bceWithLogits,
  MultiLabelSoftMarginLoss: multiLabelSoftMargin,
  BCELoss: bce,
  CrossEntropyLoss: crossEntropy,
};

// The values of other dtypes are not looked at, only refused.
const ARRAYS = {
  float32: Float32Array, float64: Float64Array, int64: BigInt64Array, uint8: Uint8Array,
};

function evaluate(module, options, inputs, want) {
  if (!Object.hasOwn(LOSSES, module)) throw new Unsupported(`module '${module}'`);
  if ('size_average' in options || 'reduce' in options) {
    throw new Unsupported('the legacy options size_average and reduce');
  }
  const arrays = {};
  for (const [name, tensor] of Object.entries(inputs)) arrays[name] = fromWire(tensor);
  const { input, target, weight, pos_weight: posWeight, grad_output: upstream } = arrays;
  try {
    const { reduction, ignore_index: ignoreIndex, label_smoothing: labelSmoothing } = options;
    const [loss, gradient] = LOSSES[module](
      input, target, { weight, posWeight, reduction, upstream, ignoreIndex, labelSmoothing });
    const found = {};
    if (want.includes('loss')) found.loss = toWire(loss);
    if (want.includes('grad_input')) found.grad_input = toWire(gradient);
    return found;
  } catch (error) {
    // Only what the library refuses on purpose: any other exception is a bug, and says so.
    if (error instanceof LossError) throw new Rejected(error.message, error.kind);
    throw error;
  }
}

function fromWire({ dtype, shape, data }) {
  const { buffer, byteOffset, byteLength } = data;
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength); // aligned
  if (Object.hasOwn(HALVES, dtype)) {
    return { dtype, shape, values: fromHalf(new Uint16Array(bytes), dtype) };
  }
  const values = Object.hasOwn(ARRAYS, dtype) ? new ARRAYS[dtype](bytes) : undefined;
  return { dtype, shape, values };
}

function toWire({ dtype, shape, values }) {
  if (Object.hasOwn(HALVES, dtype)) values = toHalf(values, dtype);
  return { dtype, shape, data: Buffer.from(values.buffer, values.byteOffset, values.byteLength) };
}

await serve(DESCRIPTION, evaluate);
