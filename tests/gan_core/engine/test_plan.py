"""A plan is worked off in its order, and no click is lost."""

from __future__ import annotations

from gan_core.engine.plan import FOR_EVER, Plan


def all_of(plan: Plan) -> list[tuple[str, bool]]:
    moves = []
    while plan:
        moves.append(plan.next())
    return moves


def test_moves_come_in_their_order_and_say_which_is_the_last_of_its_kind():
    plan = Plan()
    plan.add("d", 2)
    plan.add("g", 1)
    assert all_of(plan) == [("d", False), ("d", True), ("g", True)]


def test_what_goes_on_for_ever_never_ends():
    plan = Plan()
    plan.add("both", FOR_EVER)
    assert [plan.next() for _ in range(100)] == [("both", False)] * 100
    assert plan


def test_playing_replaces_what_waits_and_is_replaced_by_a_step():
    plan = Plan()
    plan.add("d", 5)
    plan.add("both", FOR_EVER)
    plan.add("g", 1)
    assert all_of(plan) == [("g", True)]


def test_a_cleared_plan_is_empty():
    plan = Plan()
    plan.add("both", 3)
    plan.clear()
    assert not plan
