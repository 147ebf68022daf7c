// The two losses of several labels that take logits.
//
// With y = exp(-|x|) and L = log1p(y), an element of either loss and its derivative are
//
//   loss  = w * (((1-t) + p*t) * L + (x >= 0 ? 1-t : -p*t) * x)
//   slope = w * (x >= 0 ? (1-t) - p*t*y : (1-t)*y - p*t) / (1+y)
//
// with the weight w and the pos_weight p, 1 where they are not given. Nothing here overflows, and
// nothing cancels.

import { LossError, checkPair, expand, reduce, size, sum } from './arguments.mjs';

/**
 * Returns [loss, gradient of x] of BCEWithLogitsLoss, both in the dtype of x.
 *
 * x and t have one shape; weight and posWeight broadcast to it. upstream is the gradient of the
 * loss, of its shape. Of the options, undefined means: no weights, 'mean', an upstream of ones.
 */
export function bceWithLogits(x, t, { weight, posWeight, reduction = 'mean', upstream } = {}) {
  const { losses, slopes } = elements(x, t, weight, posWeight);
  return reduce(x, { losses, slopes, shape: x.shape }, reduction, upstream);
}

/** Returns [loss, gradient of x] of MultiLabelSoftMarginLoss; see bceWithLogits. */
export function multiLabelSoftMargin(x, t, { weight, reduction = 'mean', upstream } = {}) {
  const { losses, slopes } = elements(x, t, weight, undefined);
  if (x.shape.length === 0) {
    throw new LossError('shape', 'input is 0-d, want at least the dimension of the classes');
  }
  const shape = x.shape.slice(0, -1);
  const classes = x.shape.at(-1);
  const rows = new Float64Array(size(shape));
  for (let i = 0; i < rows.length; i++) {
    rows[i] = sum(losses.subarray(i * classes, (i + 1) * classes)) / classes;
  }
  const parts = { losses: rows, slopes: slopes.map((slope) => slope / classes), shape };
  return reduce(x, parts, reduction, upstream);
}

/** Returns the loss and the derivative of each element, before any reduction. */
function elements(x, t, weight, posWeight) {
  checkPair(x, t);
  const w = expand('weight', weight, x);
  const p = expand('pos_weight', posWeight, x);
  const losses = new Float64Array(x.values.length);
  const slopes = new Float64Array(x.values.length);
  for (let i = 0; i < losses.length; i++) {
    losses[i] = w[i] * loss(x.values[i], t.values[i], p[i]);
    slopes[i] = w[i] * slope(x.values[i], t.values[i], p[i]);
  }
  return { losses, slopes };
}

function loss(x, t, p) {
  const factor = x >= 0 ? 1 - t : -p * t;
  // At an infinite logit: the limit in x with its factor fixed.
  const linear = factor === 0 && Math.abs(x) === Infinity ? 0 : factor * x;
  return (1 - t + p * t) * Math.log1p(Math.exp(-Math.abs(x))) + linear;
}

function slope(x, t, p) {
  const y = Math.exp(-Math.abs(x));
  return (x >= 0 ? 1 - t - p * t * y : (1 - t) * y - p * t) / (1 + y);
}
