final class Program {
    public static void main(String[] arguments) {
        Map<String, INDArray> given = new HashMap<>();
        given.put("input", array("{input}", "{input_dtype}", "{input_shape}"));
        given.put("target", array("{target}", "{target_dtype}", "{target_shape}"));
        given.put("weight", array("{weight}", "{weight_dtype}", "{weight_shape}"));
        given.put("grad_output", array("{grad_output}", "{grad_output_dtype}", "{grad_output_shape}"));
        Map<String, String> options = new HashMap<>();
        options.put("reduction", "{reduction}");
        options.put("label_smoothing", numbers("{label_smoothing}"));
        LIBRARY.call("MODULE", options, given, List.of(OUTPUTS)).forEach((name, array) -> System.out.println(
                name + " " + Arrays.toString(array.castTo(DataType.DOUBLE).dup('c').data().asDouble())));
        System.exit(0);
    }

    static INDArray array(String values, String dtype, String shape) {
        INDArray array = Nd4j.create(words(numbers(values)).mapToDouble(Double::parseDouble).toArray(),
                words(shape).mapToLong(Long::parseLong).toArray(), DataType.DOUBLE);
        return array.castTo(dtype.equals("bfloat16") ? DataType.BFLOAT16 : DataType.fromNumpy(dtype));
    }

    static String numbers(String text) {
        return text.replace("inf", "Infinity").replace("nan", "NaN").replace("True", "1").replace("False", "0");
    }

    static Stream<String> words(String text) {
        return Stream.of(text.split("[\\[\\], ]+")).filter(word -> !word.isEmpty());
    }
}
