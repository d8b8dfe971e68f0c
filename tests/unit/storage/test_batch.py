"""Questions asked together are answered together, each with its own outcome."""

import asyncio
from collections.abc import Sequence

import pytest

from room_server.storage.batch import Batch


class Answers:
    """Doubles numbers; holds the first call until released, so that a test decides who comes meanwhile."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.called = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, questions: Sequence[int]) -> Sequence[int | Exception]:
        self.calls.append(list(questions))
        self.called.set()
        await self.release.wait()
        return [ValueError(str(number)) if number < 0 else 2 * number for number in questions]


async def test_whoever_asks_meanwhile_is_in_the_next_call() -> None:
    answers = Answers()
    batch = Batch(answers)
    asked = [asyncio.ensure_future(batch.ask(number)) for number in (1, 2)]
    await answers.called.wait()
    asked += [asyncio.ensure_future(batch.ask(number)) for number in (3, 4)]
    answers.release.set()
    assert await asyncio.gather(*asked) == [2, 4, 6, 8]
    assert answers.calls == [[1, 2], [3, 4]]


async def test_an_exception_is_the_questions_own() -> None:
    answers = Answers()
    answers.release.set()
    batch = Batch(answers)
    good, bad = await asyncio.gather(batch.ask(5), batch.ask(-5), return_exceptions=True)
    assert good == 10
    assert isinstance(bad, ValueError)


async def test_a_broken_call_is_told_to_everybody_in_it_and_the_next_works() -> None:
    broken = True

    async def answer(questions: Sequence[int]) -> Sequence[int | Exception]:
        if broken:
            raise ConnectionError("gone")
        return list(questions)

    batch: Batch[int, int] = Batch(answer)
    outcomes = await asyncio.gather(batch.ask(1), batch.ask(2), return_exceptions=True)
    assert all(isinstance(outcome, ConnectionError) for outcome in outcomes)
    broken = False
    assert await batch.ask(3) == 3


async def test_who_gave_up_holds_nobody_up() -> None:
    answers = Answers()
    batch = Batch(answers)
    impatient = asyncio.ensure_future(batch.ask(1))
    patient = asyncio.ensure_future(batch.ask(2))
    await answers.called.wait()
    impatient.cancel()
    answers.release.set()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await impatient
