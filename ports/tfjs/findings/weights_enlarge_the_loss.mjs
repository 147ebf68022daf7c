// Weights of a higher rank than the losses enlarge them, silently; labels of another shape are refused.

import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const [labels, logits] = [tf.zeros([3, 5]), tf.zeros([3, 5])];
for (const shape of [[3, 5], [1, 3, 5], [2, 3, 5], [3, 1, 1]]) {
  const { NONE, SUM, SUM_BY_NONZERO_WEIGHTS } = tf.Reduction;
  const loss = (reduction) =>
    tf.losses.sigmoidCrossEntropy(labels, logits, tf.ones(shape), 0, reduction);
  const mean = loss(SUM_BY_NONZERO_WEIGHTS);
  console.log(
    `logits [3,5], weights [${shape}]: NONE [${loss(NONE).shape}],`,
    `SUM ${loss(SUM).arraySync()}, SUM_BY_NONZERO_WEIGHTS ${mean.arraySync()}`,
  );
}
try {
  tf.losses.sigmoidCrossEntropy(tf.zeros([1, 3, 5]), logits);
} catch (error) {
  console.log(error.message);
}
