// Wire protocol 1 of lossproof: one JSON object a line on stdin, one a line on stdout.
//
// Nothing here is about a loss or a library: a port gives serve() its answer to hello and a
// function that evaluates one call.
//
// A tensor is {dtype, shape, data}: data is a Buffer of the little-endian, row-major bytes.

import { createInterface } from 'node:readline';

export const PROTOCOL = 1;

/** The size in bytes of one element of each dtype. */
const SIZES = {
  float16: 2, bfloat16: 2, float32: 4, float64: 8, int64: 8, int32: 4, uint8: 1, bool: 1,
};
const OPTIONS = ['reduction', 'size_average', 'reduce', 'ignore_index', 'label_smoothing'];
const INPUTS = ['input', 'target', 'weight', 'pos_weight', 'grad_output'];

/** Of the dtypes of 16 bits: the bits behind the leading one, and the bias of the exponent. */
export const HALVES = {
  float16: { fraction: 10, bias: 15 }, bfloat16: { fraction: 7, bias: 127 },
};

/** Returns the numbers that have these bits. */
export function fromHalf(bits, dtype) {
  const { fraction, bias } = HALVES[dtype];
  return Float64Array.from(bits, (each) => {
    const sign = each & 0x8000 ? -1 : 1;
    const exponent = (each & 0x7fff) >> fraction;
    const rest = each & ((1 << fraction) - 1);
    if (exponent === 2 * bias + 1) return rest ? NaN : sign * Infinity;
    const whole = exponent ? rest + 2 ** fraction : rest;
    return sign * whole * 2 ** (Math.max(exponent, 1) - bias - fraction);
  });
}

/** Returns the bits of the nearest numbers, of two as near the even one. */
export function toHalf(values, dtype) {
  const { fraction, bias } = HALVES[dtype];
  const infinity = (2 * bias + 1) << fraction;
  return Uint16Array.from(values, (v) => {
    if (Number.isNaN(v)) return infinity | (1 << (fraction - 1));
    const sign = v < 0 || Object.is(v, -0) ? 0x8000 : 0;
    const size = Math.abs(v);
    let exponent = 1 - bias;
    while (exponent <= bias && size >= 2 ** (exponent + 1)) exponent++;
    if (exponent > bias) return sign | infinity;
    const units = size / 2 ** (exponent - fraction);
    let whole = Math.floor(units);
    const rest = units - whole;
    if (rest > 0.5 || (rest === 0.5 && whole % 2)) whole++;
    // A carry into the next exponent is what the addition makes of it.
    return sign | (((exponent + bias - 1) << fraction) + whole);
  });
}

/** The port refuses the call, as torch raises. kind: shape, dtype, option, value or empty. */
export class Rejected extends Error {
  /** isStatic says that the types of the port cannot express the call. */
  constructor(message, kind = '', isStatic = false) {
    super(message);
    this.kind = kind;
    this.isStatic = isStatic;
  }
}

/** The port does not do this. Inside the claim of the port it counts as a failure. */
export class Unsupported extends Error {}

/**
 * Answers requests until bye or the end of stdin.
 *
 * description has the members port and modules of the answer to hello.
 * evaluate(module, options, inputs, want) returns the wanted outputs by name. Of the options,
 * ignore_index is a BigInt, the other number a number. It throws Rejected or
 * Unsupported; anything else that it throws is answered as a failure of the port.
 */
export async function serve(description, evaluate) {
  // What a library logs goes to stderr: stdout belongs to the protocol.
  console.log = console.info = console.debug = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.cmd === 'bye') break;
    const answer = request.cmd === 'hello'
      ? hello(request, description)
      : { id: request.id, ...run(request, evaluate) };
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
  process.stdin.destroy(); // or Node.js would wait for the end of stdin
}

function hello(request, description) {
  if (request.protocol !== PROTOCOL) {
    return { protocol: PROTOCOL, error: `got protocol ${request.protocol}, want ${PROTOCOL}` };
  }
  return { protocol: PROTOCOL, ...description };
}

/** Returns the answer to one run request, without its id. */
function run(request, evaluate) {
  try {
    checkNames('options', request.options ?? {}, OPTIONS);
    const options = decodeOptions(request.options ?? {});
    checkNames('inputs', request.inputs, INPUTS);
    const inputs = {};
    for (const [name, value] of Object.entries(request.inputs)) inputs[name] = decode(value, name);
    const results = evaluate(request.module, options, inputs, request.want);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) outputs[name] = encode(tensor);
    return { outputs };
  } catch (error) {
    if (error instanceof Rejected) {
      const rejected = { message: error.message };
      if (error.kind) rejected.kind = error.kind;
      if (error.isStatic) rejected.static = true;
      return { rejected };
    }
    if (error instanceof Unsupported) return { unsupported: { reason: error.message } };
    return { failed: { message: String(error), traceback: error.stack ?? '' } };
  }
}

/** Makes ignore_index a BigInt and label_smoothing a number: they travel as strings at times. */
function decodeOptions({ ignore_index: index, label_smoothing: smoothing, ...options }) {
  if (index !== undefined) options.ignore_index = BigInt(index);
  if (smoothing !== undefined) {
    const notFinite = { nan: NaN, inf: Infinity, '-inf': -Infinity };
    options.label_smoothing = notFinite[smoothing] ?? Number(smoothing);
  }
  return options;
}

/** Refuses what this port has not heard of: to ignore it would compute something else. */
function checkNames(where, found, known) {
  for (const name of Object.keys(found)) {
    if (!known.includes(name)) {
      throw new Unsupported(`${where}: unknown name '${name}', want one of ${known.join(', ')}`);
    }
  }
}

function decode({ dtype, shape, data }, name) {
  if (!Object.hasOwn(SIZES, dtype)) {
    throw new Error(`${name}: dtype '${dtype}', want one of ${Object.keys(SIZES).join(', ')}`);
  }
  const bytes = Buffer.from(data, 'base64');
  const want = shape.reduce((a, b) => a * b, 1) * SIZES[dtype];
  if (bytes.length !== want) {
    throw new Error(`${name}: ${bytes.length} bytes, but ${dtype} [${shape}] takes ${want}`);
  }
  return { dtype, shape, data: bytes };
}

function encode({ dtype, shape, data }) {
  return { dtype, shape, data: data.toString('base64') };
}
