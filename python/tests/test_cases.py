import hashlib
import json
import shutil

import losses
import numpy as np
import pytest
from conftest import REPOSITORY

import lossproof
from lossproof import fixtures
from lossproof.fixtures import Expected, FixtureError, Fixtures, judge, read_npy

DATA = REPOSITORY / "fixtures" / "data"


def vectors():
    document = json.loads((DATA / "verdict-vectors.json").read_text("utf-8"))
    return document["vectors"]


def array(values, dtype, shape):
    numbers = np.array([float(v) for v in values], np.float64).reshape(shape)
    if dtype == "bfloat16":  # which NumPy lacks: the numbers are such, and are given by their bits
        bits = numbers.astype(np.float32).view(np.uint32) >> np.uint32(16)
        return bits.astype(np.uint16).view(fixtures._BITS).reshape(shape)
    with np.errstate(over="ignore"):
        return numbers.astype(dtype)


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: v["name"])
def test_verdict_vectors(vector):
    dtype, shape = vector["dtype"], vector["shape"]
    members = {}
    for name, values in vector["expected"].items():
        members[name] = array(values, dtype if name == "reference" else "float64", shape)
        if name == "may_overflow":
            members[name] = np.array(values, bool).reshape(shape)
    got_dtype, got_shape = vector.get("got_dtype", dtype), vector.get("got_shape", shape)
    got = array(vector["got"], got_dtype, got_shape)
    found = {}
    for level in fixtures.LEVELS:
        verdict = judge(got, Expected(**members), level)
        found |= {level: verdict.passed, "agrees": verdict.agrees}
        assert bool(verdict.message) != verdict.passed and len(verdict.message) < 2000
    assert found == vector["verdict"], vector["reason"]


def test_cases(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSPROOF_CACHE", str(tmp_path))
    found = lossproof.cases("BCEWithLogitsLoss", "blog_example")
    assert {case.topic for case in found} == {"blog_example"} and len(found) == 6
    case = next(c for c in found if c.id.endswith("/f32-mean"))
    assert case.inputs["input"].shape == (3, 5) and case.inputs["input"].dtype == np.float32
    got = losses.bce_with_logits(case.inputs["input"], case.inputs["target"])[0]
    assert lossproof.verdict(got, case)
    wrong = lossproof.verdict(got + np.float32(0.1), case)
    assert not wrong and "got 1.0231" in wrong.message and wrong.agrees == "neither"
    with pytest.raises(ValueError, match="read-only"):
        case.inputs["input"][0] = 1
    with pytest.raises(FixtureError, match="there is no topic 'blog', want one of accumulation"):
        lossproof.cases("BCEWithLogitsLoss", "blog")
    with pytest.raises(FixtureError, match="there is no module 'BCE', want one of BCELoss"):
        lossproof.cases("BCE")
    with pytest.raises(KeyError):
        lossproof.verdict(got, case, "grad_weight")
    with pytest.raises(ValueError, match="level: got 'strict'"):
        lossproof.verdict(got, case, level="strict")


def test_a_rejection():
    case = next(c for c in Fixtures(DATA).cases("BCELoss", "rejections") if c.rejection)
    assert fixtures.verdict(ValueError("no"), case)
    assert "accepted, but PyTorch refuses" in fixtures.verdict(np.float32(1), case).message
    right = Fixtures(DATA).cases("BCELoss", "reductions")[0]
    assert "refused, but PyTorch accepts: no" in fixtures.verdict(ValueError("no"), right).message


LOSSES = {
    "BCEWithLogitsLoss": losses.bce_with_logits,
    "MultiLabelSoftMarginLoss": losses.multi_label_soft_margin,
    "BCELoss": losses.bce,
    "CrossEntropyLoss": losses.cross_entropy,
}


@pytest.mark.parametrize("module", LOSSES)
def test_a_loop_of_ones_own(module):
    """The right losses pass every case that they can be asked, at every level but reference."""
    asked = 0
    for case in Fixtures(DATA).cases(module):
        inputs = dict(case.inputs)
        if {"size_average", "reduce"} & set(case.options) or case.topic == "mixed_dtype":
            continue
        if case.requirement == "quirk":
            continue
        x, t, upstream = inputs.pop("input"), inputs.pop("target"), inputs.pop("grad_output", None)
        try:
            got = LOSSES[module](x, t, upstream=upstream, **inputs, **case.options)
        except losses.LossError as err:
            assert fixtures.verdict(err, case), case.id
            continue
        for output, value in zip(("loss", "grad_input"), got, strict=True):
            if case.rejection is None and output in case.outputs:
                asked += 1
                verdict = fixtures.verdict(value, case, output)
                assert verdict, f"{case.id}#{output}: {verdict.message}"
    assert asked > 1000


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A small tree, of one topic, for damage."""
    folder = tmp_path_factory.mktemp("tree")
    manifest = json.loads((DATA / "manifest.json").read_text())
    topic = "BCEWithLogitsLoss/blog_example/"
    manifest["files"] = {
        path: entry
        for path, entry in manifest["files"].items()
        if path.startswith(topic) or path == "rules.json"
    }
    for path in manifest["files"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DATA / path, folder / path)
    return folder, manifest


def write(tree, tmp_path, change=lambda manifest: None, files=None):
    folder, manifest = tree
    copy = tmp_path / "tree"
    shutil.copytree(folder, copy)
    manifest = json.loads(json.dumps(manifest))
    for path, data in (files or {}).items():
        (copy / path).write_bytes(data)
        manifest["files"][path]["sha256"] = hashlib.sha256(data).hexdigest()
    change(manifest)
    data = json.dumps(manifest).encode()
    (copy / "manifest.json").write_bytes(data)
    line = f"{hashlib.sha256(data).hexdigest()}  manifest.json\n"
    (copy / "manifest.sha256").write_text(line)
    return copy


CASES = "BCEWithLogitsLoss/blog_example/cases.json"


def changed(tree, change):
    document = json.loads((tree[0] / CASES).read_text())
    change(document)
    return {CASES: json.dumps(document).encode()}


def test_whole(tree, tmp_path):
    assert len(fixtures.load(write(tree, tmp_path))) == 6


@pytest.mark.parametrize("path", ["manifest.json", "manifest.sha256", "rules.json", CASES])
def test_missing_and_altered(tree, tmp_path, path):
    copy = write(tree, tmp_path)
    data = bytearray((copy / path).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / path).write_bytes(data)
    with pytest.raises(FixtureError, match="altered|hash line"):
        fixtures.load(copy)
    (copy / path).unlink()
    with pytest.raises(FixtureError, match=path):
        fixtures.load(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["cases"][0].pop("rule"), "member 'rule' is missing"),
        (lambda d: d["cases"][0].update(rule="NO-RULE"), "'NO-RULE' is not in rules.json"),
        (lambda d: d["cases"][0].update(id="BCELoss/x/y"), "does not begin with"),
        (lambda d: d["cases"][0].pop("outputs"), "either outputs or a rejection"),
        (lambda d: d["cases"][0]["inputs"].update(input=["x.npy", 0]), "x.npy: not declared"),
        (lambda d: d["cases"][0]["inputs"].update(input=3), "no array reference"),
        (lambda d: d["cases"][0]["inputs"]["input"].__setitem__(1, 99), "index 99 into"),
        (lambda d: d["cases"][0]["inputs"]["input"].append("complex"), "unknown dtype 'complex'"),
        (lambda d: d["cases"][0]["outputs"]["loss"].pop("parity"), "member 'parity' is missing"),
        (lambda d: d["cases"][0]["outputs"]["loss"].update(x=[]), "unknown member 'x'"),
        (lambda d: d["cases"][0].update(options={"ignore_index": "x"}), "want a number"),
    ],
)
def test_damaged_cases(tree, tmp_path, change, message):
    with pytest.raises(FixtureError, match=message):
        fixtures.load(write(tree, tmp_path, files=changed(tree, change)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "found list, want an object"),
        (b'{"module": 1, "module": 2}', "member 'module' stands twice"),
        (b'{"module": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_damaged_json(tree, tmp_path, data, message):
    with pytest.raises(FixtureError, match=message):
        fixtures.load(write(tree, tmp_path, files={CASES: data}))


def npy(header, data=b"", version=b"\x01\x00", pad=64):
    text = header.encode()
    text += b" " * (-(len(text) + 11) % pad) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


RIGHT = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no NPY 1.0 file"),
        (b"\x93NUMPY\x01\x00", "no NPY 1.0 file"),
        (npy(RIGHT, bytes(8), version=b"\x02\x00"), "no NPY 1.0 file"),
        (npy(RIGHT, bytes(7)), "135 bytes, but its header takes 136"),
        (npy(RIGHT, bytes(9)), "137 bytes, but its header takes 136"),
        (npy(RIGHT, bytes(8), pad=16), "not a header"),
        (npy(RIGHT.replace("<f4", ">f4"), bytes(8)), "dtype '>f4', want one of"),
        (npy(RIGHT.replace("<f4", "|O8"), bytes(16)), "dtype '|O8'"),
        (npy(RIGHT.replace("False", "True"), bytes(8)), "Fortran order"),
        (npy(RIGHT.replace("(2,)", "(02,)"), bytes(8)), "not a header"),
        (npy(RIGHT.replace("(2,)", "(-2,)"), bytes(8)), "not a header"),
        (npy(RIGHT.replace("(2,)", f"({'9' * 5000},)"), bytes(8)), "too large"),
        (npy(RIGHT.replace("<f4", "|b1"), b"\x00\x02"), "neither 0 nor 1"),
        (npy(RIGHT.replace("}", "'a': eval('1')}"), bytes(8)), "not a header"),
    ],
)
def test_malformed_npy(data, message):
    with pytest.raises(FixtureError, match=message.replace("|", r"\|")):
        read_npy(data, "x.npy")


def test_npy():
    got = read_npy(npy(RIGHT, np.array([1, 2], "<f4").tobytes()), "x.npy")
    assert got.tolist() == [1, 2] and not got.flags.writeable
