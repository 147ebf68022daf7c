// The gradient of sigmoidCrossEntropy cancels for a confident negative: in float32 it is 0 from -17 on.
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.factory.Nd4j;

class GradientCancels {
    public static void main(String[] arguments) {
        for (float logit : new float[] {-5, -10, -15, -20}) {
            SameDiff graph = SameDiff.create();
            SDVariable x = graph.var("x", Nd4j.createFromArray(new float[][] {{logit}}));
            SDVariable label = graph.constant("label", Nd4j.createFromArray(new float[][] {{0}}));
            graph.loss().sigmoidCrossEntropy(label, x, null);
            System.out.printf("logit %.0f, label 0: gradient %.4e (exact %.4e)%n", logit,
                    graph.calculateGradients(null, "x").get("x").getDouble(0), 1 / (1 + Math.exp(-logit)));
        }
        System.exit(0);
    }
}
