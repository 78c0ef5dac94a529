"""Words: every language has them all, the code asks only for those, and none is left over."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter

import pytest

from gan_core.anomaly.outcome import KINDS, SCORERS
from gan_core.augmentation import ARMS, GANS, VERDICTS
from gan_core.clinic.cases import CASES
from gan_core.clinic.doctor import SYMPTOMS
from gan_core.clinic.published import ROWS, SETS
from gan_core.config import (
    DATASET_KEYS,
    LOSS_KEYS,
    MODEL_KEYS,
    NOISE_KEYS,
    OPTIMIZER_KEYS,
    OWN_POINTS,
    POINT_KEYS,
    POINT_MODEL,
    PRESETS,
    SHIPPED_KEYS,
    SWITCH_KEYS,
    TrainConfig,
)
from gan_core.engine import JobState, RunState
from gan_core.losses import LOSSES
from gan_core.moments import MOMENT_KINDS
from gan_core.theory.levels import LEVELS
from gan_core.versus.recipe import SIDES
from ui import anomaly, augmentation, clinic, duel, losses, published, versus, words
from ui.guess_route import STAGE_KEYS
from ui.lessons import LESSONS
from ui.live_frame import SHOWN

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "pages").glob("*.py"))
CODE = [*PAGES, *sorted((ROOT / "ui").glob("*.py"))]
SCRIPTS = ROOT / "ui" / "browser"
# Words that browser components get as a whole, and the script that says them.
SECTIONS = {
    "pipeline": "pipeline.js",
    "live": "live.js",
    "guess": "guess.js",
    "forge": "forge.js",
    "reply": "reply.js",
    "turn": "turn.js",
    "sums": "sums.js",
    "loss_lab": "losses.js",
    "studio": "latent.js",
    "plane": "playground.js",
    "twins": "twins.js",
    "doctor": "doctor.js",
    "job": "job.js",
    "odd": "odd.js",
}
# Components that also say what others say: they are made of their parts.
BORROWED = {"plane": ("live",), "twins": ("live", "plane"), "odd": ("studio",)}
ENGLISH = words.catalogue("en")
OTHERS = [language for language in words.LANGUAGES if language != "en"]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function or a class, by its bare name."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and getattr(inner.func, "id", None) == name:
            yield inner


def placeholders(text: str) -> set[str]:
    """The {fields} of a sentence, each with its format."""
    return {
        f"{name}!{conversion or ''}:{spec}"
        for _, name, spec, conversion in Formatter().parse(text)
        if name is not None
    }


def names(text: str) -> set[str]:
    return {field.partition("!")[0] for field in placeholders(text)}


# Languages ------------------------------------------------------------------------------


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_keys(language):
    assert words.catalogue(language).keys() == ENGLISH.keys()


@pytest.mark.parametrize("language", OTHERS)
def test_all_languages_have_the_same_placeholders(language):
    other = words.catalogue(language)
    different = [key for key in ENGLISH if placeholders(ENGLISH[key]) != placeholders(other[key])]
    assert different == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_no_word_is_empty(language):
    assert [key for key, text in words.catalogue(language).items() if not text.strip()] == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_been_translated(language):
    """Formulas, numbers and names may stay as they are; a sentence may not."""
    other = words.catalogue(language)
    same = {key: text for key, text in ENGLISH.items() if text == other[key]}
    word = r"[A-Za-z][A-Za-z-]{2,}"
    assert [key for key, text in same.items() if len(re.findall(word, text)) > 1] == []


def test_the_same_lessons_are_told_in_all_languages():
    told = {
        language: {path.name for path in (words.ASSETS / "lessons" / language).iterdir()}
        for language in words.LANGUAGES
    }
    assert all(files == told["en"] for files in told.values())


@pytest.mark.parametrize("name", sorted((words.ASSETS / "lessons" / "en").iterdir()))
def test_a_lesson_has_the_same_formulas_in_all_languages(name):
    formulas = [
        re.findall(r"\$\$.+?\$\$", words.lesson(language, name.stem), re.DOTALL)
        for language in words.LANGUAGES
    ]
    assert all(found == formulas[0] for found in formulas)


def test_the_lessons_told_are_the_lessons_used():
    used = {ast.literal_eval(call.args[0]) for path in CODE for call in calls(tree(path), "prose")}
    assert {f"{name}.md" for name in used} == {
        path.name for path in (words.ASSETS / "lessons" / "en").iterdir()
    }


# What the code asks for -----------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One call ``t(key, **values)``; the key may have ``{holes}``."""

    where: str
    key: str
    values: frozenset[str] | None  # None: not to be seen in the code


def asked() -> list[Asked]:
    return [
        Asked(f"{path.name}:{call.lineno}", key, _values(call))
        for path in CODE
        for scope, call in _calls_with_scope(tree(path))
        for key in _keys(call.args[0], scope)
    ]


def _values(call: ast.Call) -> frozenset[str] | None:
    given = [keyword.arg for keyword in call.keywords]
    return None if None in given else frozenset(name for name in given if name)


def _calls_with_scope(module: ast.Module) -> Iterator[tuple[ast.AST, ast.Call]]:
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    inside: set[int] = set()
    for function in functions:
        for call in calls(function, "t"):
            inside.add(id(call))
            yield function, call
    for call in calls(module, "t"):
        if id(call) not in inside:
            yield module, call


def _keys(node: ast.expr, scope: ast.AST) -> list[str]:
    """Say which keys an expression stands for, with a hole where a name is not known."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=otherwise):
            return _keys(body, scope) + _keys(otherwise, scope)
        case ast.JoinedStr(values=parts):
            return ["".join(_piece(part) for part in parts)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in _keys(left, scope) for b in _keys(right, scope)]
        case ast.Name(id=name):
            return _assigned(name, scope) or [f"{{{name}}}"]
    return [f"{{{ast.unparse(node)}}}"]


def _piece(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return f"{{{ast.unparse(part.value)}}}"
    return ast.literal_eval(part)


def _assigned(name: str, scope: ast.AST) -> list[str]:
    return [
        key
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and [ast.unparse(goal) for goal in node.targets] == [name]
        for key in _keys(node.value, scope)
    ]


def pages_of(function: str) -> set[str]:
    """The pages that are given to a function of ui/lesson.py by name."""
    return {ast.literal_eval(call.args[0]) for path in CODE for call in calls(tree(path), function)}


def experiments() -> dict[str, tuple[tuple[str, ...], str]]:
    """Each experiment's ``page.try.key`` with its choices and the right one."""
    return {
        f"{ast.literal_eval(group.args[0])}.try.{ast.literal_eval(one.args[0])}": (
            ast.literal_eval(one.args[1]),
            ast.literal_eval(one.args[2]),
        )
        for path in CODE
        for group in calls(tree(path), "try_this")
        for one in calls(group, "Experiment")
    }


def cases() -> dict[str, tuple[tuple[str, ...], str]]:
    """Each case of the clinic with its choices and the right one."""
    return {f"clinic.case.{key}": question for key, question in clinic.QUESTIONS.items()}


def quizzes() -> dict[str, tuple[tuple[str, ...], str]]:
    """Each question's ``page.quiz.key`` with its choices and the right one."""
    return {
        f"{ast.literal_eval(call.args[0])}.quiz.{key}": (choices, right)
        for path in CODE
        for call in calls(tree(path), "check_yourself")
        for key, choices, right in ast.literal_eval(call.args[1])
    }


def codes(error: str, place: int) -> set[str]:
    """The codes that an exception is raised with, anywhere in the program."""
    return {
        argument.value
        for path in [*CODE, *sorted((ROOT / "gan_core").rglob("*.py"))]
        for call in calls(tree(path), error)
        if isinstance(argument := call.args[place], ast.Constant)
    }


FIELDS = [spec.name for spec in fields(TrainConfig)]
MEASURED = json.loads((words.ASSETS / "figures" / "digits.json").read_text("utf-8"))
QUESTIONS = experiments() | quizzes() | cases()

D_EQUILIBRIA = [f"equilibrium.d.{key}" for key in LOSSES]
G_EQUILIBRIA = [
    f"equilibrium.g.{key}"
    for key, loss in LOSSES.items()
    if loss.generator_at_equilibrium is not None
]
REMEDIES = [one.key for one in (*losses._remedies(), *losses._against_collapse())]

MEASURES_OF_VERSUS = (*versus.SCORES, *versus.BEYOND)
OF_VERSUS: dict[str, Iterable[str]] = {
    "{words[side]}": ["versus.gan", "versus.vae", "versus.noise", "versus.real"],
    "{word}": ["versus.between_from", "versus.between_to"],
    "versus.{side}_alt": [f"versus.{side}_alt" for side in (*SIDES, "real")],
    "versus.row_{side}": [f"versus.row_{side}" for side in SIDES],
    "versus.between_{side}": [f"versus.between_{side}" for side in SIDES],
    "versus.column_{name}": [
        f"versus.column_{name}" for name in ("measure", "better", *SIDES, "real", "blurred")
    ],
    "versus.measure_{name}": [f"versus.measure_{name}" for name in MEASURES_OF_VERSUS],
    "versus.better_{name}": [f"versus.better_{name}" for name in MEASURES_OF_VERSUS],
    "versus.reading_{part}": [f"versus.reading_{part}" for part in versus.READING],
    "versus.brief_{name}": [f"versus.brief_{name}" for name in duel.COMPARED],
    "versus.stage_{stage}": [f"versus.stage_{stage}" for stage in duel.STAGES],
    "versus.shot_{name}": [f"versus.shot_{name}" for name in duel.PICTURES],
    "versus.shot_{name}_alt": [f"versus.shot_{name}_alt" for name in duel.PICTURES],
    "versus.chart_{name}": [f"versus.chart_{name}" for name in (*duel.TERMS, "losses")],
    "versus.chart_{name}_alt": [f"versus.chart_{name}_alt" for name in (*duel.TERMS, "losses")],
    "versus.line_{line}": [f"versus.line_{line}" for line in (*duel.TERMS, "d_loss", "g_loss")],
    "live.fallback_{result.fallback}": [
        f"live.fallback_{reason}" for reason in codes("DataUnavailable", 1)
    ],
    "option.{config.dataset}": [f"option.{key}" for key in DATASET_KEYS],
}

# What the holes of a key are filled with. A key with a new hole needs a line here.
HOLES: dict[str, Iterable[str]] = {
    "{label}": {
        ast.literal_eval(call.args[0]) for path in CODE for call in calls(tree(path), "_ask")
    },
    "{page}.title": [f"{page}.title" for page in pages_of("heading")],
    "{page}.question": [f"{page}.question" for page in pages_of("heading")],
    "{words}.title": [f"{key}.title" for key in experiments()],
    "{words}.question": [f"{key}.question" for key in experiments()],
    "{words}.explain": [f"{key}.explain" for key in experiments() | cases()],
    "{words}.{choice}": [f"{key}.{choice}" for key in QUESTIONS for choice in QUESTIONS[key][0]],
    "{page}.quiz.{key}.question": [f"{key}.question" for key in quizzes()],
    "{page}.quiz.{key}.explain": [f"{key}.explain" for key in quizzes()],
    "nav.{lesson.path}": [f"nav.{lesson.path}" for lesson in LESSONS],
    "welcome.go_{lesson.path}": [f"welcome.go_{lesson.path}" for lesson in LESSONS[1:]],
    "field.{name}": [f"field.{name}" for name in FIELDS],
    "field.{error.name}": [f"field.{name}" for name in FIELDS],
    "help.{name}": [f"help.{name}" for name in FIELDS],
    "option.{key}": [
        f"option.{key}"
        for keys in (MODEL_KEYS, DATASET_KEYS, LOSS_KEYS, SWITCH_KEYS, NOISE_KEYS, OPTIMIZER_KEYS)
        for key in (*keys, *POINT_KEYS, OWN_POINTS)
    ],
    "option.{saved.config.model}": [f"option.{key}" for key in (*MODEL_KEYS, POINT_MODEL)],
    "preset.{key}.name": [f"preset.{key}.name" for key in PRESETS],
    "preset.{key}.expect": [f"preset.{key}.expect" for key in MEASURED["presets"]],
    "equilibrium.{player}.{loss.key}": [*D_EQUILIBRIA, *G_EQUILIBRIA],
    "equilibrium.d.{loss.key}": D_EQUILIBRIA,
    "equilibrium.g.{loss.key}": G_EQUILIBRIA,
    "losses.short.{key}": [f"losses.short.{key}" for key in LOSSES],
    "losses.remedy.{remedy.key}": [f"losses.remedy.{key}" for key in REMEDIES],
    "field.{remedy.key}": [f"field.{key}" for key in REMEDIES],
    "option.{loss}": [f"option.{key}" for key in LOSS_KEYS],
    "option.{value}": [f"option.{key}" for key in SWITCH_KEYS],
    "network.{key}": [f"network.{key}" for key in SHIPPED_KEYS],
    "clinic.measure.{case.measure}": [f"clinic.measure.{case.measure}" for case in CASES.values()],
    **{
        f"clinic.case.{{{case}}}.{part}": [f"clinic.case.{key}.{part}" for key in CASES]
        for case, part in (
            ("key", "title"),
            *(("case.key", part) for part in ("wrong", "question", "cure", "not_cured")),
        )
    },
    "doctor.name_{symptom}": [f"doctor.name_{key}" for key in SYMPTOMS],
    "option.{name}": [f"option.{key}" for key in SETS],
    "published.{key}": [f"published.{key}" for key in ROWS],
    "published.{column}": [f"published.{column}" for column in published._COLUMNS],
    "published.{'same' if holds else 'other'}_{measure}": [
        f"published.{kind}_{measure}"
        for kind in ("same", "other")
        for measure in ("modes", "reverse_kl", "losses")
    ],
    "augmentation.arm_{arm}": [f"augmentation.arm_{arm}" for arm in ARMS],
    "augmentation.says_{verdict}": [f"augmentation.says_{verdict}" for verdict in VERDICTS],
    "augmentation.{name}": [f"augmentation.{name}" for name in augmentation._WHOLE],
    "augmentation.{name}_help": [f"augmentation.{name}_help" for name in augmentation._WHOLE],
    "augmentation.stage_{gan}": [f"augmentation.stage_{gan}" for gan in GANS],
    "augmentation.gan_{gan}": [f"augmentation.gan_{gan}" for gan in GANS],
    **{
        f"augmentation.{key}": [f"augmentation.{key.format(name=name)}" for name in ("real", *GANS)]
        for key in ("picture_{name}", "picture_{name}_alt", "row_{name}")
    },
    "augmentation.fallback_{result.fallback}": [
        f"augmentation.fallback_{reason}" for reason in codes("DataUnavailable", 1)
    ],
    **{
        f"anomaly.{part}_{{{hole}}}": [f"anomaly.{part}_{key}" for key in keys]
        for part, hole, keys in (
            ("scorer", "scorer", SCORERS),
            ("scorer", "key", SCORERS),
            ("scorer", "name", SCORERS),
            ("about", "scorer", SCORERS),
            ("case", "kind", KINDS),
            ("area", "area", ("auroc", "auprc")),
            ("digits", "area", ("auroc", "auprc")),
            ("stage", "stage", anomaly.STAGES),
            ("picture", "name", ("samples", "rebuilt", "searched")),
            ("chart", "key", ("gan", "encoder", "search")),
            ("code", "key", anomaly._CODE),
            ("shown", "key", (anomaly.OWN, anomaly.RECORDED)),
            ("fallback", "outcome.fallback", codes("DataUnavailable", 1)),
        )
    },
    "anomaly.chart_{key}_alt": [f"anomaly.chart_{key}_alt" for key in ("gan", "encoder", "search")],
    "anomaly.chart_{key}_y": [f"anomaly.chart_{key}_y" for key in ("gan", "encoder", "search")],
    "anomaly.line_{name}": [
        f"anomaly.line_{name}"
        for name in ("d_loss", "g_loss", "residual", "matching", "found_normal", "found_odd")
    ],
    "anomaly.field.{name}": [f"anomaly.field.{key}" for key in (*anomaly.OPEN, *anomaly.MORE)],
    "anomaly.help.{name}": [f"anomaly.help.{key}" for key in (*anomaly.OPEN, *anomaly.MORE)],
    **OF_VERSUS,
    "compare.keep_{name}": ["compare.keep_a", "compare.keep_b"],
    "problem.point_{error.code}": [f"problem.point_{code}" for code in codes("PointError", 0)],
    "problem.checkpoint_{error.code}": [
        f"problem.checkpoint_{code}" for code in codes("CheckpointError", 0)
    ],
}


def filled(key: str) -> Iterable[str]:
    return HOLES.get(key, []) if "{" in key else [key]


def test_the_scan_finds_what_it_should():
    found = {one.key for one in asked()}
    assert {"run.gone", "lesson.predicted_right", "lesson.not_quite", "nav.{lesson.path}"} <= found
    assert "train.try.judge_alone" in experiments()
    assert "latent.quiz.midpoint" in quizzes()
    assert {"pickle", "too_large", "shape"} <= codes("CheckpointError", 0)


def test_every_hole_in_a_key_is_accounted_for():
    assert {one.key for one in asked() if "{" in one.key} == HOLES.keys()


def test_every_word_asked_for_exists():
    missing = [
        f"{one.where} {key}" for one in asked() for key in filled(one.key) if key not in ENGLISH
    ]
    assert missing == []


def test_every_word_gets_the_values_it_needs():
    """Without values a sentence is not even formatted: its {holes} would be seen."""
    bare = [
        f"{one.where} {key} needs {names(ENGLISH[key]) - one.values}"
        for one in asked()
        if one.values is not None
        for key in filled(one.key)
        if not names(ENGLISH[key]) <= one.values
    ]
    assert bare == []


def test_no_word_is_left_over():
    used = {key for one in asked() for key in filled(one.key)}
    used |= {f"{section}.{key}" for section in SECTIONS for key in browser_words(section)}
    assert sorted(ENGLISH.keys() - used) == []


@pytest.mark.parametrize("key", QUESTIONS)
def test_the_right_answer_is_one_of_the_choices(key):
    choices, right = QUESTIONS[key]
    assert right in choices
    assert len(set(choices)) == len(choices) > 1


# What the browser asks for --------------------------------------------------------------


def scripts(section: str) -> str:
    """The text of a component's script and of all that it imports."""
    seen: dict[Path, str] = {}
    waiting = [SCRIPTS / SECTIONS[section]]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen[path] = path.read_text("utf-8")
            waiting += [
                (path.parent / name).resolve()
                for name in re.findall(r'from "(\.[\w./]+\.js)"', seen[path])
            ]
    return "\n".join(seen.values())


def sentences(section: str) -> set[str]:
    """The whole keys that a script says: ``say("play")``, ``say(x ? "a" : "b")``."""
    said = re.findall(r"\bsay\(([^`()]*?)(?:\)|, \{)", scripts(section))
    return {key for part in said for key in re.findall(r'"(\w+)"', part)}


COMPARED = ("both", "neither", "equal", "student", "d")
CHOICES = (*(f"level_{key}" for key in LEVELS), "loss_non_saturating", "loss_minimax")
FAMILIES = ("sefa", "ganspace", "raw")
FIND_VERBS = ("own", "real", "unseen", "draw", "upload", "search", "cancel", "go")
KINDS = ("own", "real", "unseen", "drawn", "uploaded")
KEPT = ("png", "strip", "gif", "json", "link")
LAYERS = re.findall(r'"(\w+)"', re.findall(r"LAYERS = (\[.*\])", scripts("plane"))[0])
OF_QUALITY = re.findall(r'\{ key: "(\w+)"', scripts("live"))
MEASURES = [
    key for key in re.findall(r'\{ key: "(\w+)"', scripts("plane")) if key not in OF_QUALITY
]
SPEEDS = ("slowest", "slow", "full")
OF_LIVE: dict[str, Iterable[str]] = {
    "quality_${side}": ["quality_generated", "quality_real"],
    "quality_${side}_help": ["quality_generated_help", "quality_real_help"],
    "quality_${key}": [f"quality_{key}" for key in OF_QUALITY],
    "quality_${key}_about": [f"quality_{key}_about" for key in OF_QUALITY],
    "state_${state}": [f"state_{state}" for state in (*RunState, "lost", "gone")],
    "${word}_help": [
        f"{word}_help"
        for word in ("play", "pause", *re.findall(r'\bword: "(\w+)"', scripts("live")))
    ],
    "curve_${curve.name}": [f"curve_{name}" for name in SHOWN],
    "${kind}_title": ["losses_title", "verdict_title", "score_title"],
    "fallback_${answer.fallback}": [f"fallback_{reason}" for reason in codes("DataUnavailable", 1)],
}
# Of the parts of the playground that the twins have as well.
OF_PLANE: dict[str, Iterable[str]] = {
    "${key}_help": [f"{key}_help" for key in MEASURES],
    "${key}_short": [f"{key}_short" for key in MEASURES],
    "${key}_title": [f"{key}_title" for key in MEASURES],
    "${this.chosen}_title": [f"{key}_title" for key in MEASURES],
    "layer_${layer}": [f"layer_{layer}" for layer in LAYERS],
    "layer_${layer}_help": [f"layer_{layer}_help" for layer in LAYERS],
    "word_${layer}": [f"word_{layer}" for layer in LAYERS],
}

BROWSER_HOLES: dict[str, dict[str, Iterable[str]]] = {
    "pipeline": {},
    "guess": {
        "stage_${key}": [f"stage_{key}" for key in STAGE_KEYS],
        "stage_${key}_help": [f"stage_{key}_help" for key in STAGE_KEYS],
        "compare_${found}": [f"compare_{found}" for found in COMPARED],
    },
    "forge": {
        "${stem}_${key}": CHOICES,
        "${stem}_${key}_help": [f"{choice}_help" for choice in CHOICES],
    },
    "reply": {},
    "turn": {},
    "sums": {},
    "loss_lab": {},
    "doctor": {
        "name_${key}": [f"name_{key}" for key in SYMPTOMS],
        "says_${says}": [*(f"says_{key}" for key in SYMPTOMS), "says_collapsed_classes"],
    },
    "odd": {
        "find_error_${code}": [
            f"find_error_{code}" for code in (*codes("PictureError", 0), "offline")
        ]
    },
    "job": {"state_${state}": [f"state_{state}" for state in (*JobState, "lost", "gone")]},
    "live": OF_LIVE,
    "twins": OF_LIVE | OF_PLANE | {"chart_${name}": [f"chart_{name}" for name in SHOWN]},
    "plane": OF_LIVE
    | OF_PLANE
    | {
        "moment_${kind}": [f"moment_{kind}" for kind in MOMENT_KINDS],
        "moment_${player}_${kind}": [
            f"moment_{player}_{kind}" for player in "dg" for kind in MOMENT_KINDS
        ],
        "noise_${noise.kind}": [f"noise_{kind}" for kind in NOISE_KEYS],
        "own_${answer.code}": [f"own_{code}" for code in (*codes("PointsError", 0), "offline")],
        "rate_${player}": ["rate_d", "rate_g"],
        "rate_${player}_help": ["rate_d_help", "rate_g_help"],
        "speed_${key}": [f"speed_{key}" for key in SPEEDS],
        "speed_${key}_help": [f"speed_{key}_help" for key in SPEEDS],
    },
    "studio": {
        "${word}_help": ["arithmetic_fill_help", "arithmetic_other_help"],
        "${word}_label": ["between_new_label", "between_take_label"],
        "between_${way}": ["between_slerp", "between_lerp"],
        "explain_${this.family}": [f"explain_{family}" for family in FAMILIES],
        "told_${this.family}": [f"told_{family}" for family in FAMILIES],
        "family_${family}": [f"family_{family}" for family in FAMILIES],
        "find_${name}": ["find_target", "find_best", "find_difference"],
        "find_${word}": [f"find_{verb}" for verb in FIND_VERBS],
        "find_${word}_help": [f"find_{verb}_help" for verb in FIND_VERBS],
        "find_error_${code}": [
            f"find_error_{code}" for code in (*codes("PictureError", 0), "offline", "search")
        ],
        "find_generator_${generator}": [f"find_generator_{key}" for key in (*SHIPPED_KEYS, "run")],
        "find_kind_${kind}": [f"find_kind_{kind}" for kind in KINDS],
        "find_kind_${target.kind}": [f"find_kind_{kind}" for kind in KINDS],
        "find_log_${name}": [
            f"find_log_{name}" for name in ("target", "found", "kind", "generator", "error")
        ],
        "keep_${name}": [f"keep_{name}" for name in KEPT],
        "keep_${name}_help": [f"keep_{name}_help" for name in KEPT],
        "nearest_${kindOf(distance / usual)}": ["nearest_copy", "nearest_closer", "nearest_new"],
        "pad_${kind}": ["pad_corners", "pad_directions"],
        "pad_${name}": [f"pad_{v}_{u}" for v in ("upper", "lower") for u in ("left", "right")],
        "pad_axis_${axis}": ["pad_axis_x", "pad_axis_y"],
        "pad_explain_${this.kind}": ["pad_explain_corners", "pad_explain_directions"],
        "verdict_${card.verdict}": ["verdict_probability", "verdict_score"],
        'take_${error.status === 404 ? "gone" : "wait"}': ["take_gone", "take_wait"],
    },
}


def browser_holes(section: str) -> set[str]:
    return set(re.findall(r"\bsay\((?:[^`()]*? [?:] )?`([^`]+)`", scripts(section)))


def browser_words(section: str) -> set[str]:
    quoted = set(re.findall(r'"(\w+)"', scripts(section)))
    return quoted.union(*(BROWSER_HOLES[section][hole] for hole in browser_holes(section)))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_hole_in_a_browser_key_is_accounted_for(section):
    assert browser_holes(section) == BROWSER_HOLES[section].keys()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_word_the_browser_says_exists(section):
    known = words.section("en", section)
    for other in BORROWED.get(section, ()):
        known = words.section("en", other) | known
    wanted = sentences(section)
    wanted |= set(re.findall(r'\b(?:word: |link\()"(\w+)"', scripts(section)))
    wanted = wanted.union(*(BROWSER_HOLES[section][hole] for hole in browser_holes(section)))
    assert wanted
    assert sorted(wanted - known.keys()) == []


def test_the_sections_are_those_that_components_get():
    given = {
        ast.literal_eval(node.args[1])
        for path in CODE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "words.section"
    }
    assert given == SECTIONS.keys()


@pytest.mark.parametrize("section", SECTIONS)
def test_browser_words_have_plain_placeholders(section):
    """The browser fills {name} and knows no formats."""
    for text in words.section("en", section).values():
        assert all(re.fullmatch(r"\w+!:", field) for field in placeholders(text))


# Nothing is written into the code -------------------------------------------------------

# fmt: off
DRAWING = {
    "badge", "button", "caption", "checkbox", "divider", "download_button", "error",
    "expander", "file_uploader", "header", "help", "info", "latex", "link_button", "markdown",
    "metric", "multiselect", "number_input", "page_link", "pills", "popover", "progress",
    "radio", "segmented_control", "select_slider", "selectbox", "slider", "spinner", "status",
    "subheader", "success", "tabs", "text", "text_area", "text_input", "title", "toast",
    "toggle", "warning", "write",
}
# fmt: on
SPOKEN = {"label", "help", "caption", "placeholder", "body", "text", "title", "page_title"}


def literal_texts(module: ast.Module) -> list[str]:
    """The words in the arguments of Streamlit's drawing calls that came from no catalogue."""
    return [
        word
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if ast.unparse(node.func.value) != "_log"
        for argument in _spoken(node, node.func.attr)
        for text in _literals(argument)
        for word in re.findall(r"[^\W\d_]{2,}", re.sub(r":\w+(/\w+)?:|:\w+\[|&\w+;", " ", text))
    ]


def _spoken(call: ast.Call, name: str) -> Iterator[ast.expr]:
    if name in DRAWING:
        yield from call.args
    if name in DRAWING or name in ("image", "set_page_config", "Page"):
        yield from (keyword.value for keyword in call.keywords if keyword.arg in SPOKEN)


def _literals(node: ast.AST) -> Iterator[str]:
    """Yield the strings below a node, but not those that name a word in the catalogue."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("t", "prose"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for inner in ast.iter_child_nodes(node):
        yield from _literals(inner)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('st.markdown("Hello **world**")', ["Hello", "world"]),
        ('column.title(f"Run {n}")', ["Run"]),
        ('st.image(path, caption="A digit")', ["digit"]),
        ('st.warning(t("a.b") + " 请等待")', ["请等待"]),
        ('st.button(t("a.b"), key="go", icon=":material/home:")', []),
        ('st.markdown(f"##### {t(key)} → :material/home: &nbsp;")', []),
    ],
)
def test_the_scan_sees_words(line, found):
    assert literal_texts(ast.parse(line)) == found


@pytest.mark.parametrize("path", CODE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_words_are_written_into_the_code(path):
    assert [word for word in literal_texts(tree(path)) if word != "GAN"] == []
