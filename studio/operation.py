"""What whoever runs the studio needs of it: its health, its figures, its log, and an end at which nothing is lost.

    GET healthz     200 and "ok" while work can be taken, 503 and why not otherwise
    GET metrics     jobs, seconds, processes and memory as Prometheus text; nothing of visitors or music

The server of the studio carries ROUTES and ``lifespan``, as ``streamlit_app.py`` says.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipelines.worker.memory import own_bytes
from studio import jobs, limits, measures, visitors
from studio.widgets import job_progress

_LINE = "time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
_ROOMS = ("studio", "pipelines", "checkpoints")


class _Now:
    """The figures of this moment, for Prometheus."""

    def __init__(self, registry: jobs.Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yields what waits, what runs, the processes and their memory."""
        lanes = self._registry.now()
        for state in ("waiting", "running"):
            family = GaugeMetricFamily(f"deepmusic_jobs_{state}", f"Jobs {state} now.", labels=["lane"])
            for lane, counts in lanes.items():
                family.add_metric([lane], counts[state])
            yield family
        alive = GaugeMetricFamily("deepmusic_workers_alive", "Processes of the worker that run.", labels=["lane"])
        for lane, count in self._registry.worker.alive().items():
            alive.add_metric([lane], count)
        yield alive
        memory = GaugeMetricFamily(
            "deepmusic_memory_bytes", "Memory that each process holds for itself.", labels=["process"]
        )
        memory.add_metric(["pages"], own_bytes(os.getpid()))
        for lane, sizes in self._registry.worker.memory_bytes().items():
            for place, size in enumerate(sizes, 1):
                memory.add_metric([f"{lane} {place}"], size)
        yield memory


def routes(registry: Callable[[], jobs.Registry]) -> list[Route]:
    """Returns the addresses of health and figures for this registry of jobs."""

    async def health(request: Request) -> Response:
        problem = registry().problem
        return PlainTextResponse(problem or "ok", 503 if problem else 200, {"Cache-Control": "no-store"})

    async def metrics(request: Request) -> Response:
        moment = CollectorRegistry()
        moment.register(_Now(registry()))
        text = await run_in_threadpool(generate_latest, moment)
        return Response(text + generate_latest(measures.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", health), Route("/metrics", metrics)]


ROUTES = routes(jobs.registry)
"""For the studio's server."""


def with_base(plain: list[Route]) -> list[Route]:
    """Returns routes as they are and below ``server.baseUrlPath``, where the pages lie that ask for them."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return plain + [Route(f"/{base}{route.path}", route.endpoint) for route in plain if base]


def close() -> None:
    """Ends the studio's work: what runs may go on for a moment, its music is kept, and all songs are written."""
    if jobs.registry.cache_info().currsize:
        jobs.registry().close(limits.stop_seconds())
    for song in visitors.in_memory():
        if song.writing is not None:
            job_progress.finish(song)
    visitors.autosave().flush()


def _prepare() -> None:
    """Imports what the first visitor would wait for, and has Python never look through it for garbage."""
    for module in pkgutil.walk_packages([str(Path(__file__).parent / "widgets")], "studio.widgets."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Lets log lines out while the server runs, and ends the work when it ends."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_LINE))
    for room in _ROOMS:
        logger = logging.getLogger(room)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False
    await run_in_threadpool(_prepare)
    yield
    await run_in_threadpool(close)
