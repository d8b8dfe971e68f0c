"""What Prometheus reads: this process, its event loop, its people, and the relay's counters by name."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from room_server.quality import Quality

# A stall is seen only by a timer that falls into it: this misses none of 20 ms, for a tenth of a percent of a core.
_LAG_PERIOD = 0.02
# 150 ms is the worst a join storm may do; the buckets resolve around it.
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
# Repair hides 2 percent, people complain from 5 on.
_LOSS_BUCKETS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
# These of the relay's counters go up and down.
_RELAY_GAUGES = frozenset({"peers", "halls"})
_DROP = "drop_"

Distributions = Mapping[str, tuple[list[float], list[int], float]]
"""Name -> (upper bounds, values in each bucket and above the last bound, sum)."""


class Metrics:
    """One registry; parts add what they know."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._lag = Histogram(
            "room_loop_lag_seconds", "How late the event loop ran a timer", buckets=_LAG_BUCKETS, registry=self.registry
        )
        self._pages = _Pages(self.registry)

    def gauge(self, name: str, help: str, value: Callable[[], float]) -> None:
        """A value asked for at every scrape."""
        Gauge(name, help, registry=self.registry).set_function(value)

    def relay(self, counters: Callable[[], Mapping[str, int]], distributions: Callable[[], Distributions]) -> None:
        """The relay's counters and distributions, as `_relay.pyi` names them."""
        self.registry.register(_RelayCollector(counters, distributions))

    def page_quality(self, quality: Quality) -> None:
        """What one page said of its last minute."""
        self._pages.observe(quality)

    def counted(self, name: str, help: str, label: str, counts: Callable[[], Mapping[str, int]]) -> None:
        """Counters of one name, told apart by a label; the label's values come from the code, never from clients."""
        self.registry.register(_Counted(name, help, label, counts))

    def render(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        return generate_latest(self.registry)

    @contextlib.asynccontextmanager
    async def watch_loop(self) -> AsyncIterator[None]:
        """Measures the loop's lag while the context is open."""
        task = asyncio.create_task(self._measure(), name="loop lag")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_PERIOD
            await asyncio.sleep(_LAG_PERIOD)
            self._lag.observe(max(0.0, loop.time() - due))


class _Pages:
    """What pages say, as distributions over page-minutes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, what: str, *buckets: float) -> Histogram:
            return Histogram(f"room_page_{name}", f"{what}, per page and minute", buckets=buckets, registry=registry)

        self._loss = histogram("loss_ratio", "Lost on the way to the page", *_LOSS_BUCKETS)
        self._concealed = histogram("concealed_ratio", "Sound made up by the page", *_LOSS_BUCKETS)
        self._buffer = histogram("buffer_seconds", "Wait in the jitter buffer", 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
        self._rtt = histogram("rtt_seconds", "Round trip of the page", 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
        self._freezes = histogram("freezes", "Freezes of its pictures", 0, 1, 2, 5, 10, 30)
        self._height = histogram("picture_height", "Pixels of its largest picture", 0, 90, 180, 360, 720)
        self._minutes = Counter(
            "room_page_minutes", "Page-minutes by codec and way", ["codec", "protocol", "relayed"], registry=registry
        )

    def observe(self, said: Quality) -> None:
        self._loss.observe(said.loss)
        self._concealed.observe(said.concealed)
        self._buffer.observe(said.buffer_ms / 1000)
        self._rtt.observe(said.rtt_ms / 1000)
        self._freezes.observe(said.freezes * 60 / said.seconds)
        self._height.observe(said.height)
        relayed = "yes" if said.relayed else "no"
        self._minutes.labels(said.codec or "none", said.protocol or "unknown", relayed).inc(said.seconds / 60)


class _Counted(Collector):
    def __init__(self, name: str, help: str, label: str, counts: Callable[[], Mapping[str, int]]) -> None:
        self._name, self._help, self._label = name, help, label
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self._name, self._help, labels=[self._label])
        for value, count in sorted(self._counts().items()):
            family.add_metric([value], count)
        yield family


class _RelayCollector(Collector):
    def __init__(self, counters: Callable[[], Mapping[str, int]], distributions: Callable[[], Distributions]) -> None:
        self._counters = counters
        self._distributions = distributions

    def collect(self) -> Iterator[Metric]:
        drops = CounterMetricFamily("room_relay_drops", "Packets the relay dropped, by reason", labels=["reason"])
        for name, value in sorted(self._counters().items()):
            if name.startswith(_DROP):
                drops.add_metric([name.removeprefix(_DROP)], value)
            elif name in _RELAY_GAUGES:
                yield GaugeMetricFamily(f"room_relay_{name}", f"The relay's {name} now", value)
            else:
                yield CounterMetricFamily(f"room_relay_{name}", f"The relay's {name} since start", value)
        yield drops
        for name, (bounds, counts, total) in self._distributions().items():
            upto = itertools.accumulate(counts)
            buckets = list(zip([*map(str, bounds), "+Inf"], upto, strict=True))
            help = f"{name.replace('_', ' ')}, by the reports of all links"
            yield HistogramMetricFamily(f"room_relay_{name}", help, buckets=buckets, sum_value=total)
