// Both losses and their gradients. Put your own implementation in the place of this file.
//
// With y = exp(-|x|) and L = log1p(y), an element of either loss and its derivative are
//
//   loss  = w * (((1-t) + p*t) * L + (x >= 0 ? 1-t : -p*t) * x)
//   slope = w * (x >= 0 ? (1-t) - p*t*y : (1-t)*y - p*t) / (1+y)
//
// with the weight w and the pos_weight p, 1 where they are not given. Nothing here overflows, and
// nothing cancels. All is computed in float64 and rounded once.
//
// An array is {dtype, shape, values}: values is a Float32Array or a Float64Array, row-major.

const TYPES = { float32: Float32Array, float64: Float64Array };

/** The arguments do not fit. kind is shape, dtype or option. */
export class LossError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Returns [loss, gradient of x] of BCEWithLogitsLoss, both in the dtype of x.
 *
 * x and t have one shape; weight and posWeight broadcast to it. upstream is the gradient of the
 * loss, of its shape. Of the options, undefined means: no weights, 'mean', an upstream of ones.
 */
export function bceWithLogits(x, t, { weight, posWeight, reduction = 'mean', upstream } = {}) {
  const { losses, slopes } = elements(x, t, weight, posWeight);
  return reduce(x, losses, slopes, x.shape, reduction, upstream);
}

/** Returns [loss, gradient of x] of MultiLabelSoftMarginLoss; see bceWithLogits. */
export function multiLabelSoftMargin(x, t, { weight, reduction = 'mean', upstream } = {}) {
  const { losses, slopes } = elements(x, t, weight, undefined);
  if (x.shape.length === 0) {
    throw new LossError('shape', 'input is 0-d, want at least the dimension of the classes');
  }
  const rowShape = x.shape.slice(0, -1);
  const classes = x.shape.at(-1);
  const rows = new Float64Array(size(rowShape));
  for (let i = 0; i < rows.length; i++) {
    rows[i] = sum(losses.subarray(i * classes, (i + 1) * classes)) / classes;
  }
  return reduce(x, rows, slopes.map((slope) => slope / classes), rowShape, reduction, upstream);
}

/** Returns the loss and the derivative of each element, before any reduction. */
function elements(x, t, weight, posWeight) {
  if (!Object.hasOwn(TYPES, x.dtype)) {
    throw new LossError('dtype', `input has dtype ${x.dtype}, want float32 or float64`);
  }
  if (t.dtype !== x.dtype) {
    throw new LossError('dtype', `target has dtype ${t.dtype}, want that of input, ${x.dtype}`);
  }
  if (String(t.shape) !== String(x.shape) || t.shape.length !== x.shape.length) {
    throw new LossError('shape', `target has shape [${t.shape}], want that of input, [${x.shape}]`);
  }
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

/**
 * Reduces losses, which have the given shape, and multiplies each slope by the upstream gradient
 * of the loss that it belongs to; rounds both to the dtype of x.
 */
function reduce(x, losses, slopes, shape, reduction, upstream) {
  if (!['none', 'mean', 'sum'].includes(reduction)) {
    throw new LossError('option', `reduction '${reduction}': want 'none', 'mean' or 'sum'`);
  }
  let [values, scale] = [losses, 1];
  if (reduction !== 'none') {
    scale = reduction === 'mean' ? losses.length : 1;
    [values, shape] = [[sum(losses) / scale], []];
  }
  if (upstream !== undefined && String(upstream.shape) !== String(shape)) {
    const message = `grad_output has shape [${upstream.shape}], want that of the loss, [${shape}]`;
    throw new LossError('shape', message);
  }
  const run = slopes.length / values.length; // the slopes that belong to one loss
  const gradient = slopes.map((slope, i) => {
    const u = upstream === undefined ? 1 : upstream.values[Math.floor(i / run)];
    return u * (slope / scale);
  });
  const Type = TYPES[x.dtype];
  return [
    { dtype: x.dtype, shape, values: Type.from(values) },
    { dtype: x.dtype, shape: x.shape, values: Type.from(gradient) },
  ];
}

/** Returns a weight in the shape of x, which it may not enlarge; undefined means ones. */
function expand(name, array, x) {
  const expanded = new Float64Array(x.values.length).fill(1);
  if (array === undefined) return expanded;
  if (array.dtype !== x.dtype) {
    throw new LossError('dtype', `${name} has dtype ${array.dtype}, want that of input, ${x.dtype}`);
  }
  const skipped = x.shape.length - array.shape.length;
  const fits = array.shape.every((n, axis) => n === 1 || n === x.shape[skipped + axis]);
  if (skipped < 0 || !fits) {
    const message = `${name} has shape [${array.shape}], which does not broadcast to [${x.shape}]`;
    throw new LossError('shape', message);
  }
  for (let i = 0; i < expanded.length; i++) {
    let [rest, index, stride] = [i, 0, 1];
    for (let axis = x.shape.length - 1; axis >= skipped; axis--) {
      const n = array.shape[axis - skipped];
      if (n !== 1) index += (rest % x.shape[axis]) * stride;
      stride *= n;
      rest = Math.floor(rest / x.shape[axis]);
    }
    expanded[i] = array.values[index];
  }
  return expanded;
}

/** Sums in pairs: the error grows with the logarithm of the number of terms. */
function sum(values) {
  if (values.length <= 8) return values.reduce((a, b) => a + b, 0);
  const half = values.length >> 1;
  return sum(values.subarray(0, half)) + sum(values.subarray(half));
}

function size(shape) {
  return shape.reduce((a, b) => a * b, 1);
}
