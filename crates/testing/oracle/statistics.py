"""Reference results for tests/scoring_oracle.rs from scipy and scikit-learn.

statistics.py FILE reads numbers from a JSON file and writes what they give as JSON.
"""
import json
import sys

import numpy
import scipy.stats
import sklearn.metrics

given = json.load(open(sys.argv[1]))
out = {"cases": []}
for case in given["cases"]:
    a, b = numpy.array(case["a"]), numpy.array(case["b"])
    d = numpy.array(case["differences"])
    groups = [numpy.digitize(x, [1, 5, 10]) for x in (a, b)]
    fisher = scipy.stats.pearsonr(scipy.stats.rankdata(a), scipy.stats.rankdata(b))
    # The asymptotic form wherever there are ties or zeros; newer versions of scipy would permute.
    exact = len(set(abs(d))) == len(d) and not (d == 0).any() and len(d) <= 50
    method = "exact" if exact else "asymptotic"
    out["cases"].append({
        "spearman": scipy.stats.spearmanr(a, b).statistic,
        "fisher": list(fisher.confidence_interval()),
        "kappa": sklearn.metrics.cohen_kappa_score(*groups, labels=[0, 1, 2, 3], weights="quadratic"),
        "wilcoxon": [
            scipy.stats.wilcoxon(d, alternative=side, method=method).pvalue
            for side in ("two-sided", "greater", "less")
        ],
        "mcnemar": scipy.stats.binomtest(case["only"][0], sum(case["only"])).pvalue,
        "average_precision": sklearn.metrics.average_precision_score(case["right"], case["confidence"]),
        "line": list(scipy.stats.linregress(a, b)[:2]),
    })
json.dump(out, sys.stdout)
