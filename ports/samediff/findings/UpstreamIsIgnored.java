// What is done to a loss does not reach its gradient: that of 10 times the loss is that of the loss.
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

class UpstreamIsIgnored {
    public static void main(String[] arguments) {
        for (double factor : new double[] {1, 10, 0, -1}) {
            SameDiff graph = SameDiff.create();
            SDVariable logits = graph.var("logits", Nd4j.createFromArray(new float[][] {{0, 0}}));
            SDVariable labels = graph.constant("labels", Nd4j.createFromArray(new float[][] {{0, 1}}));
            SDVariable loss = graph.loss().softmaxCrossEntropy(labels, logits, null).mul(factor);
            graph.setLossVariables(loss);
            System.out.printf("%.0f times the loss: %.4f, gradient %s (exact [%.4f, %.4f])%n", factor,
                    loss.eval().getDouble(), graph.calculateGradients(null, "logits").get("logits"),
                    factor / 2, -factor / 2);
        }
        System.exit(0);
    }
}
