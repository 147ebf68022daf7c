// In float16, 1-1e-5 is 1: the clip lets probabilities of 1 through, and loss and gradient are NaN.
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;

class ClipInHalf {
    public static void main(String[] arguments) {
        var loss = new LossBinaryXENT();
        var sigmoid = new ActivationSigmoid();
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.HALF}) {
            INDArray label = Nd4j.createFromArray(new float[][] {{1}}).castTo(type);
            for (float logit : new float[] {5, 8, 10}) {
                INDArray x = Nd4j.createFromArray(new float[][] {{logit}}).castTo(type);
                System.out.printf("%s, logit %.0f, label 1: loss %.3e, gradient %.3e%n", type, logit,
                        loss.computeScore(label, x, sigmoid, null, false),
                        loss.computeGradient(label, x, sigmoid, null).getDouble(0));
            }
        }
        System.exit(0);
    }
}
