final class Program {
    public static void main(String[] arguments) {
        NDManager manager = NDManager.newBaseManager();
        Map<String, NDArray> given = new HashMap<>();
        given.put("input", array(manager, "{input}", "{input_dtype}", "{input_shape}"));
        given.put("target", array(manager, "{target}", "{target_dtype}", "{target_shape}"));
        DjlLosses.call("MODULE", given, List.of("loss", "grad_input")).forEach((name, array) -> System.out.println(
                name + " " + Arrays.toString(array.toType(DataType.FLOAT64, false).toDoubleArray())));
        System.exit(0);
    }

    static NDArray array(NDManager manager, String values, String dtype, String shape) {
        String numbers = values.replace("inf", "Infinity").replace("nan", "NaN").replace("True", "1").replace("False", "0");
        return manager.create(words(numbers).mapToDouble(Double::parseDouble).toArray(),
                new Shape(words(shape).mapToLong(Long::parseLong).toArray()))
                .toType(dtype.equals("bool") ? DataType.BOOLEAN : DataType.valueOf(dtype.toUpperCase()), false);
    }

    static Stream<String> words(String text) {
        return Stream.of(text.split("[\\[\\], ]+")).filter(word -> !word.isEmpty());
    }
}
