// sparseSoftmaxCrossEntropy is the logarithm of a softmax that is 0, softmaxCrossEntropy is not.
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

class SparseLossIsInfinite {
    public static void main(String[] arguments) {
        for (float logit : new float[] {10, 80, 90, 110}) {
            SameDiff graph = SameDiff.create();
            SDVariable logits = graph.var("logits", Nd4j.createFromArray(new float[][] {{0, logit}}));
            SDVariable index = graph.constant("index", Nd4j.createFromArray(new long[] {0}));
            SDVariable labels = graph.constant("labels", Nd4j.createFromArray(new float[][] {{1, 0}}));
            System.out.printf("logits 0 and %.0f: sparse %.4f, one-hot %.4f%n", logit,
                    graph.loss().sparseSoftmaxCrossEntropy(logits, index).eval().getDouble(0),
                    graph.loss().softmaxCrossEntropy(labels, logits, null).eval().getDouble());
        }
        System.exit(0);
    }
}
