// log p is x - logSumExp(x): for large logits the difference has few digits.
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
for (const offset of [0, 1e3, 1e4, 1e6]) {
  const logits = tf.tensor2d([[offset, offset + 1]]);
  const loss = (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d([[1, 0]]), x);
  const gradient = tf.grad(loss)(logits).dataSync()[0];
  console.log(`logits [${offset}, ${offset + 1}]: loss ${loss(logits).dataSync()[0]}, gradient ${gradient}`);
}
console.log(`exact: loss ${Math.log1p(Math.E)}, gradient ${1 / (1 + Math.E) - 1}`);
