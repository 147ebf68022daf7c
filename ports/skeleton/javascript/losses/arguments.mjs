// What the losses share: the checks of their arguments, weights, sums, reductions.

// Numbers of 16 bits are those of float64: who calls rounds them.
const TYPES = {
  float16: Float64Array, bfloat16: Float64Array, float32: Float32Array, float64: Float64Array,
};

/** The arguments do not fit. kind is shape, dtype, option or value. */
export class LossError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** Refuses an input that is no floating point, and a target of another dtype or shape. */
export function checkPair(x, t) {
  checkInput(x);
  if (t.dtype !== x.dtype) {
    throw new LossError('dtype', `target has dtype ${t.dtype}, want that of input, ${x.dtype}`);
  }
  if (!sameShape(t.shape, x.shape)) {
    throw new LossError('shape', `target has shape [${t.shape}], want that of input, [${x.shape}]`);
  }
}

export function checkInput(x) {
  if (!Object.hasOwn(TYPES, x.dtype)) {
    throw new LossError('dtype', `input has dtype ${x.dtype}, want a floating-point dtype`);
  }
}

export function sameShape(a, b) {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** Returns the number of elements of a shape. */
export function size(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

/** Sums in pairs: the error grows with the logarithm of the number of terms. */
export function sum(values) {
  if (values.length <= 8) return values.reduce((a, b) => a + b, 0);
  const half = values.length >> 1;
  return sum(values.subarray(0, half)) + sum(values.subarray(half));
}

/** Returns a weight in the shape of x, which it may not enlarge; undefined means ones. */
export function expand(name, array, x) {
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

/**
 * Reduces losses, which have the given shape, and multiplies each slope by the upstream gradient
 * of the loss that it belongs to; returns both in the dtype of x.
 *
 * divisor is what the mean divides by. lossOf says which loss a slope belongs to; by default as
 * many slopes that follow each other belong to each.
 */
export function reduce(x, { losses, slopes, shape, divisor = losses.length, lossOf }, reduction, upstream) {
  if (!['none', 'mean', 'sum'].includes(reduction)) {
    throw new LossError('option', `reduction '${reduction}': want 'none', 'mean' or 'sum'`);
  }
  const run = slopes.length / losses.length;
  let [values, scale, at] = [losses, 1, lossOf ?? ((i) => Math.floor(i / run))];
  if (reduction !== 'none') {
    scale = reduction === 'mean' ? divisor : 1;
    [values, shape, at] = [[sum(losses) / scale], [], () => 0];
  }
  if (upstream !== undefined && !sameShape(upstream.shape, shape)) {
    const message = `grad_output has shape [${upstream.shape}], want that of the loss, [${shape}]`;
    throw new LossError('shape', message);
  }
  const u = upstream === undefined ? () => 1 : (i) => upstream.values[at(i)];
  const Type = TYPES[x.dtype];
  return [
    { dtype: x.dtype, shape, values: Type.from(values) },
    { dtype: x.dtype, shape: x.shape, values: Type.from(slopes, (slope, i) => u(i) * (slope / scale)) },
  ];
}
