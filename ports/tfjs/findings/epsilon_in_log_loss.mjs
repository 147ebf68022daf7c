// logLoss adds 1e-7 inside both logarithms, and takes any number for a probability.
import * as tf from '@tensorflow/tfjs';

await tf.setBackend('cpu');
for (const [probability, label] of [[1e-8, 1], [0, 1], [1, 0], [1.5, 1], [NaN, 1], [0.5, 2]]) {
  const loss = tf.losses.logLoss(tf.tensor1d([label]), tf.tensor1d([probability])).dataSync()[0];
  const exact = label === 1 ? -Math.max(Math.log(probability), -100) : -Math.max(Math.log1p(-probability), -100);
  const defined = probability >= 0 && probability <= 1 && label <= 1;
  console.log(`probability ${probability}, label ${label}: ${loss}, ${defined ? `exact ${exact}` : 'PyTorch refuses'}`);
}
