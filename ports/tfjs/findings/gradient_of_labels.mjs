// The gradient of softmaxCrossEntropy in the labels is labels - softmax(x), not -log softmax(x).
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const logits = [1, 2, 3];
const logTotal = Math.log(logits.map(Math.exp).reduce((a, b) => a + b));
const loss = (labels) => tf.losses.softmaxCrossEntropy(labels, tf.tensor2d([logits]));
const labels = tf.tensor2d([[0, 1, 0]]);
const gradient = tf.grad(loss)(labels).dataSync();
const step = 1 / 1024; // the loss is linear in the labels
logits.forEach((x, i) => {
  const moved = labels.arraySync();
  moved[0][i] += step;
  const difference = (loss(tf.tensor2d(moved)).dataSync()[0] - loss(labels).dataSync()[0]) / step;
  console.log(`label ${i}: gradient ${gradient[i].toFixed(4)}, by differences ${difference.toFixed(4)}, exact ${(logTotal - x).toFixed(4)}`);
});
