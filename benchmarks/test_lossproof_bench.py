"""Tests of the driver: python -m unittest."""

import dataclasses
import pathlib
import unittest

import numpy as np
import torch

from lossproof_bench import figures, measure, page, peers, picture, rows
from lossproof_bench.contenders import Lossproof, PyTorch, Tensors
from lossproof_bench.measure import Times
from lossproof_bench.tensors import classes, logits, mix, probabilities, shares, targets

ROW = rows.Row("BCEWithLogitsLoss", "mean", False, "float32", (4, 5), 1)


class Recipe(unittest.TestCase):
    def test_numbers_of_the_go_test(self):
        expected = [
            3.29925537109375,
            -3.3560791015625,
            -2.32958984375,
            -3.60302734375,
            -1.93731689453125,
            -0.81109619140625,
            3.54052734375,
            -3.71417236328125,
        ]
        self.assertEqual(logits((8,), "float64").tolist(), expected)
        self.assertEqual(targets((8,), "float64").tolist(), [0, 1, 0, 1, 1, 1, 1, 1])
        unit = [*probabilities((2,), "float64").tolist(), *shares((2,), "float64").tolist()]
        expected = [0.883310854434967, 0.02643376588821411, 0.4315280318260193, 0.970881998538971]
        self.assertEqual(unit, expected)
        indices = [classes(4, n)[r] for r, n in ((0, 10), (1, 10), (2, 1000), (3, 50000))]
        self.assertEqual(indices, [4, 9, 327, 38577])
        # The first output of SplitMix64 for the seed 0, as published.
        self.assertEqual(int(mix(np.array([1], np.uint64))[0]), 0xE220A8397B1DCDAF)

    def test_float32_has_the_same_numbers_in_every_block(self):
        shape = (1030, 1024)  # more than a block
        for make in (logits, targets, probabilities, shares):
            single, double = make(shape, "float32"), make(shape, "float64")
            self.assertEqual(single.shape, shape)
            self.assertTrue((single == double).all())
        i = 1 << 20 | 5  # in the second block
        h = int(mix(np.array([2 * i + 1], np.uint64))[0])
        logit = (sum(h >> k & 0xFFFF for k in (0, 16, 32, 48)) - 131070) / 2**14
        self.assertEqual(logits(shape, "float64").flat[i], logit)


class FakeContender:
    def __init__(self, name, value=1.0, nanoseconds=(1.0,), error=None):
        self.name, self.value, self.error = name, value, error
        self.nanoseconds = list(nanoseconds)
        self.asked = []

    def prepare(self, row):
        if self.error:
            raise self.error
        return self.value

    def round(self, row):
        order.append(self.name)
        return self.nanoseconds[len(order) // 4 % len(self.nanoseconds)]


order: list[str] = []


class Measure(unittest.TestCase):
    def setUp(self):
        order.clear()

    def test_contenders_take_turns(self):
        both = [FakeContender("lossproof", nanoseconds=(5, 3, 8)), FakeContender("PyTorch eager")]
        times = measure.measure(ROW, both, seconds=60, rounds=3)
        woken = ["lossproof"] * 2 + ["PyTorch eager"] * 2  # the first of the two is not timed
        self.assertEqual(order, woken * 3)
        self.assertEqual(times["lossproof"], Times(3, 3, 5))

    def test_two_rounds_at_least(self):
        times = measure.measure(ROW, [FakeContender("lossproof")], seconds=0, rounds=30)
        self.assertEqual(times["lossproof"].rounds, 2)

    def test_other_numbers_are_refused(self):
        both = [FakeContender("lossproof", 1.0), FakeContender("PyTorch eager", 1.01)]
        with self.assertRaises(measure.Disagreement):
            measure.measure(ROW, both, seconds=0, rounds=3)
        both[1].value = float("nan")
        with self.assertRaises(measure.Disagreement):
            measure.measure(ROW, both, seconds=0, rounds=3)

    def test_only_torch_compile_may_fail(self):
        broken = FakeContender("torch.compile", error=RuntimeError("no compiler\nmore"))
        times = measure.measure(ROW, [FakeContender("lossproof"), broken], 0, 3)
        self.assertEqual(times["torch.compile"], "RuntimeError: no compiler")
        broken.name = "PyTorch eager"
        with self.assertRaises(RuntimeError):
            measure.measure(ROW, [FakeContender("lossproof"), broken], 0, 3)


class Torch(unittest.TestCase):
    def test_eager_computes_and_times_the_loss(self):
        for row in rows.quick_rows():
            if row.module not in rows.MODULES:
                continue
            contender = PyTorch(Tensors(), compiled=False)
            x, t = (torch.from_numpy(make(row.shape, row.dtype)) for make in (logits, targets))
            expected = torch.nn.BCEWithLogitsLoss()(x, t)
            self.assertAlmostEqual(contender.prepare(row), expected.item(), places=5)
            self.assertGreater(contender.round(row), 0)

    def test_the_other_modules_get_their_tensors_and_options(self):
        shape, entropy = (6, 10), torch.nn.functional.cross_entropy
        x, p, s = (torch.from_numpy(f(shape, "float32")) for f in (logits, probabilities, shares))
        y = torch.from_numpy(classes(*shape))
        t = torch.from_numpy(targets(shape, "float32"))
        row = rows.Row(rows.BCE_LOSS, "mean", False, "float32", shape, 1)
        shared = Tensors()
        for options, expected in (
            ({}, torch.nn.functional.binary_cross_entropy(p, t)),
            ({"module": rows.ENTROPY}, entropy(x, y)),
            ({"module": rows.ENTROPY, "label_smoothing": 0.1}, entropy(x, y, label_smoothing=0.1)),
            ({"module": rows.ENTROPY, "class_probabilities": True}, entropy(x, s)),
        ):
            changed = dataclasses.replace(row, **options)
            value = PyTorch(shared, compiled=False).prepare(changed)
            self.assertAlmostEqual(value, expected.item(), places=5)
            config = Lossproof.config(changed)
            for name, option in options.items():
                self.assertEqual(config[name], option)

    def test_gradient_is_asked_for(self):
        contender = PyTorch(Tensors(), compiled=False)
        asked = []
        grad = torch.autograd.grad
        try:
            torch.autograd.grad = lambda *a: asked.append(a) or grad(*a)
            contender.prepare(rows.Row(*("BCEWithLogitsLoss", "mean", True, "float32", (4, 5), 1)))
        finally:
            torch.autograd.grad = grad
        self.assertTrue(asked)


class Peers(unittest.TestCase):
    def test_losses_and_gradients_are_those_of_pytorch(self):
        shared = Tensors()
        for figure in figures.FIGURES:
            row = next(row for row in rows.all_rows() if figure.of(row) and row.threads == 1)
            small = dataclasses.replace(row, shape=(6, 10))
            eager = PyTorch(shared, compiled=False)
            expected = eager.prepare(small)
            for make in (peers.Jax, peers.OnnxRuntime, peers.NumExpr):
                peer = make(shared)
                if make is peers.OnnxRuntime and not peer.runs(row):
                    continue
                value = peer.prepare(small)
                self.assertAlmostEqual(value, expected, places=5, msg=f"{peer.name}: {row}")
                self.assertGreater(peer.round(small), 0)
                for got, want in (
                    zip(peer.call(), eager.call(), strict=True) if row.gradient else ()
                ):
                    np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-8)

    def test_they_run_where_there_is_a_figure_with_one_thread(self):
        for make, count in ((peers.Jax, 9), (peers.OnnxRuntime, 6), (peers.NumExpr, 9)):
            chosen = [row for row in rows.all_rows() if make(Tensors()).runs(row)]
            self.assertEqual((len(chosen), {row.threads for row in chosen}), (count, {1}))


def results_of(ours: float, theirs: float) -> list[dict]:
    """Results of all rows: so many nanoseconds each."""
    return [
        {
            "row": row,
            "times": {
                "lossproof": Times(3, ours, 2 * ours),
                "PyTorch eager": Times(3, theirs, theirs),
            }
            | ({"torch.compile": Times(3, theirs, theirs)} if row.compiled else {}),
            "read": ours / 4,
        }
        for row in rows.all_rows()
    ]


class Figures(unittest.TestCase):
    def test_every_figure_is_timed(self):
        results = results_of(1e6, 50e6)
        for figure in figures.FIGURES:
            for to, threads in ((figures.EAGER, (1, 2)), (figures.COMPILED, (1,))):
                for n in threads:
                    self.assertAlmostEqual(figures.reached(figure, results, n, to), 50)

    def test_a_figure_is_of_one_row(self):
        results = results_of(1e6, 50e6)
        for figure in figures.FIGURES:
            of = [r["row"].threads for r in results if figure.of(r["row"])]
            self.assertEqual(sorted(of), [1, 2], figure.text)

    def test_a_failure_is_not_timed(self):
        results = results_of(1e6, 50e6)
        for result in results:
            result["times"]["torch.compile"] = "RuntimeError: no compiler"
        for figure in figures.FIGURES:
            self.assertIsNone(figures.reached(figure, results, 1, figures.COMPILED))
        self.assertEqual(page.figures(results, "AVX2").count("not timed"), len(figures.FIGURES))

    def test_the_figure_to_reach_follows_the_instructions(self):
        results = results_of(1e6, 4.5e6)
        self.assertIn("mean, 4096×1024 | 4× | 4.5× | 4.5× | 3.3× |", page.figures(results, "AVX2"))
        self.assertIn(
            "mean, 4096×1024 | 5× | 4.5× | 4.5× | 3.3× |", page.figures(results, "AVX512")
        )

    def test_what_is_reached_is_rounded_down(self):
        self.assertIn(
            "mean, 4096×1024 | 4× | 3.9× |", page.figures(results_of(1e6, 3.99e6), "AVX2")
        )


class Page(unittest.TestCase):
    machine = {"cpu": "a CPU", "cores": 2, "platform": "p", "go": "g", "simd": ["AVX2", "FMA"]}
    torch = {"version": "2.15.0", "capability": "AVX2", "python": "3", "peers": ["JAX", "ONNX"]}

    def render(self, results, quick=False):
        return page.content(results, self.machine, "a kernel", self.torch, quick)

    def test_all_rows_are_shown(self):
        results = results_of(1e6, 80e6)
        text = self.render(results)
        line = (
            "| MultiLabelSoftMarginLoss | mean and gradient | 65536×1024 | 1 (2) | 25 % "
            "| 80 (80) | 80× (40×) | 80 (80) | 80× (40×) |"
        )
        self.assertEqual(text.count(line), 1)
        for row in ("## float32, 1 thread\n", "## float64, 2 threads\n", "a kernel", "AVX2, FMA"):
            self.assertIn(row, text)
        lines = sum(text.count(f"\n| {module}") for module in ("BCE", "Cross", "MultiLabel"))
        self.assertEqual(lines, len(results) + len(figures.FIGURES))
        self.assertNotIn("quick", text)
        self.assertIn("--quick", self.render(results_of(1e6, 2e6)[:3], quick=True))

    def test_the_picture_and_what_is_missed_are_of_the_table(self):
        text = self.render(results_of(1e6, 3e6))
        missed = picture.missed(text)
        self.assertIn(
            "| BCEWithLogitsLoss mean, 4096×1024 | PyTorch eager, 2 threads | 3× | 4× |", missed
        )
        self.assertNotIn("CrossEntropyLoss mean, 65536×10 |", missed)
        self.assertIn("| none | | | |", picture.missed(self.render(results_of(1e6, 80e6))))
        self.assertEqual(picture.draw(text).count(">3×<"), 2 * len(figures.FIGURES))
        with self.assertRaises(ValueError):
            picture.draw("no table")

    def test_the_picture_of_the_page_is_that_of_its_table(self):
        docs = pathlib.Path(__file__).parent.parent / "docs"
        text = (docs / "performance.md").read_text(encoding="utf-8")
        drawn = (docs / "plots" / "performance.svg").read_text(encoding="utf-8")
        self.assertEqual(picture.draw(text), drawn)
        self.assertIn(picture.missed(text), text)

    def test_peers_have_a_table_of_their_own(self):
        results = results_of(1e6, 50e6)
        self.assertNotIn("## Other peers", self.render(results))
        results[0]["times"]["JAX"] = Times(3, 2e6, 4e6)
        row = results[0]["row"]
        name = f"{row.module} {row.work}, {row.shape_text.replace('x', '×')}"
        self.assertIn(f"\n| {name} | 1 (2) | 2 (4): 2.0× |  |\n", self.render(results))

    def test_failures_of_torch_compile_are_said(self):
        results = results_of(1e6, 50e6)[:1]
        results[0]["times"]["torch.compile"] = "RuntimeError: no compiler"
        text = self.render(results)
        self.assertIn("| failed |  |", text)
        self.assertIn("torch.compile failed: `RuntimeError: no compiler`.", text)

    def test_markers(self):
        def block(part, text):
            return f"<!-- {part}: begin -->\n{text}\n<!-- {part}: end -->\n"

        for part, other in (
            (page.TABLES, page.FIGURES_ALONE),
            (page.FIGURES_ALONE, page.TABLES),
        ):
            old = f"# T\n\n{block(part, 'old')}\n{block(other, 'other')}\nmore\n"
            new = page.update(old, "new", part)
            self.assertEqual(new, old.replace(block(part, "old"), block(part, "\nnew\n")))
            self.assertEqual(page.update(new, "new", part), new)
            begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
            for bad in ("", old + old, old.replace(end, ""), f"\n{end}\n{begin}\n"):
                with self.assertRaises(ValueError):
                    page.update(bad, "new", part)

    def test_figures_alone(self):
        machine = {"cpu": "C", "cores": 2, "simd": [], "go": "go", "platform": "linux/amd64"}
        torch = {"version": "2", "capability": "AVX512", "python": "3"}
        results = results_of(1e6, 50e6)
        self.assertIn("--quick", page.figures_alone(results, machine, "Go", torch, True))
        text = page.figures_alone(results, machine, "Go", torch, False)
        self.assertIn("AVX512", text)
        self.assertNotIn("--quick", text)
        lines = sum(line.startswith("| BCE") or line.startswith("| M") for line in text.split("\n"))
        entropy = sum(line.startswith("| Cross") for line in text.split("\n"))
        self.assertEqual(lines + entropy, len(figures.FIGURES))


if __name__ == "__main__":
    unittest.main()
