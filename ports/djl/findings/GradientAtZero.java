// The gradient of SigmoidBinaryCrossEntropyLoss at a logit of 0 has the slopes of relu and |x| there, which are taken for 0.
import ai.djl.engine.Engine;
import ai.djl.ndarray.*;
import ai.djl.training.loss.Loss;

class GradientAtZero {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        for (float x : new float[] {0, 1e-6f}) {
            for (float label : new float[] {0, 1}) {
                NDArray logit = manager.create(new float[] {x});
                logit.setRequiresGradient(true);
                try (var collector = Engine.getInstance().newGradientCollector()) {
                    NDArray loss = Loss.sigmoidBinaryCrossEntropyLoss()
                            .evaluate(new NDList(manager.create(new float[] {label})), new NDList(logit));
                    collector.backward(loss);
                    System.out.printf("logit %.0e, label %.0f: loss %.4f, gradient %.4f (exact %.4f)%n", x, label,
                            loss.getFloat(), logit.getGradient().getFloat(0), 1 / (1 + Math.exp(-x)) - label);
                }
            }
        }
        System.exit(0);
    }
}
