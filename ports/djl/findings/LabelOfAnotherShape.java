// SigmoidBinaryCrossEntropyLoss gives labels the shape of the logits: those of (2, 3) go to other logits of (3, 2).
import ai.djl.ndarray.*;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

class LabelOfAnotherShape {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        NDArray logits = manager.create(new float[] {9, -9, 9, -9, 9, -9}, new Shape(3, 2));
        NDArray labels = logits.gt(0).toType(logits.getDataType(), false);
        for (NDArray label : new NDArray[] {labels, labels.transpose()}) {
            NDArray loss = Loss.sigmoidBinaryCrossEntropyLoss().evaluate(new NDList(label), new NDList(logits));
            System.out.printf("labels of %s, logits of %s: loss %.4f%n", label.getShape(), logits.getShape(), loss.getFloat());
        }
        System.exit(0);
    }
}
