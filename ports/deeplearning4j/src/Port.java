import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.exception.ND4JIllegalStateException;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Deeplearning4j as a port of lossproof: the losses that its output layers have, and those of SameDiff.
 *
 * <p>This file translates calls, arrays and exceptions, and computes nothing: what the library does
 * not have is not claimed. Its native code prints on stdout, so the answers go to descriptor 3.
 */
final class Port {
    private static final Map<String, DataType> DTYPES = Map.of(
            "float16", DataType.HALF, "bfloat16", DataType.BFLOAT16, "float32", DataType.FLOAT,
            "float64", DataType.DOUBLE, "int64", DataType.LONG, "int32", DataType.INT,
            "uint8", DataType.UINT8, "bool", DataType.BOOL);

    /** What native code says where shapes and dtypes do not fit. */
    private static final Pattern REFUSAL = Pattern.compile("Op validation failed$|; Expected: \\["
            + "|must have the same type|is out of array length|number of input dimensions is too big");

    private static final List<String> MODULES = List.of("BCEWithLogitsLoss", "BCELoss", "CrossEntropyLoss");
    private static final List<String> FLOATS = List.of("float16", "bfloat16", "float32", "float64");

    /** The losses by the name of the class that calls them. */
    private static final Map<String, Library> LIBRARIES = Map.of(
            "LossFunctions", new Library("deeplearning4j", LossFunctions::call, List.of("loss", "grad_input"),
                    // Rows with the classes in columns. The gradient is that of the sum.
                    List.of("pos_weight", "weight:element", "reduction:mean", "legacy_reduction", "grad_output",
                            "rank:0", "rank:1", "rank:3+", "empty"),
                    List.of("reduction:none"),
                    List.of("ignore_index", "label_smoothing")),
            "SameDiffLosses", new Library("samediff", SameDiffLosses::call,
                    List.of("loss", "grad_input", "grad_target"),
                    List.of("legacy_reduction", "mixed_dtype", "empty"),
                    List.of("pos_weight"),
                    // It has weights of rows, none of classes. That of indices has no reduction.
                    List.of("weight", "rank:1", "ignore_index", "integer_targets+reduction:mean",
                            "integer_targets+reduction:sum", "integer_targets+label_smoothing")));

    /** Losses: what calls them, and what they lack: all, the binary ones, and that of classes. */
    private record Library(String name, Call call, List<String> outputs, List<String> without,
            List<String> withoutBinary, List<String> withoutClasses) {
        /** The words of what a module lacks. */
        List<String> without(String module) {
            var words = new ArrayList<>(without);
            words.addAll(module.equals("CrossEntropyLoss") ? withoutClasses : withoutBinary);
            return words;
        }
    }

    private interface Call {
        Map<String, INDArray> call(
                String module, Map<String, String> options, Map<String, INDArray> given, List<String> want);
    }

    public static void main(String[] arguments) throws IOException {
        String file = arguments[0];
        Library library = LIBRARIES.get(file);
        try (var answers = new FileOutputStream("/dev/fd/3")) {
            Nd4j.scalar(1.0f).add(1); // loads the native code before the answer to hello
            Wire.serve(description(file, library), call -> evaluate(library, call), System.in, answers);
        }
        System.exit(0); // threads of the library go on
    }

    private static Map<String, Object> description(String file, Library library) throws IOException {
        Map<String, Object> modules = new LinkedHashMap<>();
        Map<String, Object> snippets = new LinkedHashMap<>();
        for (String module : MODULES) {
            List<String> without = library.without(module);
            var dtypes = new ArrayList<>(FLOATS);
            if (file.equals("LossFunctions") && module.equals("BCEWithLogitsLoss")) {
                dtypes.remove("bfloat16"); // the gradient of its sigmoid refuses it
            }
            modules.put(module, Map.of("dtypes", dtypes, "outputs", library.outputs, "without", without));
            snippets.put(module, snippet(file, module, library.outputs));
        }
        return Map.of("port", Map.of("name", library.name, "version", version(), "language", "java",
                        "language_version", System.getProperty("java.version")),
                "modules", modules, "snippets", snippets);
    }

    /** A program that makes a call by the library itself: the losses as they stand here, below a main. */
    private static String snippet(String file, String module, List<String> outputs) throws IOException {
        String losses = text(file + ".java");
        int body = losses.indexOf("\n/**");
        String program = text("Program.java").replace("LIBRARY", file).replace("MODULE", module)
                .replace("OUTPUTS", "\"" + String.join("\", \"", outputs) + "\"");
        return "import java.util.stream.Stream;\nimport org.nd4j.linalg.api.buffer.DataType;\n"
                + "import org.nd4j.linalg.factory.*;\n" + losses.substring(0, body) + "\n" + program + losses.substring(body);
    }

    private static String text(String name) throws IOException {
        try (var stream = Port.class.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String version() throws IOException {
        var properties = new Properties();
        try (var stream = Nd4j.class.getResourceAsStream("/META-INF/maven/org.nd4j/nd4j-api/pom.properties")) {
            properties.load(stream);
        }
        return properties.getProperty("version");
    }

    private static Map<String, Wire.Tensor> evaluate(Library library, Wire.Call call) {
        if (!MODULES.contains(call.module())) {
            throw new Wire.Unsupported(call.module());
        }
        for (String words : library.without(call.module())) {
            if (Arrays.stream(words.split("\\+")).allMatch(word -> has(call, word))) {
                throw new Wire.Unsupported("there is no argument for " + words);
            }
        }
        String reduction = call.options().getOrDefault("reduction", "mean");
        if (!List.of("none", "mean", "sum").contains(reduction)) {
            throw new Wire.Rejected("reduction " + reduction + ": there is no such value", "option", true);
        }
        Map<String, INDArray> given = new LinkedHashMap<>();
        call.inputs().forEach((name, tensor) -> given.put(name, array(tensor)));
        Map<String, Wire.Tensor> outputs = new LinkedHashMap<>();
        try {
            library.call.call(call.module(), call.options(), given, call.want())
                    .forEach((name, array) -> outputs.put(name, tensor(array)));
        } catch (NumberFormatException error) { // an option that cannot be read
            throw error;
        } catch (IllegalArgumentException | IllegalStateException | ND4JIllegalStateException refusal) {
            throw new Wire.Rejected(refusal.getMessage(), "", false);
        } catch (RuntimeException error) { // native code has one exception for all
            Throwable cause = error.getCause() == null ? error : error.getCause();
            if (REFUSAL.matcher(String.valueOf(cause.getMessage())).find()) {
                throw new Wire.Rejected(cause.getMessage(), "", false);
            }
            throw error;
        }
        return outputs;
    }

    /** Whether a call has what a word of the claim means. */
    private static boolean has(Wire.Call call, String word) {
        return switch (word) {
            case "integer_targets" -> call.inputs().get("target").dtype().contains("int");
            case "legacy_reduction" -> call.options().containsKey("size_average") || call.options().containsKey("reduce");
            case "reduction:mean" -> call.options().getOrDefault("reduction", "mean").equals("mean");
            default -> call.options().containsKey(word) || call.inputs().containsKey(word)
                    || word.equals("reduction:" + call.options().get("reduction"));
        };
    }

    private static INDArray array(Wire.Tensor tensor) {
        INDArray array = Nd4j.create(DTYPES.get(tensor.dtype()), tensor.shape());
        if (tensor.data().length > 0) {
            new BytePointer(array.data().pointer()).capacity(tensor.data().length).put(tensor.data());
        }
        return array;
    }

    private static Wire.Tensor tensor(INDArray array) {
        String dtype = "";
        for (var each : DTYPES.entrySet()) {
            dtype = each.getValue() == array.dataType() ? each.getKey() : dtype;
        }
        INDArray rows = array.dup('c');
        var data = new byte[Math.toIntExact(rows.length() * array.dataType().width())];
        if (data.length > 0) {
            new BytePointer(rows.data().pointer()).capacity(data.length).get(data);
        }
        return new Wire.Tensor(dtype, array.shape(), data);
    }
}
