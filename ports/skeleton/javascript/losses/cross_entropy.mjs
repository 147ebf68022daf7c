// CrossEntropyLoss, which takes logits and one class for each row, or a probability for each class.
//
// In a row of logits x let m be the largest, d = m - x, and R the sum of exp(-d) over the other
// classes. Then
//
//   -log p = d + log1p(R)      p = exp(-d) / (1 + R)      1 - p = the sum of the other p
//
// and nothing cancels where one class dominates. A row has a coefficient a for each class: with the
// index y of a class (1-e)*w[y] for class y and e/C*w for each, with probabilities
// w*((1-e)*t + e/C), where w is the weight, C the number of classes and e the label smoothing. Then
//
//   loss  = the sum of a * -log p
//   slope = p * (the sum of the other a) - a * (1-p)

import { LossError, checkInput, reduce, sameShape, size, sum } from './arguments.mjs';

/**
 * Returns [loss, gradient of x] of CrossEntropyLoss, both in the dtype of x.
 *
 * x has shape (C,), (N, C) or (N, C, d1, ...). target has class indices, in the shape of x without
 * C, or class probabilities, in that of x. weight has shape (C,). A row whose class index is
 * ignoreIndex, a BigInt, does not count. See bceWithLogits for the other options.
 */
export function crossEntropy(x, target, options = {}) {
  const { weight, reduction = 'mean', upstream, ignoreIndex = -100n, labelSmoothing = 0 } = options;
  checkArguments(x, target, weight, ignoreIndex, labelSmoothing);
  const ofProbabilities = sameShape(target.shape, x.shape);
  const axis = Math.min(1, x.shape.length - 1);
  const classes = x.shape[axis];
  const shape = x.shape.toSpliced(axis, 1);
  const stride = size(x.shape.slice(axis + 1)); // from one class of a row to the next
  const w = weight?.values ?? new Float64Array(classes).fill(1);
  const smoothing = Math.max(0, labelSmoothing);

  const losses = new Float64Array(size(shape));
  const divisors = new Float64Array(losses.length);
  const slopes = new Float64Array(x.values.length);
  const counts = new Array(losses.length).fill(true);
  for (let row = 0; row < losses.length; row++) {
    const first = Math.floor(row / stride) * classes * stride + (row % stride);
    const at = (array) => Float64Array.from({ length: classes }, (_, j) => array.values[first + j * stride]);
    let a;
    if (ofProbabilities) {
      a = at(target).map((t, j) => w[j] * (t * (1 - smoothing) + smoothing / classes));
      divisors[row] = 1;
    } else {
      const y = BigInt(target.values[row]);
      counts[row] = y !== ignoreIndex;
      if (!counts[row]) continue;
      if (y < 0n || y >= BigInt(classes)) {
        throw new LossError('value', `the class index ${y} is not in [0, ${classes})`);
      }
      // Where no part of an infinite weight is taken, 0 times infinity must not come in.
      a = Float64Array.from(w, (each) => (smoothing > 0 ? (smoothing / classes) * each : 0));
      a[y] += (1 - smoothing) * w[y];
      divisors[row] = w[y];
    }
    const { minusLog, p, rest } = softmax(at(x));
    const othersOfA = others(a);
    losses[row] = sum(a.map((each, j) => times(each, minusLog[j])));
    for (let j = 0; j < classes; j++) {
      slopes[first + j * stride] = times(othersOfA[j], p[j]) - times(a[j], rest[j]);
    }
  }
  const lossOf = (i) => Math.floor(i / (classes * stride)) * stride + (i % stride);
  const parts = { losses, slopes, shape, divisor: sum(divisors), lossOf };
  const [loss, gradient] = reduce(x, parts, reduction, upstream);
  // A row that does not count has no gradient, also where the divisor is 0.
  gradient.values.forEach((_, i, values) => { if (!counts[lossOf(i)]) values[i] = 0; });
  return [loss, gradient];
}

function checkArguments(x, target, weight, ignoreIndex, labelSmoothing) {
  checkInput(x);
  if (x.shape.length === 0) {
    throw new LossError('shape', 'input is 0-d, want at least the dimension of the classes');
  }
  if (!(labelSmoothing <= 1)) {
    throw new LossError('option', `label_smoothing is ${labelSmoothing}, want at most 1`);
  }
  const axis = Math.min(1, x.shape.length - 1);
  if (sameShape(target.shape, x.shape)) {
    if (target.dtype !== x.dtype) {
      throw new LossError('dtype', `class probabilities have dtype ${target.dtype}, want ${x.dtype}`);
    }
    if (ignoreIndex >= 0n) {
      throw new LossError('option', 'ignore_index is not for class probabilities');
    }
  } else if (!sameShape(target.shape, x.shape.toSpliced(axis, 1))) {
    const message = `target has shape [${target.shape}], want [${x.shape}], or that without classes`;
    throw new LossError('shape', message);
    // PyTorch takes uint8 where there are no further dimensions than rows and classes.
  } else if (target.dtype !== 'int64' && !(target.dtype === 'uint8' && x.shape.length <= 2)) {
    throw new LossError('dtype', `class indices have dtype ${target.dtype}, want int64`);
  }
  if (weight === undefined) return;
  if (!sameShape(weight.shape, [x.shape[axis]])) {
    throw new LossError('shape', `weight has shape [${weight.shape}], want a number for each class`);
  }
  if (weight.dtype !== x.dtype) {
    throw new LossError('dtype', `weight has dtype ${weight.dtype}, want that of input, ${x.dtype}`);
  }
}

/** Returns -log p, p and 1-p of each class of a row. */
function softmax(x) {
  const m = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const largest = x.indexOf(m); // -1 where m is NaN
  const tied = Math.abs(m) === Infinity && x.indexOf(m, largest + 1) >= 0;
  // m - m is 0 where m is infinite too, as long as the other classes are below it.
  const d = x.map((value, j) => (tied || largest < 0 ? NaN : j === largest ? 0 : m - value));
  const r = sum(d.map((each, j) => (j === largest && !tied ? 0 : Math.exp(-each))));
  const p = d.map((each) => Math.exp(-each) / (1 + r));
  return { minusLog: d.map((each) => each + Math.log1p(r)), p, rest: others(p) };
}

/** Returns for each class the sum over the other classes: by halves, nothing is subtracted. */
function others(a) {
  if (a.length < 2) return new Float64Array(a.length);
  const half = Math.floor(a.length / 2);
  const [left, right] = [a.slice(0, half), a.slice(half)];
  const [ofLeft, ofRight] = [sum(left), sum(right)];
  return Float64Array.from([
    ...others(left).map((each) => each + ofRight),
    ...others(right).map((each) => each + ofLeft),
  ]);
}

/** Returns a*b, but 0 where a is 0 and b infinite: the limit in the logits with a fixed. */
function times(a, b) {
  return a === 0 && Math.abs(b) === Infinity ? 0 : a * b;
}
