// Neither mean of tf.losses divides by the number of elements: SUM_BY_NONZERO_WEIGHTS, the default,
// leaves out those of weight zero, MEAN divides by the sum of the weights.

import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const labels = tf.tensor1d([0, 0, 0, 0]);
const logits = tf.zeros([4]); // each loss is log 2 = 0.6931
for (const weights of [[1, 1, 1, 1], [2, 2, 2, 2], [1, 1, 0, 0], [0, 0, 0, 0]]) {
  const loss = (reduction) =>
    tf.losses.sigmoidCrossEntropy(labels, logits, tf.tensor1d(weights), 0, reduction).arraySync();
  const torch = (Math.log(2) * weights.reduce((a, b) => a + b)) / weights.length;
  console.log(
    `weights [${weights}]: SUM_BY_NONZERO_WEIGHTS ${loss(tf.Reduction.SUM_BY_NONZERO_WEIGHTS)},`,
    `MEAN ${loss(tf.Reduction.MEAN)}, sum / count ${torch}`,
  );
}
