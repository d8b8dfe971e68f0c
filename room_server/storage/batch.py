"""Questions that come at the same time, answered in one go: a crowd shares the price of a transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# A database takes some hundred parameters in one statement; more only makes the first of them wait for the last.
_MOST = 64


class Batch(Generic[Q, A]):
    """`answer` gets up to 64 questions and gives as many answers in their order; an exception among them is that
    question's own. One call runs at a time; whoever asks meanwhile is in the next. An exception that `answer` itself
    raises goes to everybody in that call.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._answer = answer
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to this question, or its exception."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="batch")
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                turn = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
                _settle([future for _, future in turn], await self._answers([question for question, _ in turn]))
        finally:
            self._running = None

    async def _answers(self, questions: Sequence[Q]) -> Sequence[A | Exception]:
        try:
            return await self._answer(questions)
        except Exception as error:  # whoever asked must not wait for ever, whatever went wrong
            return [error] * len(questions)


def _settle(futures: Sequence[asyncio.Future[A]], answers: Sequence[A | Exception]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():
            continue  # whoever asked has gone
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
