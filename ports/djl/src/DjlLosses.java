import ai.djl.engine.Engine;
import ai.djl.ndarray.*;
import ai.djl.ndarray.types.*;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.Loss;
import java.util.*;
import java.util.stream.Stream;

/** The losses of DJL, each a mean over everything, with the gradients of its engine. */
final class DjlLosses {
    /** Returns the wanted outputs of a module. */
    static Map<String, NDArray> call(String module, Map<String, NDArray> given, List<String> want) {
        NDArray input = given.get("input");
        NDArray target = given.get("target");
        Loss loss = switch (module) {
            case "BCELoss" -> Loss.sigmoidBinaryCrossEntropyLoss("loss", 1, true);
            case "CrossEntropyLoss" -> Loss.softmaxCrossEntropyLoss(
                    "loss", 1, 1, target.getShape().dimension() < input.getShape().dimension(), true);
            default -> Loss.sigmoidBinaryCrossEntropyLoss("loss", 1, false);
        };
        Map<String, NDArray> outputs = new LinkedHashMap<>();
        for (String name : want) {
            if (!name.equals("loss")) {
                given.get(name.replace("grad_", "")).setRequiresGradient(true);
            }
        }
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray value = loss.evaluate(new NDList(target), new NDList(input));
            if (want.stream().anyMatch(name -> !name.equals("loss"))) {
                collector.backward(value);
            }
            for (String name : want) {
                outputs.put(name, name.equals("loss") ? value : given.get(name.replace("grad_", "")).getGradient());
            }
        }
        return outputs;
    }
}
