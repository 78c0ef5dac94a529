"""Lesson: a model that has seen only some digits notices the others."""

from functools import partial

from ui import anomaly, anomaly_results, jobs, odd, warm
from ui.lesson import Experiment, check_yourself, fold, heading, try_this
from ui.state import t

heading("anomaly")
warm.wait()
found = jobs.find(anomaly.PLACE)
settings = anomaly.choose(found)
anomaly.offer(settings, found)
anomaly.course(found)
outcome, token = anomaly.outcome(found)
anomaly_results.results(outcome, recorded=token == anomaly.RECORDED)

odd.judge(outcome, token)
anomaly_results.by_digit()

try_this(
    "anomaly",
    [
        Experiment(
            "hard",
            ("one", "same", "eight"),
            "eight",
            partial(anomaly.set_up, normal=(8,)),
        ),
        Experiment(
            "eyes",
            ("better", "same", "worse"),
            "same",
            partial(anomaly.set_up, normal=(8,), feature_weight=1.0),
        ),
        Experiment(
            "rare",
            ("both", "neither", "auprc"),
            "auprc",
            partial(anomaly_results.set_share, 10),
        ),
    ],
)

fold(t("anomaly.formula_title"), "anomaly_fold", anomaly.formulas, anomaly.source)

check_yourself("anomaly", [("chance", ("a", "b", "c", "d"), "c"), ("judge", ("a", "b", "c"), "c")])
