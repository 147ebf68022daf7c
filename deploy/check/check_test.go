// Package check holds the files of deploy against what their engines take. It is a module of its
// own, so that nobody who builds lossproof needs Kubernetes.
package check

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestKubernetes decodes the manifests into the types of the API: an unknown or misplaced field is
// an error. The number of shards is that of the completions.
func TestKubernetes(t *testing.T) {
	for _, name := range []string{"kubernetes-sweep.yaml", "kubernetes-matrix.yaml"} {
		t.Run(name, func(t *testing.T) { checkJob(t, name) })
	}
}

func checkJob(t *testing.T, name string) {
	documents := bytes.Split(read(t, name), []byte("\n---\n"))
	if len(documents) != 2 {
		t.Fatalf("got %d documents, want a Job and a claim of a volume", len(documents))
	}
	var job batchv1.Job
	if err := yaml.UnmarshalStrict(documents[0], &job); err != nil {
		t.Fatal(err)
	}
	var claim corev1.PersistentVolumeClaim
	if err := yaml.UnmarshalStrict(documents[1], &claim); err != nil {
		t.Fatal(err)
	}
	spec, pod := job.Spec, job.Spec.Template.Spec
	if job.Kind != "Job" || job.APIVersion != batchv1.SchemeGroupVersion.String() || spec.CompletionMode == nil || *spec.CompletionMode != batchv1.IndexedCompletion {
		t.Errorf("got a %s %s of mode %v, want an Indexed Job of %s", job.APIVersion, job.Kind, spec.CompletionMode, batchv1.SchemeGroupVersion)
	}
	container := pod.Containers[0]
	if env := container.Env[0]; env.Name != "LOSSPROOF_SHARDS" || env.Value != strconv.Itoa(int(*spec.Completions)) {
		t.Errorf("got %s=%s, want LOSSPROOF_SHARDS=%d", env.Name, env.Value, *spec.Completions)
	}
	// What the API server demands of a policy for failures of an index, and of one for failures of a pod.
	if pod.RestartPolicy != corev1.RestartPolicyNever || spec.BackoffLimitPerIndex == nil {
		t.Errorf("got the restart policy %s and the limit %v", pod.RestartPolicy, spec.BackoffLimitPerIndex)
	}
	if spec.PodFailurePolicy != nil {
		for _, rule := range spec.PodFailurePolicy.Rules {
			if codes := rule.OnExitCodes; codes != nil && (codes.ContainerName == nil || *codes.ContainerName != container.Name) {
				t.Errorf("got the policy %+v, want one of the container %s", rule, container.Name)
			}
		}
	}
	if volume := pod.Volumes[0]; volume.Name != container.VolumeMounts[0].Name || volume.PersistentVolumeClaim.ClaimName != claim.Name {
		t.Errorf("got the volume %+v, want the claim %s mounted as %s", volume, claim.Name, container.VolumeMounts[0].Name)
	}
}

// TestGitHub lints the workflows as actionlint does.
func TestGitHub(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"github-run.yml", "github-matrix.yml"} {
		problems, err := linter.Lint(name, read(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Error(p)
		}
	}
}

// TestGitLab decodes the jobs strictly into the keywords of GitLab's reference that they may use.
func TestGitLab(t *testing.T) {
	type artifacts struct {
		When    string            `json:"when"`
		Paths   []string          `json:"paths"`
		Reports map[string]string `json:"reports"`
	}
	var jobs map[string]struct {
		Stage     string    `json:"stage"`
		Image     string    `json:"image"`
		Parallel  int       `json:"parallel"`
		Needs     []string  `json:"needs"`
		Script    []string  `json:"script"`
		Artifacts artifacts `json:"artifacts"`
	}
	if err := yaml.UnmarshalStrict(read(t, "gitlab-run.yml"), &jobs); err != nil {
		t.Fatal(err)
	}
	for name, job := range jobs {
		if len(job.Script) == 0 || job.Image == "" {
			t.Errorf("%s: got %+v, want an image and a script", name, job)
		}
		for _, other := range job.Needs {
			if _, ok := jobs[other]; !ok {
				t.Errorf("%s: needs %q, which there is not", name, other)
			}
		}
	}
	if jobs["lossproof"].Parallel < 2 {
		t.Errorf("got parallel %d, want shards", jobs["lossproof"].Parallel)
	}
}

// TestSlurm: the script is bash, its array counts from 1, and has as many tasks as shards.
func TestSlurm(t *testing.T) {
	option := regexp.MustCompile(`^#SBATCH --(job-name|array|cpus-per-task|mem|time|requeue|open-mode|output)(=\S+)?$`)
	for _, name := range []string{"slurm-sweep.sh", "slurm-matrix.sh"} {
		if text, err := exec.Command("bash", "-n", filepath.Join("..", name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, text)
		}
		text := string(read(t, name))
		array := regexp.MustCompile(`(?m)^#SBATCH --array=1-(\d+)$`).FindStringSubmatch(text)
		if array == nil || !strings.Contains(text, "LOSSPROOF_SHARDS:-"+array[1]+"}") {
			t.Errorf("%s: got the array %q, want one from 1 to the default of LOSSPROOF_SHARDS", name, array)
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#SBATCH") && !option.MatchString(line) {
				t.Errorf("%s: %q: not an option that sbatch is known to take here", name, line)
			}
		}
	}
}
