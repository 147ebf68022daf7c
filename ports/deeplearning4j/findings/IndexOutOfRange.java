// A class index beyond the classes is not refused: its loss is 0, and every class is trained down.
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;

class IndexOutOfRange {
    public static void main(String[] arguments) {
        var loss = new LossSparseMCXENT();
        INDArray x = Nd4j.createFromArray(new float[][] {{1, 2, 3}});
        for (long index : new long[] {2, 3, -1}) {
            INDArray label = Nd4j.createFromArray(new long[][] {{index}});
            System.out.printf("index %d of 3 classes: loss %.4f, gradient %s%n", index,
                    loss.computeScore(label, x, new ActivationSoftmax(), null, false),
                    loss.computeGradient(label, x, new ActivationSoftmax(), null));
        }
        System.exit(0);
    }
}
