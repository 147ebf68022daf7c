import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Wire protocol 1 of lossproof: one JSON object a line on stdin, one a line on stdout.
 *
 * <p>Nothing here is about a loss or a library: a port gives {@link #serve} its answer to hello and
 * a function that evaluates one call.
 */
final class Wire {
    static final int PROTOCOL = 1;

    /** The size in bytes of one element of each dtype. */
    private static final Map<String, Integer> SIZES = Map.of(
            "float16", 2, "bfloat16", 2, "float32", 4, "float64", 8,
            "int64", 8, "int32", 4, "uint8", 1, "bool", 1);
    private static final Set<String> OPTIONS =
            Set.of("reduction", "size_average", "reduce", "ignore_index", "label_smoothing");
    private static final Set<String> INPUTS =
            Set.of("input", "target", "weight", "pos_weight", "grad_output");
    private static final Gson GSON = new Gson();

    /** A dense array: data has the little-endian, row-major bytes. */
    record Tensor(String dtype, long[] shape, byte[] data) {}

    /** A call of a module: its options are strings, as they came. */
    record Call(String module, Map<String, String> options, Map<String, Tensor> inputs, List<String> want) {}

    /** Returns the wanted outputs of a call by name. */
    interface Evaluator {
        Map<String, Tensor> evaluate(Call call);
    }

    /** The port refuses the call, as PyTorch raises. */
    static final class Rejected extends RuntimeException {
        final String kind;
        final boolean isStatic;

        /** kind is shape, dtype, option, value or empty; isStatic says that types cannot express the call. */
        Rejected(String message, String kind, boolean isStatic) {
            super(message);
            this.kind = kind;
            this.isStatic = isStatic;
        }
    }

    /** The port does not do this. Inside its claim it counts as a failure. */
    static final class Unsupported extends RuntimeException {
        Unsupported(String reason) {
            super(reason);
        }
    }

    private Wire() {}

    /** Answers requests until bye or the end of in. description has port and modules of the answer to hello. */
    static void serve(Map<String, Object> description, Evaluator port, InputStream in, OutputStream out)
            throws IOException {
        var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject request = JsonParser.parseString(line).getAsJsonObject();
            String command = request.get("cmd").getAsString();
            if (command.equals("bye")) {
                return;
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            if (command.equals("hello")) {
                hello(request, description, answer);
            } else {
                answer.put("id", request.get("id"));
                run(request, port, answer);
            }
            out.write((GSON.toJson(answer) + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }

    private static void hello(JsonObject request, Map<String, Object> description, Map<String, Object> answer) {
        answer.put("protocol", PROTOCOL);
        if (request.get("protocol").getAsInt() == PROTOCOL) {
            answer.putAll(description);
        } else {
            answer.put("error", "got protocol " + request.get("protocol") + ", want " + PROTOCOL);
        }
    }

    private static void run(JsonObject request, Evaluator port, Map<String, Object> answer) {
        try {
            Map<String, Object> outputs = new LinkedHashMap<>();
            port.evaluate(decode(request)).forEach((name, tensor) -> outputs.put(name, encode(tensor)));
            answer.put("outputs", outputs);
        } catch (Rejected refusal) {
            Map<String, Object> rejected = new LinkedHashMap<>();
            if (!refusal.kind.isEmpty()) {
                rejected.put("kind", refusal.kind);
            }
            rejected.put("message", refusal.getMessage());
            if (refusal.isStatic) {
                rejected.put("static", true);
            }
            answer.put("rejected", rejected);
        } catch (Unsupported refusal) {
            answer.put("unsupported", Map.of("reason", refusal.getMessage()));
        } catch (Exception | LinkageError | AssertionError error) {
            var trace = new StringWriter();
            error.printStackTrace(new PrintWriter(trace));
            answer.put("failed", Map.of("message", error.toString(), "traceback", trace.toString()));
        }
    }

    private static Call decode(JsonObject request) {
        Map<String, String> options = new LinkedHashMap<>();
        if (request.has("options")) {
            for (var option : request.getAsJsonObject("options").entrySet()) {
                checkName("options", option.getKey(), OPTIONS);
                String value = option.getValue().getAsString();
                if (option.getKey().equals("label_smoothing")) { // as Java reads numbers
                    value = value.replace("inf", "Infinity").replace("nan", "NaN");
                }
                options.put(option.getKey(), value);
            }
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (var input : request.getAsJsonObject("inputs").entrySet()) {
            checkName("inputs", input.getKey(), INPUTS);
            inputs.put(input.getKey(), decode(input.getKey(), input.getValue().getAsJsonObject()));
        }
        List<String> want = request.getAsJsonArray("want").asList().stream().map(JsonElement::getAsString).toList();
        return new Call(request.get("module").getAsString(), options, inputs, want);
    }

    /** Refuses what this port has not heard of: to ignore it would compute something else. */
    private static void checkName(String where, String name, Set<String> known) {
        if (!known.contains(name)) {
            throw new Unsupported(where + ": unknown name '" + name + "', want one of " + known);
        }
    }

    private static Tensor decode(String name, JsonObject tensor) {
        String dtype = tensor.get("dtype").getAsString();
        if (!SIZES.containsKey(dtype)) {
            throw new IllegalStateException(name + ": dtype '" + dtype + "', want one of " + SIZES.keySet());
        }
        long[] shape = tensor.getAsJsonArray("shape").asList().stream().mapToLong(JsonElement::getAsLong).toArray();
        byte[] data = Base64.getDecoder().decode(tensor.get("data").getAsString());
        long want = SIZES.get(dtype);
        for (long dimension : shape) {
            want *= dimension;
        }
        if (data.length != want) {
            throw new IllegalStateException(name + ": " + data.length + " bytes, but " + dtype + " takes " + want);
        }
        return new Tensor(dtype, shape, data);
    }

    private static Map<String, Object> encode(Tensor tensor) {
        return Map.of("dtype", tensor.dtype, "shape", tensor.shape,
                "data", Base64.getEncoder().encodeToString(tensor.data));
    }
}
