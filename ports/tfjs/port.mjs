// TensorFlow.js as a port of lossproof: tf.losses.sigmoidCrossEntropy, logLoss and
// softmaxCrossEntropy, asked over the wire protocol.
//
// The losses are called as they are, the gradients are those of tf.grads. This file translates
// calls, tensors and exceptions, and computes nothing: what the library does not have is not claimed.

import * as tf from '@tensorflow/tfjs';

import { Rejected, Unsupported, serve } from '../skeleton/javascript/wire.mjs';

const dtypes = ['float32'];
const outputs = ['loss', 'grad_input', 'grad_target'];
const missing = ['legacy_reduction', 'mixed_dtype'];

const DESCRIPTION = {
  port: {
    name: '@tensorflow/tfjs',
    version: tf.version.tfjs,
    language: 'javascript',
    language_version: process.versions.node,
  },
  modules: {
    BCEWithLogitsLoss: { dtypes, outputs, without: ['pos_weight', ...missing] },
    BCELoss: { dtypes, outputs, without: missing },
    // It takes one-hot labels or probabilities, and weights of rows, none of classes.
    CrossEntropyLoss: {
      dtypes, outputs, without: ['weight', 'integer_targets', 'ignore_index', ...missing],
    },
  },
};

// The losses by module: each takes labels and predictions, which it may be differentiated in.
const LOSSES = {
  BCEWithLogitsLoss: (reduction, weight) => (labels, logits) =>
    tf.losses.sigmoidCrossEntropy(labels, logits, weight, 0, reduction),
  BCELoss: (reduction, weight) => (labels, probabilities) =>
    tf.losses.logLoss(labels, probabilities, weight, undefined, reduction),
  CrossEntropyLoss: (reduction, weight, smoothing) => (labels, logits) =>
    tf.losses.softmaxCrossEntropy(classesLast(labels), classesLast(logits), weight, smoothing, reduction),
};

/** Returns a view with the dimension of the classes, the second, as the last: there they are in tf. */
function classesLast(tensor) {
  if (tensor.rank < 3) return tensor;
  const axes = [...tensor.shape.keys()];
  return tf.transpose(tensor, axes.toSpliced(1, 1).concat(1));
}

// The reductions by PyTorch's names. tf.losses has two means. SUM_BY_NONZERO_WEIGHTS, its default,
// is PyTorch's mean but where a weight is zero; MEAN divides by the sum of the weights. Any other
// name goes to the library as it is, and the library refuses it.
const REDUCTIONS = {
  none: tf.Reduction.NONE,
  mean: tf.Reduction.SUM_BY_NONZERO_WEIGHTS,
  sum: tf.Reduction.SUM,
};

/** Returns a program that calls a loss by itself, into which lossproof writes a call. */
const snippet = (module) => `import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const [inf, nan, True, False] = [Infinity, NaN, 1, 0];
const array = (values, dtype, shape) => tf.tensor(values, shape, dtype);
const values = (tensor) => \`[\${[...tensor.dataSync()].join(', ')}]\`;
${classesLast}
const lossOf = ${LOSSES[module]};

const input = array({input}, '{input_dtype}', {input_shape});
const target = array({target}, '{target_dtype}', {target_shape});
let [reduction, weight, smoothing, upstream] = ['mean'];
reduction = '{reduction}';
weight = array({weight}, '{weight_dtype}', {weight_shape});
smoothing = {label_smoothing};
upstream = array({grad_output}, '{grad_output_dtype}', {grad_output_shape});
const reductions = ${JSON.stringify(REDUCTIONS)};
const loss = lossOf(reductions[reduction] ?? reduction, weight, smoothing);
console.log('loss', values(loss(target, input)));
const [gradTarget, gradInput] = tf.grads(loss)([target, input], upstream);
console.log('grad_input', values(gradInput));
console.log('grad_target', values(gradTarget));
`;

DESCRIPTION.snippets = Object.fromEntries(Object.keys(LOSSES).map((module) => [module, snippet(module)]));

// TensorFlow.js has no other dtype for numbers.
const ARRAYS = {
  float32: (buffer) => new Float32Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
};

// How the library refuses a call: what its message says, and the kind of refusal. Any other
// exception is a failure: a crash of the library must not pass for a refusal.
const REFUSALS = [
  [/^Error in (sigmoidCrossEntropy|logLoss|softmaxCrossEntropy): .*Shapes .* and .* must match/, 'shape'],
  [/^Operands could not be broadcast together with shapes/, 'shape'],
  [/^All values in axis param must be in range/, 'shape'],
  [/^Unknown reduction: /, 'option'],
];

function evaluate(module, options, inputs, want) {
  if (!Object.hasOwn(LOSSES, module)) throw new Unsupported(`module '${module}'`);
  for (const name of ['pos_weight', 'size_average', 'reduce', 'ignore_index']) {
    if (name in options || name in inputs) throw new Unsupported(`tf.losses has no ${name}`);
  }
  if (module === 'CrossEntropyLoss' && 'weight' in inputs) {
    throw new Unsupported('softmaxCrossEntropy has weights of rows, none of classes');
  }
  const name = options.reduction ?? 'mean';
  const reduction = Object.hasOwn(REDUCTIONS, name) ? REDUCTIONS[name] : name;
  try {
    return tf.tidy(() => call(LOSSES[module], reduction, options.label_smoothing, inputs, want));
  } catch (error) {
    const refusal = REFUSALS.find(([message]) => message.test(error.message));
    if (refusal === undefined) throw error;
    throw new Rejected(error.message, refusal[1]);
  }
}

function call(lossOf, reduction, smoothing, inputs, want) {
  const tensors = {};
  for (const [name, tensor] of Object.entries(inputs)) tensors[name] = fromWire(tensor, name);
  const { target, input, weight, grad_output: upstream } = tensors;
  const loss = lossOf(reduction, weight, smoothing);

  const found = {};
  if (want.includes('loss')) found.loss = toWire(loss(target, input));
  if (want.some((name) => name !== 'loss')) {
    const [gradTarget, gradInput] = tf.grads(loss)([target, input], upstream);
    if (want.includes('grad_input')) found.grad_input = toWire(gradInput);
    if (want.includes('grad_target')) found.grad_target = toWire(gradTarget);
  }
  return found;
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
