// max(x, 0) - x * z + log(1 + exp(-|x|)) is NaN at infinite logits, also where it has a limit: it
// meets inf - inf, or inf * 0.

import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
for (const [x, z] of [[Infinity, 0], [Infinity, 0.3], [Infinity, 1], [-Infinity, 0], [-Infinity, 1]]) {
  const loss = tf.losses.sigmoidCrossEntropy(tf.scalar(z), tf.scalar(x)).arraySync();
  console.log(`logit ${x}, label ${z}: ${loss}`);
}
