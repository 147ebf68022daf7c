import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * DJL as a port of lossproof: the losses of ai.djl.training.loss, on its engine for PyTorch.
 *
 * <p>This file translates calls, arrays and exceptions, and computes nothing: what the library does
 * not have is not claimed. Native code may print on stdout, so the answers go to descriptor 3.
 */
final class DjlPort {
    private static final Map<String, DataType> DTYPES = Map.of(
            "float16", DataType.FLOAT16, "float32", DataType.FLOAT32, "float64", DataType.FLOAT64,
            "int64", DataType.INT64, "int32", DataType.INT32, "uint8", DataType.UINT8, "bool", DataType.BOOLEAN);
    private static final List<String> OUTPUTS = List.of("loss", "grad_input");

    /** A loss is a mean over everything; its weight is a number that multiplies it. */
    private static final List<String> WITHOUT =
            List.of("weight", "reduction:none", "reduction:sum", "legacy_reduction", "grad_output");

    private static final Map<String, List<String>> CLAIM = Map.of(
            "BCEWithLogitsLoss", List.of("pos_weight"),
            "BCELoss", List.of(),
            "MultiLabelSoftMarginLoss", List.of(),
            // Labels are documented as one for each row, or as rows of probabilities.
            "CrossEntropyLoss", List.of("ignore_index", "label_smoothing", "rank:1", "rank:3+"));

    public static void main(String[] arguments) throws IOException {
        Map<String, Object> modules = new LinkedHashMap<>();
        Map<String, Object> snippets = new LinkedHashMap<>();
        for (var claim : CLAIM.entrySet()) {
            var without = new ArrayList<>(WITHOUT);
            without.addAll(claim.getValue());
            modules.put(claim.getKey(), Map.of(
                    "dtypes", List.of("float32", "float64", "float16"), "outputs", OUTPUTS, "without", without));
            snippets.put(claim.getKey(), snippet(claim.getKey()));
        }
        String version = Engine.getDjlVersion();
        String engine = Engine.getInstance().getVersion(); // loads the native code before the answer to hello
        Map<String, Object> description = Map.of("port", Map.of("name", "djl", "version", version + " on PyTorch " + engine,
                        "language", "java", "language_version", System.getProperty("java.version")),
                "modules", modules, "snippets", snippets);
        try (var answers = new FileOutputStream("/dev/fd/3")) {
            Wire.serve(description, DjlPort::evaluate, System.in, answers);
        }
        System.exit(0); // threads of the library go on
    }

    /** A program that makes a call by the library itself: the losses as they stand here, below a main. */
    private static String snippet(String module) throws IOException {
        String losses = text("DjlLosses.java");
        int body = losses.indexOf("\n/**");
        return losses.substring(0, body) + "\n" + text("Program.java").replace("MODULE", module) + losses.substring(body);
    }

    private static String text(String name) throws IOException {
        try (var stream = DjlPort.class.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Map<String, Wire.Tensor> evaluate(Wire.Call call) {
        if (!CLAIM.containsKey(call.module())) {
            throw new Wire.Unsupported(call.module());
        }
        String reduction = call.options().getOrDefault("reduction", "mean");
        if (!List.of("none", "mean", "sum").contains(reduction)) {
            throw new Wire.Rejected("reduction " + reduction + ": there is no such value", "option", true);
        }
        for (String name : call.options().keySet()) {
            if (!name.equals("reduction") || !reduction.equals("mean")) {
                throw new Wire.Unsupported("there is no argument for " + name + ", and no reduction but mean");
            }
        }
        Map<String, Wire.Tensor> outputs = new LinkedHashMap<>();
        try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            Map<String, NDArray> given = new LinkedHashMap<>();
            for (var input : call.inputs().entrySet()) {
                if (!List.of("input", "target").contains(input.getKey())) {
                    throw new Wire.Unsupported("there is no argument for " + input.getKey());
                }
                if (input.getValue().dtype().equals("bfloat16")) { // such an array ends the process
                    throw new Wire.Unsupported("there are no arrays of bfloat16");
                }
                given.put(input.getKey(), array(manager, input.getValue()));
            }
            DjlLosses.call(call.module(), given, call.want()).forEach((name, array) -> outputs.put(name, tensor(array)));
        } catch (EngineException | IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException refusal) {
            throw new Wire.Rejected(refusal.getMessage(), "", false);
        }
        return outputs;
    }

    private static NDArray array(NDManager manager, Wire.Tensor tensor) {
        ByteBuffer data = ByteBuffer.allocateDirect(tensor.data().length).order(ByteOrder.nativeOrder());
        return manager.create(data.put(tensor.data()).rewind(), new Shape(tensor.shape()), DTYPES.get(tensor.dtype()));
    }

    private static Wire.Tensor tensor(NDArray array) {
        String dtype = "";
        for (var each : DTYPES.entrySet()) {
            dtype = each.getValue() == array.getDataType() ? each.getKey() : dtype;
        }
        return new Wire.Tensor(dtype, array.getShape().getShape(), array.toByteArray());
    }
}
