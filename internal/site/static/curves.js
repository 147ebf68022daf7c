// Draws loss and gradient; the losses are lossproof's, in WebAssembly, which curves-data.js brings.
"use strict";

const form = document.getElementById("curves");
const points = 481;
const say = (id, text) => { document.getElementById(id).textContent = text; };
const digits = (value) => Number.isFinite(value) ? value.toPrecision(8).replace(/\.?0+(e|$)/, "$1") : String(value);

// extra is the second option of a module.
const extra = {
  BCEWithLogitsLoss: { name: "pos_weight", max: 10, step: 0.1, value: 1 },
  CrossEntropyLoss: { name: "label_smoothing", max: 1, step: 0.01, value: 0 },
  BCELoss: null,
};

function options() {
  const data = Object.fromEntries(new FormData(form));
  return { module: data.module, dtype: data.dtype, target: Number(data.target), extra: Number(data.extra), edge: Number(data.edge) };
}

function path(values, low, high) {
  let text = "", pen = "M";
  values.forEach((v, i) => {
    if (!Number.isFinite(v)) { pen = "M"; return; }
    const y = high > low ? 98 - 96 * (v - low) / (high - low) : 50;
    text += `${pen}${(240 * i / (values.length - 1)).toFixed(1)} ${y.toFixed(2)}`;
    pen = "L";
  });
  return text;
}

function draw() {
  const o = options();
  say("status", "");
  form.elements["target-value"].textContent = o.target;
  form.elements["extra-value"].textContent = o.extra;
  form.elements["edge-value"].textContent = o.edge;
  const logits = Float64Array.from({ length: points }, (_, i) => -o.edge + 2 * o.edge * i / (points - 1));
  const result = lossproofCurve(o.module, o.dtype, logits, o.target, o.extra);
  if (result.error) { say("status", result.error); return; }
  for (const name of ["loss", "gradient"]) {
    const finite = result[name].filter(Number.isFinite);
    let low = Math.min(...finite), high = Math.max(...finite);
    if (name === "gradient") { high = Math.max(Math.abs(low), Math.abs(high)); low = -high; } else { low = Math.min(low, 0); }
    document.getElementById(name).setAttribute("d", path(result[name], low, high));
    say(`${name}-range`, `from ${digits(Math.min(...finite))} to ${digits(Math.max(...finite))}`);
  }
  const at = lossproofCurve(o.module, o.dtype, Float64Array.of(Number(document.getElementById("at").value)), o.target, o.extra);
  say("at-loss", digits(at.loss[0]));
  say("at-gradient", digits(at.gradient[0]));
}

function choose() {
  const of = extra[form.elements.module.value];
  document.getElementById("extra-label").hidden = !of;
  if (of) {
    say("extra-name", of.name);
    Object.assign(form.elements.extra, { max: of.max, step: of.step, value: of.value });
  }
}

async function start() {
  const packed = Uint8Array.from(atob(lossproofWasm), (c) => c.charCodeAt(0));
  const unpacked = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(unpacked, go.importObject);
  go.run(instance);
  form.elements.module.addEventListener("input", choose);
  form.addEventListener("input", draw);
  document.getElementById("at").addEventListener("input", draw);
  choose();
  draw();
}

start().catch((error) => say("status", `The losses do not run in this browser: ${error.message}`));
