// LossReduce.NONE keeps a dimension of size 1, where the documentation has [numExamples].
import java.util.Arrays;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

class ShapeOfNone {
    public static void main(String[] arguments) {
        SameDiff graph = SameDiff.create();
        SDVariable logits = graph.var("logits", Nd4j.ones(4, 3));
        SDVariable labels = graph.constant("labels", Nd4j.eye(4).getColumns(0, 1, 2));
        SDVariable index = graph.constant("index", Nd4j.createFromArray(0L, 1L, 2L, 0L));
        System.out.printf("logits [4, 3]: softmaxCrossEntropy %s, sparseSoftmaxCrossEntropy %s%n",
                Arrays.toString(graph.loss().softmaxCrossEntropy(labels, logits, null, LossReduce.NONE, 0).eval().shape()),
                Arrays.toString(graph.loss().sparseSoftmaxCrossEntropy(logits, index).eval().shape()));
        System.exit(0);
    }
}
