// A confident mistake is not trained: the sigmoid is clipped to [1e-5, 1-1e-5], and its slope is not.
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;

class ConfidentMistakes {
    public static void main(String[] arguments) {
        var loss = new LossBinaryXENT();
        var sigmoid = new ActivationSigmoid();
        INDArray label = Nd4j.createFromArray(new float[][] {{1}});
        for (float logit : new float[] {-5, -15, -20, -100}) {
            INDArray x = Nd4j.createFromArray(new float[][] {{logit}});
            System.out.printf("logit %.0f, label 1: loss %.4f, gradient %.4e (exact %.4f, %.4e)%n", logit,
                    loss.computeScore(label, x, sigmoid, null, false),
                    loss.computeGradient(label, x, sigmoid, null).getDouble(0),
                    Math.log1p(Math.exp(logit)) - logit, -1 / (1 + Math.exp(logit)));
        }
        System.exit(0);
    }
}
