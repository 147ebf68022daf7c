// The loss of LossMCXENT ends at 23.03, for its softmax is clipped to [1e-10, 1-1e-10].
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

class SoftmaxIsClipped {
    public static void main(String[] arguments) {
        INDArray label = Nd4j.createFromArray(new double[][] {{1, 0}});
        for (double logit : new double[] {10, 30, 100}) {
            INDArray x = Nd4j.createFromArray(new double[][] {{0, logit}});
            System.out.printf("logits 0 and %.0f, class 0: loss %.4f (exact %.4f)%n", logit,
                    new LossMCXENT().computeScore(label, x, new ActivationSoftmax(), null, false),
                    logit + Math.log1p(Math.exp(-logit)));
        }
        System.exit(0);
    }
}
