// BCELoss, which takes probabilities. With log'(z) = max(log z, -100) an element is
//
//   loss  = -w * (t * log'(x) + (1-t) * log'(1-x))
//   slope = w * (x-t) / max(x*(1-x), 1e-12)
//
// with the weight w, 1 where it is not given. The clamp of the logarithm belongs to the definition.

import { LossError, checkPair, expand, reduce } from './arguments.mjs';

const SMALLEST = Math.fround(1e-12); // PyTorch's constant, in float64 too

/** Returns [loss, gradient of x] of BCELoss; x and t lie in [0, 1]. See bceWithLogits. */
export function bce(x, t, { weight, reduction = 'mean', upstream } = {}) {
  checkPair(x, t);
  const w = expand('weight', weight, x);
  for (const [name, array] of Object.entries({ input: x, target: t })) {
    if (!array.values.every((value) => value >= 0 && value <= 1)) { // a NaN is outside too
      throw new LossError('value', `${name} has an element outside [0, 1]`);
    }
  }
  const losses = new Float64Array(x.values.length);
  const slopes = new Float64Array(x.values.length);
  for (let i = 0; i < losses.length; i++) {
    const [a, b] = [x.values[i], t.values[i]];
    const [ofOne, ofZero] = [Math.max(Math.log(a), -100), Math.max(Math.log1p(-a), -100)];
    losses[i] = -w[i] * (b * ofOne + (1 - b) * ofZero);
    slopes[i] = (w[i] * (a - b)) / Math.max(a * (1 - a), SMALLEST);
  }
  return reduce(x, { losses, slopes, shape: x.shape }, reduction, upstream);
}
