// SigmoidBinaryCrossEntropyLoss of probabilities is the log-likelihood: to train with it trains away from the labels.
import ai.djl.engine.Engine;
import ai.djl.ndarray.*;
import ai.djl.training.loss.Loss;

class SignOfProbabilities {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        for (float p : new float[] {0.25f, 0.75f}) {
            NDArray probability = manager.create(new float[] {p});
            probability.setRequiresGradient(true);
            try (var collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss = Loss.sigmoidBinaryCrossEntropyLoss("loss", 1, true)
                        .evaluate(new NDList(manager.create(new float[] {1})), new NDList(probability));
                collector.backward(loss);
                System.out.printf("probability %.2f, label 1: loss %.4f, gradient %.4f (exact %.4f, %.4f)%n",
                        p, loss.getFloat(), probability.getGradient().getFloat(0), -Math.log(p), -1 / p);
            }
        }
        System.exit(0);
    }
}
