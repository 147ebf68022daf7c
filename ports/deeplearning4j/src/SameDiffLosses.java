import java.util.*;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.*;
import org.nd4j.autodiff.samediff.ops.SDLoss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.loss.LogLoss;

/** The losses of SameDiff, which have the classes last, with its gradients. */
final class SameDiffLosses {
    /** Returns the wanted outputs of a module. */
    static Map<String, INDArray> call(
            String module, Map<String, String> options, Map<String, INDArray> given, List<String> want) {
        SameDiff graph = SameDiff.create();
        Map<String, SDVariable> inputs = new LinkedHashMap<>();
        given.forEach((name, array) -> inputs.put(name, array.dataType().isFPType()
                ? graph.var(name, name.equals("weight") ? ofRank(given.get("input").rank(), array) : array)
                : graph.constant(name, array)));
        SDVariable input = inputs.get("input");
        SDVariable target = inputs.get("target");
        SDVariable weight = inputs.get("weight");
        LossReduce reduce = switch (options.getOrDefault("reduction", "mean")) {
            case "none" -> LossReduce.NONE;
            case "sum" -> LossReduce.SUM;
            default -> LossReduce.MEAN_BY_NONZERO_WEIGHT_COUNT; // the default of the library
        };
        SDLoss losses = graph.loss();
        SDVariable loss;
        if (module.equals("BCEWithLogitsLoss")) {
            loss = losses.sigmoidCrossEntropy(target, input, weight, reduce, 0);
        } else if (module.equals("BCELoss")) {
            loss = losses.logLoss(target, input, weight, reduce, LogLoss.DEFAULT_EPSILON);
        } else if (given.get("target").rank() < given.get("input").rank()) {
            loss = losses.sparseSoftmaxCrossEntropy(classesLast(input, given), target);
        } else {
            double smoothing = Double.parseDouble(options.getOrDefault("label_smoothing", "0"));
            loss = losses.softmaxCrossEntropy(
                    classesLast(target, given), classesLast(input, given), weight, reduce, smoothing);
        }
        Map<String, INDArray> outputs = new LinkedHashMap<>();
        INDArray value = loss.eval();
        if (inputs.containsKey("grad_output")) {
            graph.setLossVariables(loss.mul(inputs.get("grad_output").reshape(value.shape())));
        }
        for (String name : want) {
            String variable = name.replace("grad_", "");
            if (name.equals("loss")) {
                outputs.put(name, value);
            } else if (given.get(variable).dataType().isFPType()) { // indices have no gradient
                outputs.put(name, graph.calculateGradients(null, variable).get(variable));
            }
        }
        return outputs;
    }

    /** Weights that broadcast have the dimensions of the losses. */
    private static INDArray ofRank(int rank, INDArray weight) {
        if (weight.rank() == 0 || weight.rank() >= rank) {
            return weight;
        }
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        System.arraycopy(weight.shape(), 0, shape, rank - weight.rank(), weight.rank());
        return weight.reshape(shape);
    }

    /** Moves the dimension 1, of the classes, to the end. */
    private static SDVariable classesLast(SDVariable array, Map<String, INDArray> given) {
        int rank = given.get("input").rank();
        if (rank < 3) {
            return array;
        }
        int[] order = new int[rank];
        for (int axis = 1; axis < rank - 1; axis++) {
            order[axis] = axis + 1;
        }
        order[rank - 1] = 1;
        return array.permute(order);
    }
}
