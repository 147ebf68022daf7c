// The gradient is put together from that of max(x, 0), that of x * z and that of log(1 + exp(-|x|)),
// which cancel where x is large and z = 1.

import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
for (const x of [10, 17, 20]) {
  const loss = (logits) => tf.losses.sigmoidCrossEntropy(tf.scalar(1), logits);
  const gradient = tf.grad(loss)(tf.scalar(x)).arraySync();
  console.log(`logit ${x}, label 1: gradient ${gradient}, exact ${-1 / (1 + Math.exp(x))}`);
}
