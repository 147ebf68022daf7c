// TensorFlow.js as a port of lossproof: tf.losses.sigmoidCrossEntropy, asked over the wire protocol.
//
// The loss is called as it is, the gradients are those of tf.grads. This file translates calls,
// tensors and exceptions, and computes nothing: what the library does not have is not claimed.

import * as tf from '@tensorflow/tfjs';

import { Rejected, Unsupported, serve } from './wire.mjs';

const MODULE = 'BCEWithLogitsLoss';

const DESCRIPTION = {
  port: {
    name: '@tensorflow/tfjs',
    version: tf.version.tfjs,
    language: 'javascript',
    language_version: process.versions.node,
  },
  modules: {
    [MODULE]: {
      dtypes: ['float32'],
      outputs: ['loss', 'grad_input', 'grad_target'],
      without: ['pos_weight', 'legacy_reduction', 'mixed_dtype'],
    },
  },
};

// The reductions by PyTorch's names. tf.losses has two means. SUM_BY_NONZERO_WEIGHTS, its default,
// is PyTorch's mean but where a weight is zero; MEAN divides by the sum of the weights. Any other
// name goes to the library as it is, and the library refuses it.
const REDUCTIONS = {
  none: tf.Reduction.NONE,
  mean: tf.Reduction.SUM_BY_NONZERO_WEIGHTS,
  sum: tf.Reduction.SUM,
};

// TensorFlow.js has no other dtype for numbers.
const ARRAYS = {
  float32: (buffer) => new Float32Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
};

// How the library refuses a call: what its message says, and the kind of refusal. Any other
// exception is a failure: a crash of the library must not pass for a refusal.
const REFUSALS = [
  [/^Error in sigmoidCrossEntropy: .*Shapes .* and .* must match/, 'shape'],
  [/^Operands could not be broadcast together with shapes/, 'shape'],
  [/^Unknown reduction: /, 'option'],
];

function evaluate(module, options, inputs, want) {
  if (module !== MODULE) throw new Unsupported(`module '${module}', want ${MODULE}`);
  if ('pos_weight' in inputs) throw new Unsupported('sigmoidCrossEntropy has no pos_weight');
  for (const name of ['size_average', 'reduce']) {
    if (name in options) throw new Unsupported(`sigmoidCrossEntropy has no ${name}`);
  }
  const name = options.reduction ?? 'mean';
  const reduction = Object.hasOwn(REDUCTIONS, name) ? REDUCTIONS[name] : name;
  try {
    return tf.tidy(() => call(reduction, inputs, want));
  } catch (error) {
    const refusal = REFUSALS.find(([message]) => message.test(error.message));
    if (refusal === undefined) throw error;
    throw new Rejected(error.message, refusal[1]);
  }
}

function call(reduction, inputs, want) {
  const tensors = {};
  for (const [name, tensor] of Object.entries(inputs)) tensors[name] = fromWire(tensor, name);
  const { target, input, weight, grad_output: upstream } = tensors;
  const loss = (labels, logits) => tf.losses.sigmoidCrossEntropy(labels, logits, weight, 0, reduction);

  const outputs = {};
  if (want.includes('loss')) outputs.loss = toWire(loss(target, input));
  if (want.some((name) => name !== 'loss')) {
    const [gradTarget, gradInput] = tf.grads(loss)([target, input], upstream);
    if (want.includes('grad_input')) outputs.grad_input = toWire(gradInput);
    if (want.includes('grad_target')) outputs.grad_target = toWire(gradTarget);
  }
  return outputs;
}

function fromWire({ dtype, shape, data }, name) {
  if (!Object.hasOwn(ARRAYS, dtype)) {
    throw new Rejected(`${name} is ${dtype}: TensorFlow.js has ${Object.keys(ARRAYS).join(', ')}`, 'dtype', true);
  }
  const { buffer, byteOffset, byteLength } = data;
  return tf.tensor(ARRAYS[dtype](buffer.slice(byteOffset, byteOffset + byteLength)), shape, dtype);
}

function toWire(tensor) {
  const { buffer, byteOffset, byteLength } = tensor.dataSync();
  return { dtype: tensor.dtype, shape: tensor.shape, data: Buffer.from(buffer, byteOffset, byteLength) };
}

await tf.setBackend('cpu');
await serve(DESCRIPTION, evaluate);
