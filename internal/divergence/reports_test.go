package divergence_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/ports"
	"lossproof/tensor"
)

// v is a tensor of numbers in a row.
type v = []float64

// reported is a call as public reports have it, in the smallest numbers, and what they say was returned.
type reported struct {
	// reports are paths on GitHub, separated by spaces.
	reports, divergence, module, reduction string
	input, target                          v
	// other are the other inputs; shape is that of the input and of what has as many elements, nil for a row.
	other  map[string]v
	shape  []int
	dtype  tensor.DType
	output string
	// want is nil for a refusal.
	want v
}

const (
	bce  = ports.BCEWithLogitsLoss
	mlsm = ports.MultiLabelSoftMarginLoss
	prob = ports.BCELoss
	ce   = ports.CrossEntropyLoss
	grad = ports.GradInput
	loss = ports.Loss
)

var nan, inf = math.NaN(), math.Inf(1)

func weighted(w ...float64) map[string]v    { return map[string]v{ports.Weight: w} }
func posWeighted(w ...float64) map[string]v { return map[string]v{ports.PosWeight: w} }
func upstream(u ...float64) map[string]v    { return map[string]v{ports.GradOutput: u} }

// reports are those that say what was returned, or whose title does.
var reports = []reported{
	{"pytorch/pytorch/issues/54843", "mean-over-weight-sum", bce, "mean", v{0, 0}, v{0, 0}, weighted(3, 1), nil, "", loss, v{0.6931}},
	{"microsoft/Semi-supervised-learning/issues/96 DeepX-inc/machina/pull/198", "mean-over-nonzero-weights", bce, "mean", v{0, 0}, v{0, 0}, weighted(1, 0), nil, "", loss, v{0.6931}},
	{"tensorflow/swift-apis/pull/51 pytorch/pytorch/issues/6988", "mean-over-batch", bce, "mean", v{0, 0, 0, 0, 0, 0}, v{0, 0, 0, 0, 0, 0}, nil, []int{2, 3}, "", loss, v{2.0794}},
	{"eriklindernoren/PyTorch-YOLOv3/pull/137 TreB1eN/InsightFace_Pytorch/issues/22", "mean-divided-twice", bce, "mean", v{0, 0}, v{0, 0}, nil, nil, "", loss, v{0.3466}},
	{"pytorch/pytorch/issues/10148", "mean-is-sum", bce, "mean", v{0, 0}, v{0, 0}, nil, nil, "", loss, v{1.3863}},
	{"photosynthesis-team/piq/issues/65", "sum-is-mean", bce, "sum", v{0, 0}, v{0, 0}, nil, nil, "", loss, v{0.6931}},
	{"facebookresearch/detectron2/pull/3454", "reduction-ignored", bce, "sum", v{0, 0}, v{0, 0}, nil, nil, "", loss, v{0.6931}},
	{"linkedin/Liger-Kernel/pull/435", "reduction-ignored", bce, "none", v{0, 0}, v{0, 0}, nil, nil, "", loss, v{0.6931}},
	{"pytorch/pytorch/issues/144104 pytorch/pytorch/issues/50224", "empty-mean-zero", bce, "mean", v{}, v{}, nil, nil, "", loss, v{0}},
	{"pytorch/pytorch/issues/9301", "sum-of-all-elements", mlsm, "sum", v{0, 0}, v{0, 0}, nil, []int{1, 2}, "", loss, v{1.3863}},
	{"pytorch/pytorch/issues/9301 pytorch/pytorch/pull/9965", "class-sum", mlsm, "mean", v{0, 0}, v{0, 0}, nil, []int{1, 2}, "", loss, v{1.3863}},
	{"pytorch/pytorch/pull/9965", "none-per-element", mlsm, "none", v{0, 0}, v{0, 0}, nil, []int{1, 2}, "", loss, v{0.6931, 0.6931}},
	{"pytorch/pytorch/issues/1516", "gradient-without-class-mean", mlsm, "mean", v{0, 0}, v{0, 0}, nil, []int{1, 2}, "", grad, v{0.5, 0.5}},
	{"torch/nn/pull/953", "weight-ignored", mlsm, "mean", v{0}, v{0}, weighted(2), []int{1, 1}, "", loss, v{0.6931}},
	{"open-mmlab/mmdetection/issues/845 mathiaszinnen/focal_loss_torch/issues/13 paninski-lab/lightning-pose/issues/374", "weight-twice", bce, "mean", v{0}, v{0}, weighted(3), nil, "", loss, v{6.2383}},
	{"eric612/MobileNet-YOLO/issues/224", "weight-not-in-gradient", bce, "mean", v{0}, v{0}, weighted(2), nil, "", grad, v{0.5}},
	{"open-mmlab/mmdetection/pull/5776 chufengt/ALM-pedestrian-attribute/issues/6 chufengt/ALM-pedestrian-attribute/issues/19", "weight-on-positives-only", bce, "mean", v{0}, v{0}, weighted(3), nil, "", loss, v{0.6931}},
	{"PaddlePaddle/Paddle/pull/65859", "pos-weight-ignored", bce, "mean", v{0}, v{1}, posWeighted(3), nil, "", loss, v{0.6931}},
	{"open-mmlab/mmpretrain/issues/434 mkocabas/focal-loss-keras/issues/6 chuanqi305/FocalLoss/issues/7", "pos-weight-on-whole-loss", bce, "mean", v{0}, v{0}, posWeighted(3), nil, "", loss, v{2.0794}},
	{"fizyr/keras-retinanet/pull/1357 mathiaszinnen/focal_loss_torch/issues/2", "pos-weight-for-target-one-only", bce, "mean", v{0}, v{0.5}, posWeighted(3), nil, "", loss, v{0.6931}},
	{"interactiveaudiolab/emphases/pull/16", "targets-clipped", bce, "mean", v{2}, v{-1}, nil, nil, "", loss, v{2.1269}},
	{"s9xie/hed/issues/61", "targets-as-flags", bce, "mean", v{2}, v{0.25}, nil, nil, "", loss, v{0.12693}},
	{"chainer/chainer/pull/790", "minus-one-ignored", bce, "mean", v{0, 2}, v{1, -1}, nil, nil, "", loss, v{0.6931}},
	{"VectorInstitute/cyclops/pull/168", "minus-one-masked", bce, "mean", v{0, 0}, v{1, -1}, nil, nil, "", loss, v{0.3466}},
	{"fastai/fastbook/pull/515 fastai/fastbook/pull/396", "targets-inverted", bce, "mean", v{2}, v{1}, nil, nil, "", loss, v{2.1269}},
	{"deeplearning4j/deeplearning4j/issues/4832 catboost/catboost/issues/3079", "target-nan-ignored", bce, "none", v{0}, v{nan}, nil, nil, "", loss, v{0}},
	{"tensorflow/tensorflow/issues/26495", "target-gradient-zero", bce, "mean", v{2}, v{0}, nil, nil, "", ports.GradTarget, v{0}},
	{"facebookresearch/fairseq/issues/466 valeoai/ADVENT/issues/1", "base-2-logarithm", bce, "mean", v{0}, v{0}, nil, nil, "", loss, v{1}},
	{"itakurah/focal-loss-pytorch/pull/5 Turoad/lanedet/issues/32 cvg/glue-factory/issues/89", "sigmoid-twice", bce, "mean", v{2}, v{1}, nil, nil, "", loss, v{0.34674}},
	{"aymericdamien/TensorFlow-Examples/issues/86 FluxML/Flux.jl/pull/96", "negatives-left-out", bce, "mean", v{3}, v{0}, nil, nil, "", loss, v{0}},
	{"apache/mxnet/pull/7118 cs231n/cs231n.github.io/pull/216 fastai/fastbook/pull/478", "log-likelihood", bce, "mean", v{0}, v{0}, nil, nil, "", loss, v{-0.6931}},
	{"huggingface/candle/issues/2561", "log-of-sigmoid", bce, "mean", v{100}, v{1}, nil, nil, "", loss, v{nan}},
	{"borgwang/tinynn/pull/7", "exp-overflows", bce, "mean", v{100}, v{0}, nil, nil, "", loss, v{inf}},
	{"pytorch/pytorch/issues/4867", "epsilon-1e-12-in-log", bce, "mean", v{-100}, v{1}, nil, nil, "", loss, v{27.631}},
	{"keras-team/keras/issues/9664", "probability-clipped", bce, "mean", v{20}, v{0}, nil, nil, "", grad, v{0}},
	{"ml-explore/mlx/pull/1280", "log-clamped-at-100", bce, "mean", v{-200}, v{1}, nil, nil, "", loss, v{100}},
	{"NervanaSystems/ngraph/pull/3118 clab/dynet/issues/1525", "sigmoid-overflows", bce, "mean", v{100}, v{0}, nil, nil, "", grad, v{nan}},
	{"apache/mxnet/pull/9404", "max-value-formula", bce, "mean", v{20}, v{1}, nil, nil, "", loss, v{0}},
	{"SKaiNET-developers/SKaiNET/issues/862", "gradient-zero", bce, "mean", v{0}, v{0}, nil, nil, "", grad, v{0}},
	{"dennybritz/nn-from-scratch/issues/11 deeplearning4j/deeplearning4j/issues/349", "gradient-negated", bce, "mean", v{0}, v{0}, nil, nil, "", grad, v{-0.5}},
	{"jxgu1016/MNIST_center_loss_pytorch/issues/9", "gradient-of-the-sum", bce, "mean", v{0, 0}, v{0, 0}, nil, nil, "", grad, v{0.5, 0.5}},
	{"paiml/aprender/pull/2182", "gradient-always-averaged", bce, "sum", v{0, 0}, v{0, 0}, nil, nil, "", grad, v{0.25, 0.25}},
	{"jax-ml/jax/pull/40825 tensorflow/tensorflow/issues/126060 tenstorrent/tt-metal/pull/55727", "one-minus-sigmoid", bce, "mean", v{18}, v{1}, nil, nil, "", grad, v{0}},
	{"pytorch/pytorch/issues/195677", "sigmoid-minus-target", bce, "mean", v{40}, v{1}, nil, nil, tensor.Float64, grad, v{0}},
	{"dmlc/gluon-cv/issues/1668 apache/mxnet/issues/3247", "upstream-ignored", bce, "none", v{0}, v{0}, upstream(3), nil, "", grad, v{0.5}},
	{"linkedin/Liger-Kernel/pull/1298 paiml/aprender/pull/2182", "upstream-first-element", bce, "none", v{0, 0}, v{0, 0}, upstream(2, 3), nil, "", grad, v{1, 1}},
	{"facebookresearch/fairchem/pull/441", "nan-swallowed", bce, "none", v{nan}, v{0}, nil, nil, "", loss, v{0}},
	{"pytorch/pytorch/issues/102894 google-deepmind/optax/pull/431", "infinity-minus-infinity", bce, "mean", v{inf}, v{1}, nil, nil, "", loss, v{nan}},
	{"pytorch/pytorch/issues/135359", "infinity-minus-infinity", bce, "mean", v{-inf}, v{0}, nil, nil, "", loss, v{nan}},
	{"ooples/AiDotNet/pull/1118 nntrainer/nntrainer/issues/2155", "target-reshaped", bce, "mean", v{0, 0}, v{0, 0}, nil, []int{1, 2}, "", loss, v{0.6931}},
	{"pytorch/pytorch/issues/110865 pytorch/pytorch/issues/123339 pytorch/pytorch/pull/177506", "target-range-refused", bce, "mean", v{0}, v{2}, nil, nil, "", loss, nil},
	{"chemprop/chemprop/pull/189 dmlc/xgboost/pull/6115", "negative-weight-refused", bce, "mean", v{0}, v{1}, weighted(-1), nil, "", loss, nil},
	{"pytorch/pytorch/issues/51906", "empty-refused", bce, "mean", v{}, v{}, nil, nil, "", loss, nil},
	{"ml-explore/mlx/pull/1280", "log-not-clamped", prob, "mean", v{0}, v{0}, nil, nil, "", loss, v{nan}},
	{"pytorch/pytorch/issues/4867", "epsilon-1e-12-added", prob, "mean", v{0}, v{1}, nil, nil, "", loss, v{27.631}},
	{"pytorch/pytorch/pull/8147", "epsilon-1e-12-added", prob, "mean", v{1}, v{1}, nil, nil, tensor.Float64, loss, v{-1e-12}},
	{"NVIDIA-Merlin/models/pull/1175", "probability-taken-as-logit", prob, "mean", v{0.5}, v{1}, nil, nil, "", loss, v{0.4741}},
	{"FluxML/Flux.jl/pull/96", "negative-term-left-out", prob, "mean", v{0.75}, v{0}, nil, nil, "", loss, v{0}},
	{"SorawitChok/Neural-Network-from-scratch-in-Cpp/pull/6 huawei-noah/Efficient-Computing/issues/12", "base-10-logarithm", prob, "mean", v{0.1}, v{1}, nil, nil, "", loss, v{1}},
	{"deeplearning4j/nd4j/issues/1328", "gradient-of-the-positive-term", prob, "mean", v{0.25}, v{0}, nil, nil, "", grad, v{0}},
	{"pytorch/pytorch/issues/15262", "target-range-accepted", prob, "mean", v{0.5}, v{3}, nil, nil, "", loss, v{0.6931}},
	{"keras-team/keras/issues/14046", "target-range-accepted", prob, "mean", v{0.5, 0.5}, v{-2, 2}, nil, nil, "", loss, v{0.6931}},
	{"keras-team/keras/issues/4744", "input-range-clamped", prob, "mean", v{-0.5}, v{0}, nil, nil, "", loss, v{0}},
	{"pytorch/pytorch/issues/61309 pytorch/pytorch/issues/25571", "mean-over-rows", ce, "mean", v{0, 0, 0, 0}, v{0, 1}, weighted(3, 1), []int{2, 2}, "", loss, v{1.3863}},
	{"PaddlePaddle/Paddle/pull/76033", "mean-counts-ignored-rows", ce, "mean", v{0, 0, 0, 0}, v{0, -100}, nil, []int{2, 2}, "", loss, v{0.3466}},
	{"pytorch/pytorch/issues/70348 pytorch/pytorch/issues/116349", "all-ignored-mean-zero", ce, "mean", v{0, 0}, v{-100}, nil, []int{1, 2}, "", loss, v{0}},
	{"Theano/Theano/pull/3042", "index-counted-from-the-end", ce, "sum", v{0, 0}, v{-1}, nil, []int{1, 2}, "", loss, v{0.6931}},
	{"PaddlePaddle/Paddle/pull/36891", "index-out-of-range-ignored", ce, "sum", v{0, 0}, v{-1}, nil, []int{1, 2}, "", loss, v{0}},
	{"sony/nnabla/pull/945", "negative-indices-ignored", ce, "sum", v{0, 0}, v{-1}, nil, []int{1, 2}, "", loss, v{0}},
	{"tenstorrent/tt-metal/pull/10001 FluxML/NNlib.jl/issues/68", "exp-not-shifted", ce, "sum", v{0, 1000}, v{0}, nil, []int{1, 2}, "", loss, v{inf}},
	{"pytorch/pytorch/issues/11752", "log-sum-exp-of-large-logits", ce, "mean", v{1e8, 1e8}, v{0}, nil, []int{1, 2}, "", loss, v{0}},
	{"tflearn/tflearn/pull/562 bowang-lab/Transformer-GCN-QA/pull/32", "softmax-twice", ce, "mean", v{2, 0}, v{0}, nil, []int{1, 2}, "", loss, v{0.38319}},
	{"pytorch/pytorch/pull/12703", "logits-taken-as-log-probabilities", ce, "mean", v{2, 0}, v{0}, nil, []int{1, 2}, "", loss, v{-2}},
	{"candle-org/MindAct/pull/1633", "masked-class-nan", ce, "mean", v{0, -inf}, v{0}, nil, []int{1, 2}, "", loss, v{nan}},
	{"pytorch/pytorch/issues/55056 tracel-ai/burn/pull/4697", "masked-row-zero", ce, "none", v{-inf, -inf}, v{0}, nil, []int{1, 2}, "", loss, v{0}},
	{"TomHeaven/msba_reid/issues/3", "weight-in-softmax", ce, "mean", v{1, 0}, v{0}, weighted(2, 1), []int{1, 2}, "", loss, v{0.12693}},
	{"PaddlePaddle/Paddle/issues/20994", "shifted-logits-clipped", ce, "none", v{0, 96}, v{0}, nil, []int{1, 2}, "", loss, v{64}},
}

// call is that of a report.
func (r reported) call() ports.Call {
	dtype, shape := r.dtype, r.shape
	if dtype == "" {
		dtype = tensor.Float32
	}
	if shape == nil {
		shape = []int{len(r.input)}
	}
	call := ports.Call{Module: r.module, Want: []string{r.output}, Inputs: map[string]tensor.Tensor{ports.Input: tensor.FromValues(dtype, r.input, shape...)}}
	call.Options.Reduction = &r.reduction
	switch {
	case r.module == ce:
		call.Inputs[ports.Target] = tensor.FromValues(tensor.Int64, r.target, len(r.target))
	case r.divergence == "target-reshaped":
		call.Inputs[ports.Target] = tensor.FromValues(dtype, r.target, len(r.target))
	default:
		call.Inputs[ports.Target] = tensor.FromValues(dtype, r.target, shape...)
	}
	for name, values := range r.other { // for each class or element
		call.Inputs[name] = tensor.FromValues(dtype, values, len(values))
	}
	return call
}

// returned is what an answer has of the output, nil for a refusal.
func (r reported) returned(answer ports.Answer) v {
	if answer.Outputs == nil {
		return nil
	}
	return answer.Outputs[r.output].Float64s()
}

func alike(got, want v) bool {
	return (got == nil) == (want == nil) && slices.EqualFunc(got, want, func(g, w float64) bool {
		return g == w || math.IsNaN(g) && math.IsNaN(w) || !math.IsInf(w, 0) && math.Abs(g-w) <= 1e-4*math.Abs(w)
	})
}

// TestReports replays what public reports say was returned: the divergence that cites one returns it, and the right
// definition does not.
func TestReports(t *testing.T) {
	for _, r := range reports {
		d, ok := divergence.ByName(r.divergence)
		if !ok {
			t.Fatalf("there is no divergence %s", r.divergence)
		}
		for path := range strings.FieldsSeq(r.reports) {
			if !slices.ContainsFunc(d.Met, func(l divergence.Link) bool { return strings.HasSuffix(l.URL, "/"+path) }) {
				t.Errorf("%s does not cite %s", d.Name, path)
			}
		}
		call := r.call()
		if got := r.returned(d.Evaluate(call)); !alike(got, r.want) {
			t.Errorf("%s: %s returns %v, the reports say %v", r.reports, d.Name, got, r.want)
		}
		if got := divergence.Right(call); alike(r.returned(got), r.want) && len(got.Outputs[r.output].Shape) == len(d.Evaluate(call).Outputs[r.output].Shape) {
			t.Errorf("%s: the right definition returns %v, too", r.reports, r.want)
		}
	}
}
