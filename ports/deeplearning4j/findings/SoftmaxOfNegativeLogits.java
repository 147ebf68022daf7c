// The softmax of several rows is NaN in float64 where every logit is -1000.
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

class SoftmaxOfNegativeLogits {
    public static void main(String[] arguments) {
        INDArray labels = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}});
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (double logit : new double[] {1000, -700, -740, -1000}) {
                INDArray x = Nd4j.createFromArray(new double[][] {{logit, logit}, {logit, logit}}).castTo(type);
                double loss = new LossMCXENT().computeScore(labels.castTo(type), x, new ActivationSoftmax(), null, false);
                System.out.printf("%s, every logit %.0f: softmax %.4f, loss %.4f (exact 0.5, %.4f)%n", type, logit,
                        Nd4j.nn.softmax(x, 1).getDouble(0), loss, 2 * Math.log(2));
            }
        }
        System.exit(0);
    }
}
