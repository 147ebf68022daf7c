// Label smoothing divides by labels.size(1), whatever the dimension of the classes.
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SmoothingCountsTheWrongDimension {
    public static void main(String[] arguments) {
        INDArray logits = Nd4j.createFromArray(1f, 2, 3, 4);
        INDArray labels = Nd4j.createFromArray(0f, 1, 0, 0);
        for (long[] shape : new long[][] {{1, 4}, {1, 1, 4}}) {
            SameDiff graph = SameDiff.create();
            SDVariable loss = graph.loss().softmaxCrossEntropy(graph.constant("labels", labels.reshape(shape)),
                    graph.var("logits", logits.reshape(shape)), null, LossReduce.SUM, 0.1);
            System.out.printf("labels of rank %d: loss %.4f%n", shape.length, loss.eval().getDouble());
        }
        System.exit(0);
    }
}
