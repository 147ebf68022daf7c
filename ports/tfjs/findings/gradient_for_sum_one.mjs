// The gradient of softmaxCrossEntropy is softmax(x) - labels, whatever the labels add up to.
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const logits = [1, 2, 3];
const total = logits.map(Math.exp).reduce((a, b) => a + b);
const softmax = logits.map((x) => Math.exp(x) / total);
for (const labels of [[0, 1, 0], [0, 0, 0], [1, 1, 0], [0, 2, 0]]) {
  const loss = (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d([labels]), x);
  const gradient = tf.grad(loss)(tf.tensor2d([logits])).dataSync();
  const sum = labels.reduce((a, b) => a + b);
  const exact = softmax.map((p, i) => p * sum - labels[i]);
  const show = (values) => [...values].map((value) => value.toFixed(4)).join(' ');
  console.log(`labels [${labels}]: gradient ${show(gradient)}, exact ${show(exact)}`);
}
