package main

// caught says by what wrong ports are found that were conformant once: a fault of the catalogue of sizes, which a
// generated check finds, or a test of lossproof.
const caught = `
Wrong ports that were conformant once, each with the fault of the catalogue of sizes or the test that shows how it is found now:

| the port | found now |
|---|---|
| 'none' of 33 rows in chunks of 32 whose vectors are added | ` + "`chunk-vectors-added`" + ` |
| 'mean' as the mean of the means of chunks | ` + "`mean-of-chunk-means`, `mean-of-chunk-means-4096`, `mean-of-means-of-labels`" + ` |
| a gradient of 0 from row 1025 on, or from element 65,536 on | ` + "`grad-from-row-1025`, `grad-from-65536`" + ` |
| weight or pos_weight read at i mod 1024 | ` + "`weight-modulo-1024`, `pos-weight-modulo-1024`" + ` |
| the target's -1 lost for classes from 1024 on | ` + "`target-from-1024`" + ` |
| a sum of exp that stops at class 2048 | ` + "`sum-of-exp-2048`" + ` |
| NaN where the first tile of classes is masked | ` + "`first-tile-masked`" + ` |
| logits with a large common offset are rounded, or lost | ` + "`offset-lost`, `offset-ends-in-zeros`" + ` |
| a claim of a dtype or an output that no check is about | refused: ` + "`TestClaimsThatNoCheckIsAbout`" + ` |
| the loss alone, by a table that answers a constant, -Inf or -10000, to all else; also the gradient alone, one reduction, one dtype | broken laws: ` + "`TestATableIsNotConformant`" + ` |
| a replay of the calls of the release's seed | another seed: ` + "`TestAReplayIsNotConformant`" + ` |
| laws left out, or answers judged offline | the verdict line and the badge say so: ` + "`TestVerdictLine`" + ` |
| a port that is lost twenty times while laws are checked | ` + "`TestPanicsAreCounted`, `TestSomebodyElseIsLost`" + ` |
| a port in process that overwrites its inputs | ` + "`TestInputsStayAsTheyAre`" + ` |
| answers that depend on earlier calls | ` + "`TestAnswersThatDependOnEarlierCalls`" + ` |
`
