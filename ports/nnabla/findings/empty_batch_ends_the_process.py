"""softmax_cross_entropy of an empty batch ends the process."""

import subprocess
import sys

CALL = """
import nnabla
from nnabla import functions
logits, labels = nnabla.Variable(({rows}, 3)), nnabla.Variable(({rows}, 1))
logits.d, labels.d = 0, 0
loss = functions.softmax_cross_entropy(logits, labels)
loss.forward()
print(loss.d.shape)
"""

for rows in (2, 0):
    done = subprocess.run(
        [sys.executable, "-c", CALL.format(rows=rows)], capture_output=True, text=True
    )
    if done.returncode < 0:
        print(f"{rows} rows: the process ended with signal {-done.returncode}")
    else:
        print(f"{rows} rows: a loss of shape {done.stdout.strip()} {done.stderr.strip()[-80:]}")
