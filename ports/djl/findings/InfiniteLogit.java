// SigmoidBinaryCrossEntropyLoss subtracts infinity from infinity at an infinite logit.
import ai.djl.ndarray.*;
import ai.djl.training.loss.Loss;

class InfiniteLogit {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        for (float x : new float[] {1e30f, Float.POSITIVE_INFINITY}) {
            NDArray loss = Loss.sigmoidBinaryCrossEntropyLoss()
                    .evaluate(new NDList(manager.create(new float[] {0})), new NDList(manager.create(new float[] {x})));
            System.out.println("logit " + x + ", label 0: loss " + loss.getFloat());
        }
        System.exit(0);
    }
}
