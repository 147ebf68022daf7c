// SigmoidBinaryCrossEntropyLoss adds 1e-12 to a probability before its logarithm, which is 0 in float16.
import ai.djl.ndarray.*;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

class EpsilonInHalf {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        for (DataType dtype : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
            NDArray probability = manager.create(new float[] {0}).toType(dtype, false);
            NDArray loss = Loss.sigmoidBinaryCrossEntropyLoss("loss", 1, true)
                    .evaluate(new NDList(manager.create(new float[] {1}).toType(dtype, false)), new NDList(probability));
            System.out.printf("%s, probability 0, label 1: loss %.4f%n", dtype, loss.toType(DataType.FLOAT32, false).getFloat());
        }
        System.exit(0);
    }
}
