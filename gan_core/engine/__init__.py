"""Who turns the crank: training outside the web page, in fair turns.

Nothing here imports torch until a run is built, so that a server can start
before torch has loaded.
"""

from gan_core.engine.engine import Engine, EngineFull
from gan_core.engine.fork import CHANGEABLE, CannotFork, differing
from gan_core.engine.frame import Frame, Picture, Reason, RunState
from gan_core.engine.job import Experiment, Job, JobFrame, JobState, Step
from gan_core.engine.pair import Pair
from gan_core.engine.run import Run, Snapshot

__all__ = [
    "CHANGEABLE",
    "CannotFork",
    "Engine",
    "EngineFull",
    "Experiment",
    "Frame",
    "Job",
    "JobFrame",
    "JobState",
    "Pair",
    "Picture",
    "Reason",
    "Run",
    "RunState",
    "Snapshot",
    "Step",
    "differing",
]
