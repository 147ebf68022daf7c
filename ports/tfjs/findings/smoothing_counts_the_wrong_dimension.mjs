// Label smoothing divides by the second dimension of the labels; the classes are the last.
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
const row = [0, 0, 1, 0];
const logits = [1, 2, 3, 4];
for (const shape of [[1, 4], [1, 1, 4], [1, 2, 4], [4]]) {
  const copies = tf.util.sizeFromShape(shape) / row.length;
  const repeat = (values) => tf.tensor(Array(copies).fill(values).flat(), shape);
  try {
    const loss = tf.losses.softmaxCrossEntropy(repeat(row), repeat(logits), undefined, 0.4).dataSync()[0];
    console.log(`labels of shape [${shape}]: mean ${loss}`);
  } catch (error) {
    console.log(`labels of shape [${shape}]: ${error.message}`);
  }
}
