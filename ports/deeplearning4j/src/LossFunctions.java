import java.util.*;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.*;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.*;

/** The losses that the output layers of deeplearning4j have, of rows with the classes in columns. */
final class LossFunctions {
    /** Returns the wanted outputs of a module. */
    static Map<String, INDArray> call(
            String module, Map<String, String> options, Map<String, INDArray> given, List<String> want) {
        INDArray input = given.get("input");
        INDArray target = given.get("target");
        INDArray weight = given.get("weight");
        boolean binary = !module.equals("CrossEntropyLoss");
        if (binary && weight != null && weight.length() == 1) { // a row has a weight for each column
            weight = weight.reshape(1, 1).broadcast(1, input.size(1));
        }
        ILossFunction loss;
        IActivation activation;
        if (binary) {
            loss = new LossBinaryXENT(weight);
            activation = module.equals("BCELoss") ? new ActivationIdentity() : new ActivationSigmoid();
        } else if (target.rank() < input.rank()) {
            loss = new LossSparseMCXENT(weight);
            activation = new ActivationSoftmax();
            target = target.reshape(target.length(), 1); // indices are a column
        } else {
            loss = new LossMCXENT(weight);
            activation = new ActivationSoftmax();
        }
        Map<String, INDArray> outputs = new LinkedHashMap<>();
        if (want.contains("loss") && "none".equals(options.get("reduction"))) {
            INDArray column = loss.computeScoreArray(target, input, activation, null);
            outputs.put("loss", column.reshape(column.length()));
        } else if (want.contains("loss")) {
            double score = loss.computeScore(target, input, activation, null, false);
            outputs.put("loss", Nd4j.scalar(input.dataType(), score));
        }
        if (want.contains("grad_input")) {
            outputs.put("grad_input", loss.computeGradient(target, input, activation, null));
        }
        return outputs;
    }
}
